"""A partition's clock: the newest time in log order, the watermark, and readings ahead of it.

Topics with clock ``wall``: a reading later than its record's append by more than ``ahead_wall_ms``
is ahead. Topics with clock ``data``: the clock is the newest time that two devices of the topic
have reached. A reading more than ``ahead_data_ms`` beyond it waits, in a bounded buffer, for a
second device: one of the partition, or one of another partition, of which the owner's decision
tells. A device that is alone in its topic is believed when its next readings follow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from energyguard.model.readings import Ints, ReadingBatch, join
from energyguard.model.topics import TopicClock
from energyguard.stream.time.ahead import AheadQueue
from energyguard.stream.time.trusted import NEVER, ClockLimits, TrustedTime
from energyguard.stream.time.witnesses import (
    MAX_UNDECIDED,
    MAX_WAITING,
    PAUSE_MS,
    Waits,
    Witnesses,
)


@dataclass(frozen=True, slots=True)
class Admitted:
    """What the clock let through, in log order, and what it holds to be ahead."""

    batch: ReadingBatch
    device: Ints
    ahead: ReadingBatch | None = None


class PartitionClock(TrustedTime):
    """Newest time and watermark of one partition.

    Args:
        kind: what readings are held against.
        limits: how far they may go.
        witnesses: what is known of the topic's other partitions.
    """

    def __init__(
        self, kind: TopicClock, limits: ClockLimits, witnesses: Witnesses = Witnesses.NONE
    ) -> None:
        super().__init__(limits, witnesses)
        self.kind = kind
        self.waiting: ReadingBatch | None = None
        self.waiting_device = np.empty(0, np.int64)

    @property
    def watermark(self) -> int:
        """Windows that end at or before this are closed."""
        return self.newest - self.limits.lateness_ms

    @property
    def waits(self) -> Waits | None:
        """What the partition's owner has to know of it; None: it needs no decision."""
        is_alone = self.witnesses is Witnesses.NONE
        if self.kind is not TopicClock.DATA or (self.waiting is None and not is_alone):
            return None
        time = np.empty(0, np.int64) if self.waiting is None else self.waiting.time
        return Waits(
            self.furthest,
            int(time.min(initial=-NEVER)),
            self.trusted(),
            self.limits.ahead_data_ms,
            is_alone,
            self.witnesses is not Witnesses.UNKNOWN,
            len(time) > MAX_WAITING,
        )

    def pass_through(self, time: Ints) -> Ints:
        """The running maximum just after each of some readings, in log order."""
        newest = np.maximum(np.maximum.accumulate(time), self.newest)
        if len(newest):
            self.newest = int(newest[-1])
        return newest

    def decide(self, time_ms: int) -> None:
        """An owner decided that time is at least this."""
        self.decided = max(self.decided, time_ms)
        self.newest = max(self.newest, time_ms)

    def admit(self, batch: ReadingBatch, device: Ints) -> Admitted:
        """Tell readings ahead of time from the others; ``device`` numbers each one's device."""
        if self.kind is TopicClock.WALL:
            ahead = batch.time > batch.appended_ms + self.limits.ahead_wall_ms
            if not ahead.any():
                return Admitted(batch, device)
            good = np.flatnonzero(~ahead)
            return Admitted(batch.take(good), device[good], batch.take(np.flatnonzero(ahead)))
        self._grow(int(device.max()) + 1 if len(device) else 0)
        known = 0 if self.waiting is not None else self.let_through(batch, device, 0)
        if known == len(batch):
            return Admitted(batch, device)
        return self._wait(batch, device, known)

    def witness(self, reached_ms: int | None) -> Admitted | None:
        """An owner decided that other devices have reached a time; None: that there are none."""
        self.witnesses = Witnesses.NONE if reached_ms is None else Witnesses.OTHERS
        if reached_ms is not None:
            self.decided = max(self.decided, reached_ms)
        if self.waiting is None:
            return None
        again, device = self._take_waiting()
        return self._wait(again, device, 0, MAX_WAITING)

    def end(self) -> Admitted | None:
        """The input has ended: a pause at its end is believed, what else waits is ahead."""
        if self.waiting is None:
            return None
        held, device = self._take_waiting()
        short = held.time <= max(self.trusted(), self.newest) + PAUSE_MS
        through, ahead = np.flatnonzero(short), np.flatnonzero(~short)
        return Admitted(held.take(through), device[through], held.take(ahead))

    def _take_waiting(self) -> tuple[ReadingBatch, Ints]:
        assert self.waiting is not None
        held, device = self.waiting, self.waiting_device
        self.waiting, self.waiting_device = None, np.empty(0, np.int64)
        self.alone, self.in_row, self.against = True, 0, 0
        return held, device

    def _grow(self, devices: int) -> None:
        if devices > len(self.reached):
            more = np.full(max(devices, 2 * len(self.reached)) - len(self.reached), NEVER)
            self.reached = np.concatenate([self.reached, more])

    def _wait(
        self, batch: ReadingBatch, device: Ints, known: int, room: int = MAX_UNDECIDED
    ) -> Admitted:
        """The rare case: some readings are far ahead, or wait already; the first are known."""
        held = [] if self.waiting is None else [self.waiting]
        pool = join([*held, batch])
        who = np.concatenate([self.waiting_device, device])
        queue = AheadQueue(self, pool, who, len(pool) - len(batch), known)
        queue.take()
        queue.trim(room)
        waiting = queue.waiting
        self.waiting = pool.take(np.array(waiting)) if waiting else None
        self.waiting_device = who[waiting] if waiting else np.empty(0, np.int64)
        let = np.array(queue.through, np.int64)
        lost = pool.take(np.array(queue.ahead)) if queue.ahead else None
        return Admitted(pool.take(let), who[let], lost)
