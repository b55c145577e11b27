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

from energyguard.config import StreamSettings
from energyguard.model.duration import parse_duration
from energyguard.model.topics import DAY_MS, TopicClock
from energyguard.stream.batch import Batch, Ints, join
from energyguard.stream.witnesses import (
    MAX_UNDECIDED,
    MAX_WAITING,
    PAUSE_MS,
    STEPS,
    Waits,
    Witnesses,
)

NEVER = np.iinfo(np.int64).min // 4


@dataclass(frozen=True, slots=True)
class ClockLimits:
    """How far a partition's clock lets readings go, in ms."""

    lateness_ms: int = 600_000
    ahead_wall_ms: int = 300_000
    ahead_data_ms: int = 3_600_000

    @classmethod
    def of(cls, settings: StreamSettings) -> ClockLimits:
        """From the settings."""
        return cls(
            parse_duration(settings.lateness),
            parse_duration(settings.ahead_wall),
            parse_duration(settings.ahead_data),
        )


@dataclass(frozen=True, slots=True)
class Admitted:
    """What the clock let through, in log order, and what it holds to be ahead."""

    batch: Batch
    device: Ints
    ahead: Batch | None = None


class PartitionClock:
    """Newest time and watermark of one partition.

    Args:
        kind: what readings are held against.
        limits: how far they may go.
        witnesses: what is known of the topic's other partitions.
    """

    def __init__(
        self, kind: TopicClock, limits: ClockLimits, witnesses: Witnesses = Witnesses.NONE
    ) -> None:
        self.kind = kind
        self.limits = limits
        self.witnesses = witnesses
        self.newest = NEVER  # the running maximum of all readings let through
        self.decided = NEVER  # the newest time that an owner has decided
        self.reached = np.empty(0, np.int64)  # the newest time of each device, let through or not
        self.passed = NEVER  # the newest time let through while one device was there
        self.step = 0  # its last step
        self.waiting: Batch | None = None
        self.waiting_device = np.empty(0, np.int64)
        self.alone = True  # nothing else was let through since the first of them began to wait
        self.in_row = 0  # of those that wait, how many came since a reading was let through
        self.against = 0  # readings let through since one began to wait

    @property
    def watermark(self) -> int:
        """Windows that end at or before this are closed."""
        return self.newest - self.limits.lateness_ms

    @property
    def is_lone(self) -> bool:
        """Whether at most one device of this partition was heard."""
        return int(np.count_nonzero(self.reached > NEVER)) < 2

    @property
    def furthest(self) -> int:
        """The newest time that any device has reached, let through or not."""
        return int(self.reached.max(initial=NEVER))

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

    def admit(self, batch: Batch, device: Ints) -> Admitted:
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

    def _take_waiting(self) -> tuple[Batch, Ints]:
        assert self.waiting is not None
        held, device = self.waiting, self.waiting_device
        self.waiting, self.waiting_device = None, np.empty(0, np.int64)
        self.alone, self.in_row, self.against = True, 0, 0
        return held, device

    def let_through(self, batch: Batch, device: Ints, start: int) -> int:
        """Let readings through from a place on; give the place of the first that is far ahead."""
        time = batch.time
        while start < len(time):
            heard = np.flatnonzero(self.reached > NEVER)
            if self.is_lone:
                who = int(heard[0]) if len(heard) else int(device[start])
                other = device[start:] != who
                stop = start + int(other.argmax()) if other.any() else len(time)
                first = self._far_alone(batch, start, stop)
                if first > start:
                    newest = int(time[start:first].max())
                    self.reached[who] = max(int(self.reached[who]), newest)
                if first < stop:
                    return first
                start = stop
                if start == len(time):
                    break
            limit = self.trusted() + self.limits.ahead_data_ms
            beyond = time[start:] > limit
            stop = start + int(beyond.argmax()) if beyond.any() else len(time)
            if stop == start:
                reached = int(self.reached[device[start]])
                self.reached[device[start]] = max(reached, int(time[start]))
                if time[start] > self.trusted() + self.limits.ahead_data_ms:
                    return start
                stop = start + 1
            elif len(heard) < 2:
                stop = start + 1  # the second device: what is trusted changes with it
            np.maximum.at(self.reached, device[start:stop], time[start:stop])
            start = stop
        return start

    def _far_alone(self, batch: Batch, start: int, stop: int) -> int:
        """The same for readings of the one device that is there."""
        if start == stop:
            return stop
        time = batch.time[start:stop]
        since = self.trusted()
        if since <= NEVER:
            if self.is_strange(int(time[0]), int(batch.appended_ms[start])):
                return start
            since = self.passed = int(time[0])
        run = np.maximum.accumulate(np.concatenate([[since], time]))
        step = np.diff(run)
        places = np.flatnonzero(step)
        before = np.concatenate([[self.step], step[places]])
        limit = np.maximum(self.limits.ahead_data_ms, STEPS * before[:-1])
        beyond = np.flatnonzero(step[places] > limit)
        if len(beyond):
            self.step, self.passed = int(before[beyond[0]]), int(run[places[beyond[0]]])
            return start + int(places[beyond[0]])
        self.step, self.passed = int(before[-1]), int(run[-1])
        return stop

    def move(self, times: list[int]) -> None:
        """The one device that is there was let through at these times."""
        for time in times:
            if self.passed > NEVER and time > self.passed:
                self.step = time - self.passed
            self.passed = max(self.passed, time)

    @staticmethod
    def is_strange(time_ms: int, appended_ms: int) -> bool:
        """Whether the first reading that there is needs others to be believed."""
        return 0 < appended_ms < time_ms - DAY_MS

    def _grow(self, devices: int) -> None:
        if devices > len(self.reached):
            more = np.full(max(devices, 2 * len(self.reached)) - len(self.reached), NEVER)
            self.reached = np.concatenate([self.reached, more])

    def trusted(self) -> int:
        """The newest time that two devices have reached (one was let through), or decided."""
        heard = self.reached[self.reached > NEVER]
        if len(heard) < 2:
            return max(self.passed, self.decided, self.newest)
        return max(int(np.partition(heard, -2)[-2]), self.decided)

    def _wait(self, batch: Batch, device: Ints, known: int, room: int = MAX_UNDECIDED) -> Admitted:
        """The rare case: some readings are far ahead, or wait already; the first are known."""
        held = [] if self.waiting is None else [self.waiting]
        pool = join([*held, batch])
        who = np.concatenate([self.waiting_device, device])
        from energyguard.stream.ahead import Waiting  # it needs this module

        queue = Waiting(self, pool, who, len(pool) - len(batch), known)
        queue.take()
        queue.trim(room)
        waiting = queue.waiting
        self.waiting = pool.take(np.array(waiting)) if waiting else None
        self.waiting_device = who[waiting] if waiting else np.empty(0, np.int64)
        let = np.array(queue.through, np.int64)
        lost = pool.take(np.array(queue.ahead)) if queue.ahead else None
        return Admitted(pool.take(let), who[let], lost)
