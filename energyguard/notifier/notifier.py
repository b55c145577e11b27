"""The loop: what alerts mean is planned and committed with their positions, then sent.

    plan       deliveries that wait, and the group's positions: delivery commit
    intend     before the other side hears a word the log has that this message is being sent
    say        afterwards it has how that went

Who ends after the second leaves a message in doubt: it is sent once more, with the same id, a
minute later. What the other side took without saying so in time is tried again, too. Nothing else,
a restart, another owner, a replay, sends anything twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial
from typing import Final

import msgspec

from energyguard.clock import SYSTEM, Clock
from energyguard.errors import Corrupt, EnergyGuardError, Faulty, Fenced, Unavailable
from energyguard.log import Log, Positions, TopicPartition
from energyguard.log.records import decoded
from energyguard.model.notify import News, Standing
from energyguard.model.quantities import parse_duration
from energyguard.model.topics import ALERTS, DELIVERIES
from energyguard.notifier.flapping import steady
from energyguard.notifier.flights import MessageFlight, changed, in_doubt
from energyguard.notifier.house import FollowedHouse
from energyguard.notifier.message import MessageWords, message_id
from energyguard.notifier.planning import DeliveryPlan
from energyguard.notifier.report_words import ReportWords, Services
from energyguard.notifier.reports import ReportPlan
from energyguard.notifier.together import with_the_rest
from energyguard.notify.deliveries import Deliveries, delivery_records, key_of_delivery
from energyguard.notify.seal import NotifySeal
from energyguard.notify.senders import OutMessage, send
from energyguard.notify.targets import Target, target_of
from energyguard.pipeline import NOTIFY
from energyguard.records.alerts import ALERT_EVENT
from energyguard.records.notify import AlertDelivery, Route
from energyguard.rules.registry import RuleBook
from energyguard.settings.tree import Settings
from energyguard.stream.runtime.consumer import Consumer
from energyguard.telemetry import logger

Sending = Callable[[Target, OutMessage, int], None]
RETRY_MS: Final = 30_000
MAX_RETRY_MS: Final = 3_600_000
KEPT_MS: Final = 90 * 86_400_000
CLEANED_MS: Final = 3_600_000
AT_ONCE: Final = 8
NOWHERE: Final[Positions] = {}
_log = logger("notifier")


class Notifier:
    """A member of the group that tells people outside of the house of alerts.

    Args:
        log: alerts, routes and deliveries.
        settings: of ``notify``, the zone, the data folder.
        rules: what alerts are about.
        services: opens what knows what was used, for reports.
        clock: the wall clock.
        sending: sends a message; else the real ones.
    """

    def __init__(
        self,
        log: Log,
        settings: Settings,
        rules: RuleBook,
        services: Services,
        clock: Clock = SYSTEM,
        sending: Sending | None = None,
    ) -> None:
        notify = settings.notify
        self._log, self._clock, self._tries = log, clock, notify.tries
        self._send: Sending = sending or (
            lambda target, message, at_ms: send(target, message, at_ms, inside=notify.inside)
        )
        self._consumer = Consumer(log, NOTIFY.group, NOTIFY.topics, clock)
        self._house = FollowedHouse(log, rules, settings.serve.zone)
        self.book, self._seal = self._house.book, NotifySeal(settings.data_dir)
        self._plan = DeliveryPlan(
            lambda: self._house.routes,
            self.book,
            self._house.silences,
            parse_duration(notify.gather),
            parse_duration(notify.oldest),
        )
        self._words = MessageWords(self._house, rules, self._seal, notify.address)
        self._flights: dict[str, MessageFlight] = {}  # by route: one at a time
        self._held_ms: dict[str, int] = {}  # by route that failed: it is not tried before
        self._reports = ReportPlan(self.book, self._house.catalogue, notify)
        self._report_words = ReportWords(services, notify.address)
        self._cleaned_ms = 0
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="notifier")

    def step(self, wait_s: float) -> None:
        """Plan what came, waiting for it up to ``wait_s``; say what was sent; send what is due.

        Raises:
            Fenced: another member has a partition by now: what is left is planned again.
            Unavailable: the log is not there now; nothing is lost.
        """
        try:
            self._consumer.poll()
            self._take(wait_s)
            self._take_reports()
            self._say()
            self._begin()
            self._clean()
        except Fenced:
            self._consumer.reset()
            raise

    def _take(self, wait_s: float) -> None:
        """Plan what came: what an event means is committed with the position behind it."""
        came = self._consumer.read(wait_s)
        self._house.refresh()  # what was silenced while nothing came is silenced
        now_ms = self._clock.now_ms()
        for part in came:
            for place, event in decoded(ALERT_EVENT.decoder, part):
                coming = self._house.placed(part, place, event)
                planned = {key_of_delivery(of): of for of in self._plan.of(coming, now_ms)}
                if planned:
                    self._commit(planned, {part.at: place.offset + 1})
            self._consumer.take(part.at, part.next_offset)
            self._consumer.commit({part.at: part.next_offset})

    def _take_reports(self) -> None:
        """Plan the reports that are due; whoever has the first partition does."""
        if TopicPartition(ALERTS.name, 0) in self._consumer.committed:
            self._commit(self._reports.of(self._house.routes, self._clock.now_ms()))

    def _commit(self, deliveries: Deliveries, positions: Positions = NOWHERE) -> None:
        """Write deliveries as the owner of their partitions, and move behind what they mean."""
        if deliveries:
            self._consumer.commit(positions, [(DELIVERIES.name, delivery_records(deliveries))])
            self.book.refresh()

    # Sending

    def _begin(self) -> None:
        """Send what is due, one message of each route at a time."""
        by_route: dict[str, dict[str, AlertDelivery]] = {}
        for key, delivery in self.book.open.items():
            is_ours = TopicPartition(ALERTS.name, delivery.partition) in self._consumer.committed
            if is_ours and not self._house.is_held(delivery, self._clock.now_ms()):
                by_route.setdefault(delivery.route, {})[key] = delivery
        for name, waiting in by_route.items():
            if len(self._flights) == AT_ONCE:
                return  # who waited for a thread would seem to be sending, and soon in doubt
            if name not in self._flights:
                self._begin_route(name, waiting)

    def _begin_route(self, name: str, waiting: Mapping[str, AlertDelivery]) -> None:
        now_ms, route = self._clock.now_ms(), self._house.routes.get(name)
        if route is None:
            self._drop(waiting, "the route was removed")
            return
        chosen = in_doubt(waiting, now_ms)
        if not chosen:
            chosen = self._needed(route, self._due(name, route, waiting, now_ms), now_ms)
        if not chosen:
            return
        deliveries = list(chosen.values())
        sent_id = message_id(deliveries)
        made = self._made(name, route, deliveries, sent_id)
        intended = {
            key: msgspec.structs.replace(
                delivery, standing=Standing.SENDING, at_ms=now_ms, message=sent_id,
                tries=delivery.tries + 1, reason="",
            )
            for key, delivery in chosen.items()
        }  # fmt: skip
        self._commit(intended)
        outcome = self._pool.submit(self._send_to, route, made, now_ms)
        self._flights[name] = MessageFlight(intended, outcome)

    def _made(
        self, name: str, route: Route, deliveries: Sequence[AlertDelivery], sent_id: str
    ) -> Callable[[], OutMessage]:
        """What makes the message: a report asks the history, which holds up nobody there."""
        if deliveries[0].news is News.REPORT:
            return partial(self._report_words.of, name, route, deliveries, sent_id)
        message = self._words.of(route, deliveries)
        return lambda: message

    def _send_to(self, route: Route, made: Callable[[], OutMessage], at_ms: int) -> None:
        self._send(target_of(self._seal.open(route.sealed)), made(), at_ms)

    def _due(
        self, name: str, route: Route, waiting: Mapping[str, AlertDelivery], now_ms: int
    ) -> dict[str, AlertDelivery]:
        """What one message tells of now: all that is due, if it is the route's turn."""
        due = {
            key: delivery
            for key, delivery in waiting.items()
            if delivery.standing is Standing.WAITING and delivery.due_ms <= now_ms
        }
        reports = {key: of for key, of in due.items() if of.news is News.REPORT}
        is_paced = now_ms < self.book.paced_until_ms(name, route.per_hour, now_ms)
        if not due or is_paced or now_ms < self._held_ms.get(name, 0):
            return {}
        if reports:
            return reports
        firing = self.book.firing.get(name, {})
        ready = with_the_rest(route, due, waiting, firing, self._house.incidents, now_ms)
        return steady(ready, waiting, self.book, name, now_ms)

    def _needed(
        self, route: Route, due: Mapping[str, AlertDelivery], now_ms: int
    ) -> dict[str, AlertDelivery]:
        """Of what is due what somebody still needs to be told; the rest is dropped."""
        kept = dict(due)
        for delivery in due.values():
            if reason := self._house.why_unneeded(route, delivery, now_ms):
                life = {key_of_delivery(of): of for of in self._house.life_of(delivery)}
                self._drop(
                    {k: d for k, d in life.items() if d.standing is Standing.WAITING}, reason
                )
                kept = {key: of for key, of in kept.items() if key not in life}
        return kept

    def _drop(self, deliveries: Mapping[str, AlertDelivery], reason: str) -> None:
        now_ms = self._clock.now_ms()
        self._commit(
            {
                key: msgspec.structs.replace(
                    delivery, standing=Standing.DROPPED, at_ms=now_ms, reason=reason
                )
                for key, delivery in deliveries.items()
            }
        )

    # How it went

    def _say(self) -> None:
        """Let the log have how messages went.

        That one was sent is true, whoever owns the partition by now; that it was not counts only
        while nobody else has taken it on.
        """
        for name, flight in list(self._flights.items()):
            if not flight.outcome.done():
                continue
            self.book.refresh()
            written = {
                key: delivery
                for key, delivery in self._outcome(name, flight).items()
                if delivery.standing is Standing.SENT
                or self.book.get(key) == flight.deliveries[key]
            }
            self._log.append(DELIVERIES.name, delivery_records(written))
            del self._flights[name]
            self.book.refresh()

    def _outcome(self, name: str, flight: MessageFlight) -> Mapping[str, AlertDelivery]:
        now_ms, error = self._clock.now_ms(), flight.outcome.exception()
        if error is None:
            self._held_ms.pop(name, None)
            return changed(flight.deliveries, standing=Standing.SENT, at_ms=now_ms, reason="")
        if not isinstance(error, EnergyGuardError):
            error = Unavailable(f"{type(error).__name__}", 0.0)
        tries = max(delivery.tries for delivery in flight.deliveries.values())
        is_over = isinstance(error, Faulty | Corrupt) or tries >= self._tries
        _log.warning("not sent", route=name, tries=tries, failed=is_over, reason=str(error))
        if is_over:
            return changed(
                flight.deliveries, standing=Standing.FAILED, at_ms=now_ms, reason=str(error)
            )
        back_s = error.retry_after if isinstance(error, Unavailable) else 0.0
        wait_ms = max(min(RETRY_MS << (tries - 1), MAX_RETRY_MS), round(back_s * 1000))
        self._held_ms[name] = now_ms + wait_ms
        return changed(
            flight.deliveries, standing=Standing.WAITING, at_ms=now_ms, due_ms=now_ms + wait_ms,
            reason=str(error),
        )  # fmt: skip

    def _clean(self) -> None:
        """Forget what was over long ago."""
        now_ms = self._clock.now_ms()
        if now_ms >= self._cleaned_ms + CLEANED_MS:
            self._cleaned_ms = now_ms
            self._commit(dict.fromkeys(self.book.before(now_ms - KEPT_MS)))

    def close(self, wait_s: float = 5.0) -> None:
        """Wait for what is on its way, say how it went, and give the partitions up."""
        wait([flight.outcome for flight in self._flights.values()], wait_s)
        self._say()
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._consumer.leave()
