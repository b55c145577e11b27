"""What of an outbox is to be sent next: alerts first, what is live before the backlog."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import NamedTuple

from energyguard.edge.protocol.contract import Outbox
from energyguard.edge.protocol.ranges import Ranges
from energyguard.log.records import TopicPartition
from energyguard.model.topics import EDGE_READINGS
from energyguard.records.edges import HeldPartition, HeldRange

MAX_SCATTERED = 500
"""With so many ranges held of a partition nothing goes before its backlog."""


class Lane(IntEnum):
    """What goes first."""

    URGENT = 0
    LIVE = 1
    BACKLOG = 2


class LaneGap(NamedTuple):
    """Offsets that the cloud does not hold and that are not in flight."""

    lane: Lane
    at: TopicPartition
    first: int
    next: int


class Lanes:
    """What the cloud holds of an outbox, what was taken to be sent, and what is left.

    A partition begins at 0: what lies before its oldest record is left, too, to be said void.
    """

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._held: dict[TopicPartition, Ranges] = {
            at: Ranges([HeldRange(0, outbox.position(at))]) for at in outbox.partitions()
        }
        self._taken = {at: held.copy() for at, held in self._held.items()}
        self._lines: dict[TopicPartition, int] = {}

    def begin(self, held: Iterable[HeldPartition], live_ms: int) -> None:
        """A session begins, in which the cloud holds this; what was taken later is live."""
        self._held = {at: Ranges() for at in self._outbox.partitions()}
        self.hold(held)
        self._taken = {at: ranges.copy() for at, ranges in self._held.items()}
        self._lines = {at: self._outbox.offset_at(at, live_ms) for at in self._held}

    def hold(self, held: Iterable[HeldPartition]) -> int:
        """The cloud holds this, too. Returns how many offsets are new."""
        new = 0
        for part in held:
            at = TopicPartition(part.topic, part.partition)
            if at in self._held:
                new += sum(self._held[at].add(r.first, r.next) for r in part.ranges)
                self._taken[at].update(part.ranges)
        return new

    def take(self, at: TopicPartition, first: int, following: int) -> None:
        """It is on its way."""
        self._taken[at].add(first, following)

    def has(self, at: TopicPartition, first: int, following: int) -> bool:
        """Whether the cloud holds all of it."""
        return self._held[at].first_missing(first) >= following

    def position(self, at: TopicPartition) -> int:
        """The cloud holds everything before this offset."""
        return self._held[at].first_missing(0)

    @property
    def held(self) -> Mapping[TopicPartition, Ranges]:
        """What the cloud holds."""
        return self._held

    def acknowledged(self) -> tuple[HeldPartition, ...]:
        """What the cloud holds, as it is said to it."""
        return tuple(
            HeldPartition(topic=at.topic, partition=at.partition, ranges=tuple(held))
            for at, held in self._held.items()
            if held
        )

    def is_behind(self) -> bool:
        """Whether the outbox has written less than the cloud holds of it."""
        return any(held.end > self._outbox.span(at)[1] for at, held in self._held.items())

    def gaps(self) -> list[LaneGap]:
        """The first thing to send of each partition and lane, in the order in which they go."""
        found = []
        for at, taken in self._taken.items():
            end = self._outbox.span(at)[1]
            if at.topic != EDGE_READINGS.name:
                spans = [(Lane.URGENT, 0, end)]
            else:
                line = min(self._lines.get(at, 0), end)
                spans = [(Lane.LIVE, line, end), (Lane.BACKLOG, 0, line)]
                if len(taken) >= MAX_SCATTERED:
                    spans = [(Lane.BACKLOG, 0, line)] * (taken.first_missing(0) < line) or spans
            for lane, first, following in spans:
                gap = next(taken.missing(first, following), None)
                if gap is not None:
                    found.append(LaneGap(lane, at, gap.first, gap.next))
        return sorted(found)

    def queued(self) -> int:
        """How many offsets the cloud does not hold."""
        return sum(self._outbox.span(at)[1] - held.count() for at, held in self._held.items())

    def oldest_ms(self) -> int | None:
        """When the oldest record that waits was taken; None: none waits."""
        found = []
        for at, held in self._held.items():
            records = self._outbox.read(at, held.first_missing(0), 1)
            found += [record.at_ms for record in records[:1]]
        return min(found, default=None)
