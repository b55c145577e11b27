"""How fast event time runs, and where it goes on after a restart.

All devices of a topic share one running clock, because they share its watermarks. A source sets a
pace; where another source is faster (a replay at 60 times the wall clock beside homes at 30), the
slower follows it, or its readings would soon be late. What it follows is the newest time in
``energyguard.progress``, which the worker has judged: a single clock that runs ahead moves nobody.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from energyguard.clock import SYSTEM, Clock
from energyguard.codecs.records import read_records
from energyguard.log import EARLIEST, LATEST, Fetched, Log, TopicPartition
from energyguard.log.records import decoded
from energyguard.model.readings import times_of
from energyguard.model.topics import PROGRESS, TICK_HEADER
from energyguard.records.progress import PARTITION_PROGRESS

_END_OF_TIME_MS = 253_402_300_799_000  # 9999-12-31T23:59:59Z


class TopicTime:
    """The newest event time of a topic, followed through ``energyguard.progress``."""

    def __init__(self, log: Log, topic: str) -> None:
        self._log, self._topic = log, topic
        self._at = dict(log.positions(PROGRESS.name, EARLIEST))
        self._newest_ms: int | None = None

    def newest_ms(self) -> int | None:
        """The newest time that the worker has seen in the topic so far; None: nothing yet."""
        while fetched := self._log.read(self._at, 1000, 0.0):
            for part in fetched:
                self._at[part.at] = part.next_offset
                for _, seen in decoded(PARTITION_PROGRESS.decoder, part):
                    if seen.topic == self._topic and seen.newest_ms is not None:
                        self._newest_ms = max(seen.newest_ms, self._newest_ms or 0)
        return self._newest_ms


class RunningClock:
    """Event time: ``speedup`` times the wall clock from ``start_ms`` on, or faster to follow."""

    def __init__(
        self, topic_time: TopicTime, start_ms: int, speedup: float, clock: Clock = SYSTEM
    ) -> None:
        self._topic_time, self._clock = topic_time, clock
        self._origin_ms, self._since = start_ms, clock.monotonic()
        self.speedup = speedup

    def now_ms(self) -> int:
        """The event time now; the end of time where the speed-up is infinite."""
        if math.isinf(self.speedup):
            return _END_OF_TIME_MS
        now = self._clock.monotonic()
        paced = self._origin_ms + int((now - self._since) * 1000 * self.speedup)
        newest = self._topic_time.newest_ms()
        if newest is not None and newest > paced:
            self._origin_ms, self._since = newest, now
        return max(paced, newest or 0)

    def seconds_until(self, time_ms: int) -> float:
        """Wall seconds until the event time comes at this pace."""
        return max(0.0, (time_ms - self.now_ms()) / 1000 / self.speedup)


def newest_event_ms(log: Log, topic: str) -> int | None:
    """The newest event time of a topic: as judged by a worker, else as its last records say."""
    judged = TopicTime(log, topic).newest_ms()
    if judged is not None:
        return judged
    last = (next(backwards(log, at), None) for at in log.positions(topic, LATEST))
    values = (part.values[-1] for part in last if part is not None)
    batches = (read_records([value], topic=topic).readings for value in values if value)
    newest = (int(times_of(batch).max()) for batch in batches if batch.num_rows)
    return max(newest, default=None)


def newest_tick_ms(log: Log, at: TopicPartition) -> int | None:
    """The last tick that a simulator wrote to a partition; None: it wrote none."""
    for part in backwards(log, at):
        for headers in reversed(part.headers):
            tick = dict(headers).get(TICK_HEADER)
            if tick is not None:
                return int(tick)
    return None


def backwards(log: Log, at: TopicPartition) -> Iterator[Fetched]:
    """The records of a partition, the newest first, in growing blocks."""
    earliest, end = (log.positions(at.topic, of).get(at, 0) for of in (EARLIEST, LATEST))
    block = 4
    while end > earliest:
        start = max(earliest, end - block)
        parts: list[Fetched] = []
        position = start
        while position < end and (fetched := log.read({at: position}, end - position, 0.0)):
            parts += fetched
            position = fetched[-1].next_offset
        yield from reversed(parts)
        end, block = start, 4 * block
