"""What was read of partitions, decoded, and taken in step: none runs far ahead of another.

Messages without a key are such that it matters: one lies in any partition, and its device's next
one in another; the worker packs their readings anew, each into its device's partition. While it
catches up with a backlog it would read hours of one partition before the next, and what comes last
would be late: so what was read of a partition waits here, undelivered and uncommitted, until the
others are as far in event time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from energyguard.clock import Clock
from energyguard.codecs.assembly import DEFAULT, PlausibilityLimits
from energyguard.codecs.records import backfilled, keyless, read_records
from energyguard.codecs.refusals import Bad
from energyguard.log import LATEST, Fetched, Log, Positions, Records, TopicPartition
from energyguard.log.dead_letters import dead_letters
from energyguard.model.readings import Bools, Ints, ReadingBatch, batch_from, join
from energyguard.stream.time.trusted import NEVER

_NONE = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class DecodedReadings:
    """The readings of records up to ``next_offset``, in log order.

    ``astray`` tells the readings of messages without a key, which lie in any partition; None: there
    are none. ``past`` has the offset of each reading of a backfill: they are counted, and in no
    batch. Of what was refused, ``record`` is the record's offset.
    """

    at: TopicPartition
    next_offset: int
    batch: ReadingBatch
    astray: Bools | None = None
    bad: list[Bad] = field(default_factory=list)
    past: Ints = field(default_factory=lambda: _NONE)

    def __len__(self) -> int:
        return len(self.batch) + len(self.past)

    def split(self, offset: int) -> tuple[DecodedReadings, DecodedReadings]:
        """What is below an offset, and the rest."""
        place = int(np.searchsorted(self.batch.offset, offset))
        past = int(np.searchsorted(self.past, offset))
        n = len(self.batch)
        return (
            DecodedReadings(
                self.at,
                min(offset, self.next_offset),
                self.batch.cut(0, place),
                _any(self.astray, slice(0, place)),
                [bad for bad in self.bad if bad.record < offset],
                self.past[:past],
            ),
            DecodedReadings(
                self.at,
                self.next_offset,
                self.batch.cut(place, n),
                _any(self.astray, slice(place, n)),
                [bad for bad in self.bad if bad.record >= offset],
                self.past[past:],
            ),
        )

    def letters(self) -> Records:
        """Dead letters of what was refused."""
        topic, partition = self.at
        return dead_letters(
            [bad.refused for bad in self.bad],
            [f"{topic}/{partition}/{bad.record}" for bad in self.bad],
            topic,
            [bad.shape for bad in self.bad],
        )

    def followed_by(self, other: DecodedReadings) -> DecodedReadings:
        """These and the ones behind them."""
        both = (self, other)
        astray = None
        if any(part.astray is not None for part in both):
            masks = [np.zeros(len(p.batch), bool) if p.astray is None else p.astray for p in both]
            astray = np.concatenate(masks)
        batch = join([part.batch for part in both])
        past = np.concatenate([self.past, other.past])
        return DecodedReadings(
            self.at, other.next_offset, batch, astray, self.bad + other.bad, past
        )


def _any(mask: Bools | None, place: slice) -> Bools | None:
    return mask[place] if mask is not None and mask[place].any() else None


def decoded_part(fetched: Fetched, limits: PlausibilityLimits = DEFAULT) -> DecodedReadings:
    """Decode records, whoever sent them."""
    found = read_records(fetched.values, limits, fetched.topic)
    offsets = np.asarray(fetched.offsets, np.int64)
    appended = np.asarray(fetched.timestamps_ms, np.int64)
    astray = keyless(fetched.keys, fetched.values)
    batch = batch_from(found.readings, appended[found.record], offsets[found.record])
    part = DecodedReadings(
        fetched.at,
        fetched.next_offset,
        batch,
        None if astray is None else _any(astray[found.record], slice(None)),
        [bad._replace(record=int(offsets[bad.record])) for bad in found.bad],
    )
    past = backfilled(fetched.headers)
    return part if past is None else _without(part, past[found.record])


def _without(part: DecodedReadings, past: Bools) -> DecodedReadings:
    """Leave readings of the past out; those without a home have to find it first."""
    if part.astray is not None:
        past = past & ~part.astray
    rest = np.flatnonzero(~past)
    return replace(
        part,
        batch=part.batch.take(rest),
        astray=None if part.astray is None else _any(part.astray[rest], slice(None)),
        past=part.batch.offset[past],
    )


MARK_MS = 900_000
MAX_MARKS = 2_000


FOREVER = np.iinfo(np.int64).max // 4
MAX_HELD = 200_000
"""A partition of which so many readings wait is not read for a while."""
TAIL = 32
"""How far a partition is: the median time of so many readings, so that no wrong clock decides."""
ENDS_S = 0.2
"""What is at its end is asked no more often."""


class Alignment:
    """What was read and has to wait, by partition.

    Args:
        log: asked for the ends of partitions, where one lags.
        group: the consumer group whose members share the partitions.
        slack_ms: so far may one partition be ahead of another, in event time.
        idle_s: a partition from which nothing came for this long holds nobody up.
        clock: for that.
        max_held: a partition of which so many readings wait is not read for a while.
    """

    def __init__(
        self,
        log: Log,
        group: str,
        slack_ms: int,
        idle_s: float,
        clock: Clock,
        max_held: int = MAX_HELD,
    ) -> None:
        self._max_held = max_held
        self._log, self._group, self._clock = log, group, clock
        self._slack_ms, self._idle_s = slack_ms, idle_s
        self._held: dict[TopicPartition, DecodedReadings] = {}
        self._read: dict[TopicPartition, int] = {}
        self._reached: dict[TopicPartition, int] = {}
        self._behind_s: dict[TopicPartition, float] = {}  # since when others wait for it
        self._ends: dict[str, Positions] = {}
        self._looked_s: dict[str, float] = {}
        self.shared = False  # do other workers and this one have to keep in step now?

    def full(self) -> set[TopicPartition]:
        """Partitions of which so much waits that they are not read for a while."""
        return {at for at, part in self._held.items() if len(part.batch) >= self._max_held}

    def keep(self, owned: Collection[TopicPartition]) -> None:
        """Forget what waits of all other partitions: it was not committed, and is read again."""
        self._held = {at: part for at, part in self._held.items() if at in owned}
        self._read = {at: offset for at, offset in self._read.items() if at in owned}

    def delivered(self, at: TopicPartition) -> int | None:
        """Up to which event time nothing of a partition waits here: what others may rely on."""
        held = self._held.get(at)
        if held is not None and held.astray is not None:
            return int(held.batch.time[held.astray].min())
        return self._reached.get(at)

    def hear(self, at: TopicPartition, reached_ms: int) -> None:
        """Take note of how far we have read a partition, or another worker has delivered it."""
        if self._reached.get(at) != reached_ms:
            self._reached[at] = reached_ms
            self._behind_s.pop(at, None)

    def release(
        self, parts: Iterable[DecodedReadings], committed: Positions
    ) -> list[DecodedReadings]:
        """Take what was read; give what may be delivered now, of each partition in log order.

        Args:
            parts: what was read, from ``positions`` on.
            committed: the partitions of this worker, and where their operators stand.
        """
        for part in parts:
            held = self._held.get(part.at)
            self._held[part.at] = part if held is None else held.followed_by(part)
            self._read[part.at] = part.next_offset
            if len(part.batch):
                self.hear(part.at, self._come(part))
        self.shared = False
        limits = {topic: self._limit(topic, committed) for topic in {at.topic for at in self._held}}
        ready, self._held = self._held, {}
        released = []
        for at, part in ready.items():
            below, rest = part.split(_first_beyond(part, limits[at.topic]))
            if rest.next_offset > below.next_offset:
                self._held[at] = rest
            if below.next_offset > committed[at]:
                released.append(below)
        return released

    def _limit(self, topic: str, committed: Positions) -> int:
        """Up to which event time readings without a home may go on."""
        astray = [
            _tail(part.batch.time[part.astray])
            for at, part in self._held.items()
            if at.topic == topic and part.astray is not None
        ]
        if not astray:
            return FOREVER
        enough = max(astray) - self._slack_ms
        if topic not in self._ends:
            self._ask(topic)
        self.shared |= bool(self._ends[topic].keys() - committed.keys())
        behind = {at for at in self._ends[topic] if self._reached.get(at, NEVER) < enough}
        if behind:
            behind -= self._at_end(topic, committed)
        now = self._clock.monotonic()
        since = {at: self._behind_s.get(at, now) for at in behind}
        self._behind_s = {at: s for at, s in self._behind_s.items() if at.topic != topic} | since
        waited = [self._reached.get(at, NEVER) for at in behind if now - since[at] < self._idle_s]
        return min(waited, default=FOREVER) + self._slack_ms

    def _come(self, part: DecodedReadings) -> int:
        """How far a partition has come with a part.

        What stands behind its messages without a key may be older, packed by workers that wait.
        """
        if part.astray is not None:
            return _tail(part.batch.time[part.astray])
        return max(self._reached.get(part.at, NEVER), _tail(part.batch.time))

    def _at_end(self, topic: str, committed: Positions) -> set[TopicPartition]:
        """The partitions of which everything was read, by us or by another worker."""
        if self._clock.monotonic() - self._looked_s[topic] >= ENDS_S:
            self._ask(topic)
        ends = self._ends[topic]
        read = {**committed, **self._read}
        if ends.keys() - read.keys():
            read = {**self._log.positions(topic, self._group), **read}
        return {at for at, end in ends.items() if read[at] >= end}

    def _ask(self, topic: str) -> None:
        self._ends[topic] = self._log.positions(topic, LATEST)
        self._looked_s[topic] = self._clock.monotonic()


def _tail(time: Ints) -> int:
    """How far some readings have come."""
    return int(np.median(time[-TAIL:]))


def _first_beyond(part: DecodedReadings, limit_ms: int) -> int:
    """The offset from which on all readings without a home are beyond a time."""
    if part.astray is None or limit_ms >= FOREVER:
        return part.next_offset
    places = np.flatnonzero(part.astray)
    earliest = np.minimum.accumulate(part.batch.time[places][::-1])[::-1]  # of it and all behind it
    first = int(np.searchsorted(earliest, limit_ms, "right"))
    return part.next_offset if first == len(places) else int(part.batch.offset[places[first]])
