"""Which deliveries an alert event means: to whom, and when each is due.

An event that is no newer than what a route knows of the alert already means nothing: so whoever
reads the topic once more, from wherever, sends nothing once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

import msgspec

from energyguard.alerts.incidents import is_silence
from energyguard.alerts.silences import SilenceBook
from energyguard.model.alerts import Severity, State
from energyguard.model.notify import GONE, SILENCED, News, Standing
from energyguard.model.selector import DeviceFacts, Selector
from energyguard.model.topics import EDGE_READINGS, REPLAY_READINGS, TopicClock, source_of
from energyguard.notify.deliveries import DeliveryBook
from energyguard.notify.hours import end_of, holds
from energyguard.records.alerts import AlertEvent
from energyguard.records.notify import AlertDelivery, Route
from energyguard.rules.windowed import RESTATED
from energyguard.topics import topic_named

_RANK: Final = {severity: rank for rank, severity in enumerate(Severity)}
MINUTE_MS: Final = 60_000
_PAST: Final = REPLAY_READINGS.name.removesuffix("*")
SETTLE_MS: Final = MINUTE_MS
"""So long a silence waits for others at least: devices of one place are missed one by one."""


class ComingEvent(NamedTuple):
    """An alert event as it came.

    Attributes:
        event: what happened.
        at_ms: when the log took it, wall time.
        partition: of the topic of alerts: its owner sends what this means.
        facts: what its device is, and where it stands.
        zone: of its site.
    """

    event: AlertEvent
    at_ms: int
    partition: int
    facts: DeviceFacts
    zone: str


class DeliveryPlan:
    """Plans deliveries; asks nobody and waits for nothing.

    Args:
        routes: who is told; read anew each time.
        book: what was planned and sent before.
        silences: nobody hears of what one of them stands over.
        gather_ms: so long a message waits for other alerts.
        oldest_ms: what is older is of the past.
    """

    def __init__(
        self,
        routes: Callable[[], Mapping[str, Route]],
        book: DeliveryBook,
        silences: SilenceBook,
        gather_ms: int,
        oldest_ms: int,
    ) -> None:
        self._routes, self._book, self._silences = routes, book, silences
        self._gather_ms, self._oldest_ms = gather_ms, oldest_ms

    def of(self, came: ComingEvent, now_ms: int) -> Iterator[AlertDelivery]:
        """The deliveries that an event means, as they stand at first.

        Args:
            came: the event.
            now_ms: the wall time.
        """
        if came.event.state not in (State.FIRING, State.RESOLVED) or self._is_past(came, now_ms):
            return
        for name, route in self._routes().items():
            if route.report:
                continue  # it has its alerts in the report
            if (delivery := self._for(name, route, came, now_ms)) is not None:
                yield delivery

    def _is_past(self, came: ComingEvent, now_ms: int) -> bool:
        """Whether it is of the past: replayed, or older than anybody wants to be told of."""
        event, topic = came.event, topic_named(came.event.topic)
        if source_of(event.topic).startswith(_PAST) or came.at_ms < now_ms - self._oldest_ms:
            return True
        clock = topic.clock if topic else TopicClock.NONE
        if clock is TopicClock.WALL or event.topic == EDGE_READINGS.name:
            return event.time_ms < came.at_ms - self._oldest_ms
        return False

    def _for(self, name: str, route: Route, came: ComingEvent, now_ms: int) -> AlertDelivery | None:
        event, known = came.event, self._book.of(name, came.event.id)
        last = known[-1] if known else None
        if last and last.event and _order(event) <= _order(last.event):
            return None  # it was read before
        if event.state is State.RESOLVED:
            if last is None or last.news is not News.FIRING or last.standing in GONE:
                return None  # who was not told that it began is not told that it is over
            news = News.WITHDRAWN if event.reason == RESTATED else News.RESOLVED
            planned = msgspec.structs.replace(
                self._planned(name, route, came, news, last.revision, now_ms),
                partition=last.partition,  # who told that it began tells that it is over
            )
            if last.standing is not Standing.WAITING:
                return planned
            return msgspec.structs.replace(planned, due_ms=max(planned.due_ms, last.due_ms))
        if last and last.news is News.FIRING:
            return None  # it goes on
        if not self._wants(route, came):
            return None
        revision = last.revision + 1 if last else 0
        planned = self._planned(name, route, came, News.FIRING, revision, now_ms)
        silence = self._silences.over(event.rule, event.device, came.at_ms)
        if silence is None:
            return planned
        if silence.is_planned:  # a maintenance window: what is not over by then is told
            return msgspec.structs.replace(planned, reason=SILENCED)
        return msgspec.structs.replace(
            planned, standing=Standing.DROPPED, at_ms=now_ms, reason=SILENCED
        )

    def _wants(self, route: Route, came: ComingEvent) -> bool:
        event = came.event
        return (
            came.at_ms >= route.at_ms
            and _RANK[event.severity] >= _RANK[route.severity]
            and route.rule in ("", event.rule)
            and (not route.hours or holds(route.hours, came.at_ms, came.zone))
            and Selector.parse(route.selector).matches(came.facts)
        )

    def _planned(
        self, name: str, route: Route, came: ComingEvent, news: News, revision: int, now_ms: int
    ) -> AlertDelivery:
        """A delivery that waits: for others, for an answer, for the end of quiet hours."""
        wait_ms = self._gather_ms
        if news is News.FIRING:
            if is_silence(came.event) and came.event.severity is not Severity.CRITICAL:
                wait_ms = max(wait_ms, SETTLE_MS)
            wait_ms = max(wait_ms, route.unanswered_min * MINUTE_MS)
        due_ms = now_ms + wait_ms
        if came.event.severity is not Severity.CRITICAL:
            due_ms = end_of(route.quiet, due_ms, came.zone)
        return AlertDelivery(
            route=name,
            alert=came.event.id,
            news=news,
            revision=revision,
            standing=Standing.WAITING,
            at_ms=now_ms,
            due_ms=due_ms,
            partition=came.partition,
            event=came.event,
        )


def _order(event: AlertEvent) -> tuple[int, int, bool]:
    """What is later in an alert's life: what was restated, by its time, its end."""
    return event.restated, event.time_ms, event.state is State.RESOLVED
