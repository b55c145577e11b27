"""A partition's clock: the newest time in log order, the watermark, and readings ahead of it.

Topics with clock ``wall``: a reading later than its record's append by more than ``ahead_wall_ms``
is ahead. Topics with clock ``data``: the clock is the newest time that two devices have reached
(one, where there is one); a reading more than ``ahead_data_ms`` beyond it waits, in a bounded
buffer, for a second device.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from energyguard.config import StreamSettings
from energyguard.model.duration import parse_duration
from energyguard.model.topics import TopicClock
from energyguard.stream.batch import Batch, Ints, join

WAITING_MOST = 256
"""How many readings of a partition wait for a second device."""

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
    """Newest time and watermark of one partition."""

    def __init__(self, kind: TopicClock, limits: ClockLimits) -> None:
        self.kind = kind
        self.limits = limits
        self.newest = NEVER  # the running maximum of all readings let through
        self.decided = NEVER  # the newest time that an owner has decided
        self.reached = np.empty(0, np.int64)  # the newest time of each device, let through or not
        self.waiting: Batch | None = None
        self.waiting_device = np.empty(0, np.int64)
        self.alone = True  # nothing else was let through since the first of them began to wait

    @property
    def watermark(self) -> int:
        """Windows that end at or before this are closed."""
        return self.newest - self.limits.lateness_ms

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
        known = 0 if self.waiting is not None else self._far(batch.time, device, 0)
        if known == len(batch):
            return Admitted(batch, device)
        return self._one_by_one(batch, device, known)

    def _far(self, time: Ints, device: Ints, start: int) -> int:
        """Let readings through from a place on; give the place of the first that is far ahead."""
        while start < len(time):
            limit = max(self._two_reached()) + self.limits.ahead_data_ms
            beyond = time[start:] > limit
            stop = start + int(beyond.argmax()) if beyond.any() else len(time)
            if stop == start:
                reached = int(self.reached[device[start]])
                self.reached[device[start]] = max(reached, int(time[start]))
                if time[start] > max(self._two_reached()) + self.limits.ahead_data_ms:
                    return start
                stop = start + 1
            np.maximum.at(self.reached, device[start:stop], time[start:stop])
            start = stop
        return start

    def _grow(self, devices: int) -> None:
        if devices > len(self.reached):
            more = np.full(max(devices, 2 * len(self.reached)) - len(self.reached), NEVER)
            self.reached = np.concatenate([self.reached, more])

    def _two_reached(self) -> tuple[int, int]:
        """The newest time that two devices have reached (one, where there is one), or decided."""
        heard = self.reached[self.reached > NEVER]
        if len(heard) < 2:
            return (int(heard[0]) if len(heard) else NEVER), self.decided
        return int(np.partition(heard, -2)[-2]), self.decided

    def _one_by_one(self, batch: Batch, device: Ints, known: int) -> Admitted:
        """The rare case: some readings are far ahead, or wait already; the first are known."""
        held = [] if self.waiting is None else [self.waiting]
        pool = join([*held, batch])
        who = np.concatenate([self.waiting_device, device])
        waiting = list(range(len(pool) - len(batch)))
        through = list(range(known))
        ahead: list[int] = []
        i = len(waiting) + known
        while i < len(pool):
            if not waiting:  # nothing waits any more: many at once again
                stop = self._far(pool.time, who, i)
                through += range(i, stop)
                i = stop
                if i == len(pool):
                    break
            self.reached[who[i]] = max(self.reached[who[i]], pool.time[i])
            limit = max(self._two_reached()) + self.limits.ahead_data_ms
            released = [j for j in waiting if pool.time[j] <= limit]
            if released:
                through += released
                waiting = [j for j in waiting if pool.time[j] > limit]
            if pool.time[i] <= limit:
                through.append(i)
                self.alone = False
            else:
                self.alone = self.alone or not waiting
                waiting.append(i)
                if len(waiting) > WAITING_MOST:
                    self._overflow(waiting, who, pool.time, through, ahead)
            i += 1
        self.waiting = pool.take(np.array(waiting)) if waiting else None
        self.waiting_device = who[waiting] if waiting else np.empty(0, np.int64)
        let = np.array(through, np.int64)
        lost = pool.take(np.array(ahead)) if ahead else None
        return Admitted(pool.take(let), who[let], lost)

    def _overflow(
        self, waiting: list[int], who: Ints, time: Ints, through: list[int], ahead: list[int]
    ) -> None:
        """The buffer is full: follow the one device that is there, else the oldest is ahead."""
        if self.alone and len(set(who[waiting].tolist())) == 1:
            self.decided = max(self.decided, int(time[waiting].max()))
            through += waiting
            waiting.clear()
        else:
            ahead.append(waiting.pop(0))
