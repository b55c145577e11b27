"""Readings far ahead of their partition's time, one by one: which wait, go on, or are set apart."""

from __future__ import annotations

from energyguard.model.readings import Ints, ReadingBatch
from energyguard.stream.time.trusted import NEVER, TrustedTime
from energyguard.stream.time.witnesses import (
    FOLLOWING,
    MAX_UNDECIDED,
    MAX_WAITING,
    PAUSE_MS,
    STEPS,
    Witnesses,
    is_followed,
)


class AheadQueue:
    """Readings far ahead, which wait for a witness, and those read since: places in ``pool``.

    Args:
        clock: the partition's clock; what it knows changes with each reading.
        pool: those that wait already, then the new ones.
        device: of each.
        held: how many wait already.
        known: how many of the new ones were let through already.
    """

    def __init__(
        self, clock: TrustedTime, pool: ReadingBatch, device: Ints, held: int, known: int
    ) -> None:
        self._clock, self._pool, self._device = clock, pool, device
        self.waiting = list(range(held))
        self.through = list(range(held, held + known))
        self.ahead: list[int] = []
        self._next = held + known

    def take(self) -> None:
        """Judge the new readings."""
        i, end = self._next, len(self._pool)
        while i < end:
            if not self.waiting:  # many at once again
                stop = self._clock.let_through(self._pool, self._device, i)
                self.through += range(i, stop)
                i = stop
                if i == end:
                    break
            self._judge(i)
            i += 1

    def trim(self, room: int) -> None:
        """Set the oldest apart, where more wait than there is room for."""
        more = max(0, len(self.waiting) - room)
        self.ahead += self.waiting[:more]
        del self.waiting[:more]

    def _judge(self, i: int) -> None:
        clock, time = self._clock, int(self._pool.time[i])
        clock.reached[self._device[i]] = max(int(clock.reached[self._device[i]]), time)
        limit = self._limit(i)
        self._release(limit)
        if time <= limit:
            self._pass([i])
            clock.alone, clock.in_row = False, 0
            clock.against += 1
            if clock.is_lone and clock.against >= FOLLOWING:  # it has gone on without the jump
                self.trim(0)
            return
        if not self.waiting:
            clock.alone, clock.in_row, clock.against = True, 0, 0
        self.waiting.append(i)
        clock.in_row += 1
        if self._goes_on():
            self._believe(self.waiting[-clock.in_row :])
        self.trim(self._room)

    def _limit(self, i: int) -> int:
        """Up to which time readings are let through now."""
        clock = self._clock
        trusted, ahead = clock.trusted(), clock.limits.ahead_data_ms
        if not clock.is_lone:
            return trusted + ahead
        if trusted <= NEVER:
            time, appended = int(self._pool.time[i]), int(self._pool.appended_ms[i])
            return NEVER if clock.is_strange(time, appended) else time
        return trusted + max(ahead, STEPS * clock.step)

    @property
    def _room(self) -> int:
        clock = self._clock
        decided = clock.witnesses is Witnesses.NONE or not clock.is_lone
        return MAX_WAITING if decided else MAX_UNDECIDED

    def _goes_on(self) -> bool:
        """Whether the readings that wait say by themselves what time it is."""
        clock = self._clock
        if clock.is_lone:
            if clock.witnesses is not Witnesses.NONE:
                return False
            row = self.waiting[-clock.in_row :][-FOLLOWING - 1 :]
            times = self._pool.time[row].tolist()
            return is_followed(clock.trusted(), times, clock.limits.ahead_data_ms, PAUSE_MS)
        if len(self.waiting) <= MAX_WAITING or clock.witnesses is Witnesses.OTHERS:
            return False
        return clock.alone and len(set(self._device[self.waiting].tolist())) == 1

    def _believe(self, row: list[int]) -> None:
        clock, time = self._clock, self._pool.time
        clock.decided = max(clock.decided, int(time[row].max()))
        clock.in_row = 0
        self._release(clock.decided + clock.limits.ahead_data_ms)

    def _release(self, limit: int) -> None:
        time = self._pool.time
        free = [j for j in self.waiting if time[j] <= limit] if limit > NEVER else []
        if free:
            self._pass(free)
            self.waiting = [j for j in self.waiting if time[j] > limit]
            self._clock.in_row = min(self._clock.in_row, len(self.waiting))

    def _pass(self, places: list[int]) -> None:
        self.through += places
        if self._clock.is_lone:
            self._clock.move(self._pool.time[places].tolist())
