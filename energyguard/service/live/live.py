"""What is so now: a fold of the log's newest records, and those who want to hear of it.

Every process that serves follows the log by itself, without a consumer group: every open page
sees everything and none takes a reading from another. Alerts have a thread of their own, so that
no alert waits behind readings; readings may take a tenth of a core and are sampled above that.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from threading import Event
from typing import Any

from energyguard.alerts.book import AlertBook
from energyguard.clock import Clock
from energyguard.history.corrections.correction_book import CorrectionBook
from energyguard.log import Fetched, Log, TopicPartition
from energyguard.model import topics
from energyguard.model.quantities import parse_duration
from energyguard.pipeline import LIVE, READINGS
from energyguard.service.alerts.feed import TOPICS, AlertFeed
from energyguard.service.bills.prices import PriceBook
from energyguard.service.catalogue.catalogue import CatalogueVerbs
from energyguard.service.edges import EdgeProjection
from energyguard.service.live.follow import ALL, Follower
from energyguard.service.live.meant import MeantChannels
from energyguard.service.live.readings import LiveReadings
from energyguard.service.live.reports import Reports, dead_letters, windows
from energyguard.service.live.subscribers import Subscription
from energyguard.service.live.sums import LiveSums
from energyguard.service.live.updates import Updates, facts_of
from energyguard.service.preferences import PersonPreferences
from energyguard.service.views import (
    DeviceView,
    Drawn,
    Freshness,
    Kind,
    PartitionView,
    ReadingView,
    Update,
    WindowAlert,
)
from energyguard.settings.tree import Settings
from energyguard.stream.time.trusted import ClockLimits

ROWS_SENT = 100
READINGS_SHARE = 0.1
SUMS_KEPT_S = 2.0
_REPORTED = {
    topics.ENERGY_ALERTS.name: facts_of("window", windows),
    topics.DEAD_LETTERS.name: facts_of("dead-letter", dead_letters),
}
_ALERTS = {topic.name: ALL for topic in LIVE.reads if topic in TOPICS}
_READINGS = {topic.name: 250 for topic in READINGS}
_REPORTS = {
    topic.name: 250 if topic is topics.ENERGY_ALERTS else ALL
    for topic in LIVE.reads
    if topic not in (*TOPICS, *READINGS)
}


Takers = Mapping[str, Callable[[Fetched], object]]
"""By topic, who gets its records."""


class LiveProjection:
    """The newest of everything, in memory. All methods are quick and thread-safe.

    Args:
        log: what to follow.
        book: gets the alert events and actions.
        apply_rule: gets the records of ``energyguard.rules``.
        settings: what is silent (``stream.silent``), and what is plausible (``wire``).
        clock: the wall clock.
    """

    def __init__(
        self,
        log: Log,
        book: AlertBook,
        apply_rule: Callable[[str, bytes | None], object],
        settings: Settings,
        clock: Clock,
    ) -> None:
        self._clock = clock
        self._stop = Event()
        self._sums: tuple[float, LiveSums | None] = (0.0, None)  # until when, and what
        self.reports = Reports()
        self.edges = EdgeProjection(log, settings.cloud, clock)
        self.catalogue = CatalogueVerbs(log, settings.serve.zone, clock)
        self.preferences = PersonPreferences(log)
        self.prices = PriceBook(log)
        self.corrections = CorrectionBook()
        self.feed = AlertFeed(log, book, apply_rule, clock)
        self.updates = Updates(
            log,
            {**self.feed.sources, **_REPORTED},
            lambda: self._alerts.positions | self._reports.positions,
        )
        self._live_readings = LiveReadings(
            parse_duration(settings.stream.silent),
            settings.wire,
            ClockLimits.of(settings.stream),
            self.reports.judged_ms, MeantChannels(self.catalogue.entries),
        )  # fmt: skip
        self._takers: Takers = {
            **self.feed.takers,
            topics.PROGRESS.name: self._report,
            topics.DEAD_LETTERS.name: self.reports.take_dead_letters,
            topics.ENERGY_ALERTS.name: self.reports.take_windows,
            **_for_both(self.edges.takers, self.catalogue.takers),
            **self._by_people(),
        }
        common: Mapping[str, Any] = {"stop": self._stop, "clock": clock}
        self._alerts = Follower("alerts", log, _ALERTS, self._take, **common)
        self._reports = Follower("reports", log, _REPORTS, self._take, **common)
        self._readings = Follower(
            "readings",
            log,
            _READINGS,
            self._take_readings,
            share=READINGS_SHARE,
            skipped=lambda topic, n: self._live_readings.skipped(topic, n, clock.now_ms()),
            **common,
        )
        self._followers = (self._alerts, self._reports, self._readings)

    def _by_people(self) -> Takers:
        """Who gets what people write."""
        return {
            topics.PREFERENCES.name: self.preferences.take,
            topics.PRICES.name: self.prices.take,
            topics.CORRECTIONS.name: lambda part: self.corrections.take(part.values),
        }

    def start(self, wait: float = 30.0) -> None:
        """Begin to follow; returns when the alert book is up to date, or after ``wait`` s."""
        for follower in self._followers:
            follower.start()
        for follower in (self._alerts, self._reports):  # else health would not know the worker
            follower.caught_up.wait(wait)

    @property
    def past_changes(self) -> int:
        """How often readings of the past came, or corrections: it grows, and says that they did."""
        return self._live_readings.past_changes + len(self.corrections)

    def wait_for_readings(self, wait: float = 10.0) -> None:
        """Return when the newest readings of the log are known, or after so many seconds."""
        self._readings.caught_up.wait(wait)

    def close(self) -> None:
        """Stop following."""
        self._stop.set()
        for follower in self._followers:
            if follower.is_alive():
                follower.join(5.0)

    @property
    def fault(self) -> str:
        """What keeps a follower from following; empty: nothing."""
        late = "" if self._alerts.caught_up.is_set() else "the alert book is still being read"
        return next((f.fault for f in self._followers if f.fault), late)

    # What is so

    def readings(self, limit: int = 200, device: str = "") -> list[ReadingView]:
        """The newest readings in log order, newest first, at most 2,000.

        Args:
            limit: how many.
            device: only devices whose id contains this text.
        """
        return self._live_readings.rows(limit, device)

    def devices(self) -> list[DeviceView]:
        """Every device heard of since the start, by id, with its newest reading and its kW."""
        return self._live_readings.devices(self._clock.now_ms())

    def device(self, device_id: str) -> list[DeviceView]:
        """One device: a row per topic and channel; empty when it was not heard of."""
        return self._live_readings.devices(self._clock.now_ms(), device_id)

    def senders(self, after: Mapping[str, int]) -> Mapping[str, Sequence[str]]:
        """By topic the devices behind the first so many, in the order in which they came."""
        return self._live_readings.senders(after)

    def sums(self) -> LiveSums:
        """What each device draws now, and who fell silent: looked at every two seconds at most.

        Of 100,000 devices a look takes some 30 ms; whoever asks meanwhile, with whatever rights,
        gets the same.
        """
        now_s = self._clock.monotonic()
        until_s, sums = self._sums
        if sums is None or until_s <= now_s:
            sums = self._live_readings.sums(self._clock.now_ms())
            self._sums = (now_s + SUMS_KEPT_S, sums)
        return sums

    def drawn(self) -> Drawn:
        """What is drawn now, and how many devices send."""
        return self._live_readings.drawn(self._clock.now_ms())

    def fresh(self, topic: str | None = None) -> Freshness:
        """Whether a topic, or anything that measures energy, is live, and since when not."""
        return self._live_readings.fresh(self._clock.now_ms(), topic)

    def apart(self, among: Collection[str] | None = None) -> frozenset[str]:
        """The devices of simulations with a clock of their own: in no sum of everything.

        Args:
            among: as if there were no other devices than these; None: of all.
        """
        return self._live_readings.apart(self._clock.now_ms(), among)

    def clock_of(self, devices: Collection[str]) -> int | None:
        """What time it is where the readings of some devices come from; None: they send none."""
        return self._live_readings.clock_of(self._clock.now_ms(), devices)

    def data_ms(self) -> int:
        """What time it is where the readings come from; while nothing comes, the wall clock's."""
        return self.fresh().clock_ms or self._clock.now_ms()

    def ends(self) -> Mapping[TopicPartition, int]:
        """Where the topics of readings end, as of a second ago."""
        return self._readings.ends

    def partitions(self) -> list[PartitionView]:
        """How far the worker is, by topic and partition."""
        return self.reports.partitions(self.ends())

    def windows(self, limit: int = 200, device: str = "") -> list[WindowAlert]:
        """The newest records of ``energy_alerts``, newest first, at most 2,000."""
        rows = [row for row in list(self.reports.windows) if device in row.household_id]
        return rows[: -limit - 1 : -1] if limit else []

    def per_minute(self, minutes: int = 60) -> list[tuple[int, int]]:
        """Readings by wall-clock minute: (start of the minute in ms, readings), oldest first."""
        return self._live_readings.per_minute(minutes, self._clock.now_ms())

    def newest_ms(self, topic: str | None = None) -> int | None:
        """The newest event time of a topic, or of all."""
        return self._live_readings.newest_ms(topic)

    # Subscribers

    def subscribe(
        self, kinds: Collection[Kind] = (), after: str = ""
    ) -> AsyncGenerator[Update, None]:
        """Updates as they come, for the running event loop; end it with ``aclose()``.

        Args:
            kinds: only these kinds; empty: all.
            after: an ``Update.id``: the facts that came after it are delivered first.

        Raises:
            Malformed: ``after`` is not such an id.
        """
        return self.updates.subscribe(kinds, after, lambda new: self._send_readings((new,)))

    @property
    def listeners(self) -> int:
        """How many subscriptions there are."""
        return len(self.updates.listeners)

    # What the followers read

    def _take(self, fetched: Sequence[Fetched]) -> None:
        for part in fetched:
            self._takers[part.topic](part)
            self.updates.publish(part)

    def _report(self, fetched: Fetched) -> None:
        self.reports.take_progress(fetched)
        for listener in self.updates.listeners:
            if listener.wants("progress"):
                listener.put_state("progress", self.partitions())

    def _take_readings(self, fetched: Sequence[Fetched]) -> None:
        old = not self._readings.caught_up.is_set()
        if self._live_readings.take(fetched, self._clock.now_ms(), old):
            self.catalogue.meet()
            self._send_readings(self.updates.listeners)

    def _send_readings(self, listeners: Sequence[Subscription]) -> None:
        listeners = [listener for listener in listeners if listener.wants("readings")]
        rows = self.readings(ROWS_SENT) if listeners else []
        for listener in listeners if rows else ():
            listener.put_state("readings", {"rows": rows, "per_minute": self.per_minute(2)})


def _for_both(these: Takers, those: Takers) -> Takers:
    """Takers of either; of a topic that both take, each gets the records."""

    def take(fetched: Fetched) -> None:
        these[fetched.topic](fetched)
        those[fetched.topic](fetched)

    return {**these, **those, **dict.fromkeys(these.keys() & those.keys(), take)}
