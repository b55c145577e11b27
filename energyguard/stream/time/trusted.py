"""Which time of a partition can be trusted: what two devices have reached, or one that goes on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from energyguard.model.quantities import parse_duration
from energyguard.model.readings import Ints, ReadingBatch
from energyguard.model.topics import DAY_MS
from energyguard.settings.tree import StreamSettings
from energyguard.stream.time.witnesses import STEPS, Witnesses

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


class TrustedTime:
    """The event time that a partition can trust, from the newest time of each of its devices.

    Args:
        limits: how far readings may go.
        witnesses: what is known of the topic's other partitions.
    """

    def __init__(self, limits: ClockLimits, witnesses: Witnesses) -> None:
        self.limits = limits
        self.witnesses = witnesses
        self.newest = NEVER  # the running maximum of all readings let through
        self.decided = NEVER  # the newest time that an owner has decided
        self.reached = np.empty(0, np.int64)  # the newest time of each device, let through or not
        self.passed = NEVER  # the newest time let through while one device was there
        self.step = 0  # its last step
        self.alone = True  # nothing else was let through since the first of them began to wait
        self.in_row = 0  # of those that wait, how many came since a reading was let through
        self.against = 0  # readings let through since one began to wait

    @property
    def is_lone(self) -> bool:
        """Whether at most one device of this partition was heard."""
        return int(np.count_nonzero(self.reached > NEVER)) < 2

    @property
    def furthest(self) -> int:
        """The newest time that any device has reached, let through or not."""
        return int(self.reached.max(initial=NEVER))

    def trusted(self) -> int:
        """The newest time that two devices have reached (one was let through), or decided."""
        reached = self.reached[self.reached > NEVER]
        if len(reached) < 2:
            return max(self.passed, self.decided, self.newest)
        return max(int(np.partition(reached, -2)[-2]), self.decided)

    def let_through(self, batch: ReadingBatch, device: Ints, start: int) -> int:
        """Let readings through from a place on; give the place of the first that is far ahead."""
        time = batch.time
        while start < len(time):
            devices = np.flatnonzero(self.reached > NEVER)
            if self.is_lone:
                who = int(devices[0]) if len(devices) else int(device[start])
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
            elif len(devices) < 2:
                stop = start + 1  # the second device: what is trusted changes with it
            np.maximum.at(self.reached, device[start:stop], time[start:stop])
            start = stop
        return start

    def _far_alone(self, batch: ReadingBatch, start: int, stop: int) -> int:
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
