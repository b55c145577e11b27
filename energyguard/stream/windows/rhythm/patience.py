"""How long windows wait for each device: its hold, learned from its rhythm and from its delays.

A window of a device closes when its end + hold is not above the watermark. The hold is 0 where the
longest usual step and the usual delay together are within the lateness, else their sum, up to a
round time; of a device of which fewer than three steps, or one delivery, are known it is 26 h, so
that a daily meter can say who it is, and one whose past comes newest first all of it: and as much
longer as its first delivery was late, or as nine of its steps so far take, where its readings
count only when three are known. A hold changes at borders of the partition's time only, by what was
known there.

What a register used since its newest reading its next one says, whenever that comes, and for how
long a power held: so no window closes that ends after the newest reading, until the device has been
waited for: longer than a hold, but for the first one. Then it is given up, and its windows close as
those of others, until it sends again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from energyguard.model.readings import Bools, Ints
from energyguard.stream.time.trusted import NEVER
from energyguard.stream.windows.rhythm.delays import UsualDelays

FIRST_HOLD_MS = 26 * 3_600_000
FIRST_SLACK_MS = 2 * 3_600_000
"""How much more than its step a daily meter has by that."""
BORDER_MS = 300_000
"""Holds change where the partition's time passes a multiple of this."""
MIN_STEPS = 3
STEPS_WAITED = MIN_STEPS + 6
"""A device is waited for so many of its steps until three are known: six readings may be missing,
so of a daily one nearly a week."""
MIN_MET = 2
"""Of fewer deliveries nobody knows how late a device is: its past may come newest first."""
HOLDS_WAITED = 3
"""A register is waited for so many holds, or lateness if that is longer, after its newest reading:
no longer than it takes for a difference to be a gap."""
SLOW_WAIT_MS = 26 * 3_600_000
"""So long at least where it has a hold; so long at most, but for its hold, where a sum needs it."""
QUICK_WAIT_MS = 3 * 3_600_000
"""So long at least where it has no hold and no sum needs it: its readings of before are kept."""
_UNITS = ((600_000, 60_000), (7_200_000, 300_000))
"""Up to how long holds are rounded up to what; longer ones to whole hours."""
_HOUR_MS = 3_600_000


def _empty() -> Ints:
    return np.empty(0, np.int64)


def rounded_up(hold_ms: Ints) -> Ints:
    """Up to whole minutes, 5 min or hours, the longer the coarser: so a jitter moves nothing."""
    (short, minute), (middle, five) = _UNITS
    unit = np.where(hold_ms <= short, minute, np.where(hold_ms <= middle, five, _HOUR_MS))
    rounded: Ints = -(-hold_ms // unit) * unit
    return rounded


def hold_of(longest_ms: Ints, delay_ms: Ints, lateness_ms: int) -> Ints:
    """The hold of devices with such a rhythm: (devices,).

    Args:
        longest_ms: the longest usual step; 0 where readings are points.
        delay_ms: the usual delay.
        lateness_ms: how long windows wait for every device.
    """
    together = longest_ms + delay_ms
    hold: Ints = np.where(together <= lateness_ms, 0, rounded_up(together))
    return hold


def first_hold_of(waits_for_ms: Ints | int, delay_ms: Ints | int) -> Ints:
    """The hold of devices whose steps or deliveries are not known: (devices,).

    Args:
        waits_for_ms: how long its readings wait for others until they count; 0: they do at once.
        delay_ms: the usual delay, as far as it is known.
    """
    longest = STEPS_WAITED * FIRST_HOLD_MS
    hold = np.clip(waits_for_ms + FIRST_SLACK_MS, FIRST_HOLD_MS, longest)
    return rounded_up(hold + np.minimum(delay_ms, FIRST_HOLD_MS))


def closed_at(
    run: Ints | int, own: Ints | int, patience_ms: Ints | int, wait_ms: Ints | int
) -> Ints:
    """Up to when windows of keys are closed: (n,).

    Args:
        run: the partition's time.
        own: the newest reading of each.
        patience_ms: how long after its end a window closes.
        wait_ms: how long after a newest reading windows that end later do, at least.
    """
    usual = run - patience_ms
    closed: Ints = np.where(own > run - wait_ms, np.minimum(usual, own), usual)
    return closed


@dataclass(slots=True)
class Patience:
    """The holds of the keys of a channel, and how far each one's windows are decided.

    Attributes:
        lateness_ms: how long windows wait for every device.
        waits_for_next: whether a reading says what was used since the one before it.
        hold: how long windows wait, in ms.
        next_hold: what it is to be from the next border on.
        decided: windows that end at or before this time are closed.
        delays: how late the readings of each key usually come.
    """

    lateness_ms: int
    waits_for_next: bool = False
    hold: Ints = field(default_factory=_empty)
    next_hold: Ints = field(default_factory=_empty)
    decided: Ints = field(default_factory=_empty)
    is_new: Bools = field(default_factory=lambda: np.empty(0, bool))
    """Whose steps or deliveries are not known, by which the hold goes."""
    next_is_new: Bools = field(default_factory=lambda: np.empty(0, bool))
    doubt: Ints = field(default_factory=_empty)
    """How much longer windows wait, of a key whose newest reading is in doubt."""
    wait: Ints = field(default_factory=_empty)
    """How long a key is waited for: its hold, or longer."""
    summed: Bools | None = None
    """Which keys sums need; None: none."""
    delays: UsualDelays = field(default_factory=UsualDelays)

    def grow(self, keys: int) -> None:
        """Make room for so many keys: of a new one nothing is known."""
        more = keys - len(self.hold)
        if more <= 0:
            return
        first = np.full(more, FIRST_HOLD_MS)
        self.hold = np.concatenate([self.hold, first])
        self.next_hold = np.concatenate([self.next_hold, first])
        self.is_new = np.concatenate([self.is_new, np.ones(more, bool)])
        self.next_is_new = np.concatenate([self.next_is_new, np.ones(more, bool)])
        self.decided = np.concatenate([self.decided, np.full(more, NEVER)])
        self.doubt = np.concatenate([self.doubt, np.zeros(more, np.int64)])
        self.delays.grow(keys)
        self._wait()

    def adopt(self) -> None:
        """A border was passed: go by what is known there."""
        self.hold, self.is_new = self.next_hold.copy(), self.next_is_new.copy()
        self._wait()

    def end(self) -> None:
        """No more readings come: nobody is waited for."""
        self.hold = np.zeros_like(self.hold)
        self.wait = self.hold.copy()

    def need(self, summed: Bools | None) -> None:
        """Sums need these keys from now on."""
        self.summed = summed
        self._wait()

    def _wait(self) -> None:
        self.wait = self.hold
        if not self.waits_for_next:
            return
        self.wait = HOLDS_WAITED * np.maximum(self.hold, self.lateness_ms)
        long = np.maximum(self.wait, np.where(self.hold > 0, SLOW_WAIT_MS, QUICK_WAIT_MS))
        if self.summed is not None:
            known = min(len(self.summed), len(long))
            short = np.minimum(self.wait, np.maximum(self.hold, SLOW_WAIT_MS))[:known]
            long[:known] = np.where(self.summed[:known], short, long[:known])
        self.wait = np.where(self.is_new, self.hold, long)

    def pass_by(self, newest: int, own: Ints) -> None:
        """The partition's time has come so far; ``own``: the newest reading of each key."""
        self.decided = self.decided_at(newest, own)

    def give_up(self, key: Ints, prior: Ints, before: Ints) -> None:
        """Windows that closed before some readings, as nobody waited for these any longer.

        Args:
            key: of each reading; none was in doubt.
            prior: the newest reading of the key before each.
            before: the partition's time just before it.
        """
        if not self.waits_for_next or not len(key):
            return
        gone = (prior <= before - self.lateness_ms - self.wait[key]) & (prior > NEVER)
        if gone.any():
            key = key[gone]
            closed = before[gone] - self.lateness_ms - self.hold[key]
            np.maximum.at(self.decided, key, closed)

    def decided_at(self, newest: int, own: Ints) -> Ints:
        """Up to when windows of each key are closed at a time of the partition."""
        more = self.doubt + self.lateness_ms
        now = closed_at(newest, own, self.hold + more, self.wait + more)
        decided: Ints = np.maximum(self.decided, now)
        return decided

    def reached(self, key: Ints, run: Ints) -> Ints:
        """Up to when windows of readings' keys are closed just after each, at most: (readings,)."""
        reached: Ints = np.maximum(self.decided[key], run - self.lateness_ms - self.hold[key])
        return reached

    def reached_by(self, key: Ints, times: tuple[Ints, Ints], run: tuple[Ints, Ints]) -> Ints:
        """The same exactly, of readings by key and in log order within each: (readings,).

        Args:
            key: of each reading.
            times: the newest one of its key before each, and just after.
            run: the partition's time just before each, and just after.
        """
        patience, wait = self.lateness_ms + self.hold[key], self.lateness_ms + self.wait[key]
        before, after = (
            closed_at(now, own, patience, wait) for now, own in zip(run, times, strict=True)
        )
        reached = np.maximum(np.maximum(before, after), self.decided[key])
        for a, b in pairwise([*np.flatnonzero(np.diff(key, prepend=-1)).tolist(), len(key)]):
            np.maximum.accumulate(reached[a:b], out=reached[a:b])
        return reached

    def save(self) -> list[Ints]:
        """What is known."""
        waits = [self.hold, self.next_hold, self.decided, self.doubt]
        is_new = [flags.astype(np.int64) for flags in (self.is_new, self.next_is_new)]
        return [*waits, *self.delays.save(), *is_new]

    def restore(self, saved: list[Ints]) -> None:
        """Know what was saved; a version before told who is new by the first hold."""
        self.hold, self.next_hold, self.decided, self.doubt, *rest = saved
        delays, is_new = rest[:3], rest[3:]
        is_new = is_new or [hold == FIRST_HOLD_MS for hold in (self.hold, self.next_hold)]
        self.is_new, self.next_is_new = (flags.astype(bool) for flags in is_new)
        self.delays.restore(delays)
        self._wait()


def unsteady(hold: Ints, low: Ints, high: Ints, lateness_ms: int) -> Bools:
    """Whether holds may change where steps and delays together are between ``low`` and ``high``."""
    zero = high <= lateness_ms
    same = (rounded_up(low) == hold) & (rounded_up(high) == hold) & (low > lateness_ms)
    steady: Bools = np.where(hold == 0, zero, same)
    return ~steady
