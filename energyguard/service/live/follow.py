"""Follow topics without a consumer group: each follower sees every record and moves no position.

Whether data still comes is told by the wall clock, against the pace at which it has come so far.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from threading import Event, Thread

from energyguard.clock import SYSTEM, Clock
from energyguard.errors import BehindRetention, Unavailable
from energyguard.log import EARLIEST, LATEST, Fetched, Log, TopicPartition
from energyguard.telemetry import Condition, logger

ALL = None
LOOK_S = 1.0
"""How often to look for new partitions and for the ends of the known ones."""


class Follower(Thread):
    """A thread that reads topics and hands what it reads to a function, in log order.

    Args:
        name: of the thread.
        log: what to follow.
        topics: each with how many of its newest records to begin with; ``ALL`` of them.
        take: gets what was read.
        stop: ends the thread.
        limit: about how many records to read at once.
        share: at most this part of the time is spent in ``take``; below 1 the follower skips
            what is more than ``limit`` records back and tells ``skipped`` how many that were.
        skipped: gets the topic and the number of records left out.
        clock: for pacing.
    """

    def __init__(
        self,
        name: str,
        log: Log,
        topics: Mapping[str, int | None],
        take: Callable[[Sequence[Fetched]], None],
        stop: Event,
        *,
        limit: int = 1_000,
        share: float = 1.0,
        skipped: Callable[[str, int], None] = lambda topic, records: None,
        clock: Clock = SYSTEM,
    ) -> None:
        super().__init__(name=f"follow-{name}", daemon=True)
        self._log, self._topics, self._take, self._stop_event = log, topics, take, stop
        self._limit, self._share, self._skipped, self._clock = limit, share, skipped, clock
        self._at: dict[TopicPartition, int] = {}
        self._look_at = clock.monotonic()
        self._logger = logger(__name__)
        self.ends: dict[TopicPartition, int] = {}
        self.caught_up = Event()
        self.fault = ""

    @property
    def positions(self) -> dict[TopicPartition, int]:
        """The next record of each partition that ``take`` has not had yet."""
        return dict(self._at)

    def run(self) -> None:
        """Read until told to stop; what fails is said and tried again."""
        stumbles = Condition(self._logger, "a follower waits", "a follower goes on")
        while not self._stop_event.is_set():
            try:
                self._round()
                if self.fault:
                    self.fault = ""
                    stumbles.end()
            except BehindRetention as error:
                self._at[TopicPartition(error.topic, error.partition)] = error.earliest
            except Unavailable as error:
                self.fault = str(error)
                stumbles.begin(error, follower=self.name)
                self._stop_event.wait(error.retry_after)
            except Exception as error:  # the thread must live: a page without news helps nobody
                self.fault = f"{type(error).__name__}: {error}"
                self._logger.exception("a follower stumbled", follower=self.name)
                self._stop_event.wait(1.0)

    def _round(self) -> None:
        if self._clock.monotonic() >= self._look_at:
            self._look()
        if all(self._at[at] >= end for at, end in self.ends.items()):
            self.caught_up.set()
        if not self._at:
            self._stop_event.wait(0.2)
        fetched = self._log.read(self._at, self._limit, wait=0.2)
        began = self._clock.monotonic()
        try:
            if news := [part for part in fetched if len(part)]:
                self._take(news)
        finally:  # also past records that cannot be taken, or they would be read for ever
            self._at |= {part.at: part.next_offset for part in fetched}
        if self._share < 1.0 and self.caught_up.is_set():
            spent = self._clock.monotonic() - began
            self._stop_event.wait(max(0.1, spent * (1 / self._share - 1)))
            if self._stop_event.is_set():
                return
            self._skip()

    def _look(self) -> None:
        """Find new partitions, and where each ends now."""
        self._look_at = self._clock.monotonic() + LOOK_S
        ends: dict[TopicPartition, int] = {}
        for topic, back in self._topics.items():
            found = self._log.positions(topic, LATEST)
            self._begin(topic, {at: end for at, end in found.items() if at not in self._at}, back)
            ends |= found
        self.ends = ends

    def _begin(self, topic: str, ends: Mapping[TopicPartition, int], back: int | None) -> None:
        earliest = self._log.positions(topic, EARLIEST) if ends else {}
        for at, end in ends.items():
            first = earliest.get(at, 0)
            self._at[at] = first if back is ALL else max(first, end - back)

    def _skip(self) -> None:
        """Leave out what is too far back: the newest counts, not the completest."""
        for topic in {at.topic for at in self._at}:
            for at, end in self._log.positions(topic, LATEST).items():
                left_out = end - self._limit - self._at.get(at, end)
                if left_out > 0:
                    self._at[at] += left_out
                    self._skipped(at.topic, left_out)


MIN_QUIET_MS = 15_000
MAX_QUIET_MS = 3_600_000
MISSED = 3
"""So many usual gaps without a word are a silence."""


class Pulse:
    """The times at which something came, by the wall clock."""

    def __init__(self) -> None:
        self.received_ms: int | None = None
        self._gaps: deque[int] = deque(maxlen=8)

    def hear(self, at_ms: int) -> None:
        """Something came at this time; what is older than the newest changes nothing."""
        if self.received_ms is not None and at_ms > self.received_ms:
            self._gaps.append(at_ms - self.received_ms)
        self.received_ms = max(at_ms, self.received_ms or at_ms)

    def beats(self, now_ms: int, quiet_ms: int = 0) -> bool:
        """Whether it came lately, as often as it comes; ``quiet_ms`` without a word are usual."""
        usual = MISSED * median(self._gaps) if self._gaps else 0
        allowed = min(MAX_QUIET_MS, max(MIN_QUIET_MS, quiet_ms, usual))
        return self.received_ms is not None and now_ms - self.received_ms <= allowed
