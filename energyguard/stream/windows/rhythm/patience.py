"""How long windows wait for each device: its hold, learned from its rhythm and from its delays.

A window of a device closes when its end + hold is not above the watermark. The hold is 0 where the
longest usual step and the usual delay together are within the lateness, else their sum, up to a
round time; of a device of which fewer than three steps are known it is 26 h, so that a daily meter
can say who it is. A hold changes at borders of the partition's time only, by what was known there.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from energyguard.model.readings import Bools, Ints
from energyguard.stream.time.trusted import NEVER
from energyguard.stream.windows.rhythm.delays import UsualDelays

FIRST_HOLD_MS = 26 * 3_600_000
BORDER_MS = 300_000
"""Holds change where the partition's time passes a multiple of this."""
MIN_STEPS = 3
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


def hold_of(steps_known: Ints, longest_ms: Ints, delay_ms: Ints, lateness_ms: int) -> Ints:
    """The hold of devices with such a rhythm: (devices,).

    Args:
        steps_known: how many of its steps are known.
        longest_ms: the longest usual step; 0 where readings are points.
        delay_ms: the usual delay.
        lateness_ms: how long windows wait for every device.
    """
    together = longest_ms + delay_ms
    hold = np.where(together <= lateness_ms, 0, rounded_up(together))
    found: Ints = np.where(steps_known < MIN_STEPS, FIRST_HOLD_MS, hold)
    return found


@dataclass(slots=True)
class Patience:
    """The holds of the keys of a channel, and how far each one's windows are decided.

    Attributes:
        hold: how long windows wait, in ms.
        next_hold: what it is to be from the next border on.
        decided: windows that end at or before this time are closed.
        delays: how late the readings of each key usually come.
    """

    hold: Ints = field(default_factory=_empty)
    next_hold: Ints = field(default_factory=_empty)
    decided: Ints = field(default_factory=_empty)
    doubt: Ints = field(default_factory=_empty)
    """How much longer windows wait, of a key whose newest reading is in doubt."""
    delays: UsualDelays = field(default_factory=UsualDelays)

    def grow(self, keys: int) -> None:
        """Make room for so many keys: of a new one nothing is known."""
        more = keys - len(self.hold)
        if more <= 0:
            return
        first = np.full(more, FIRST_HOLD_MS)
        self.hold = np.concatenate([self.hold, first])
        self.next_hold = np.concatenate([self.next_hold, first])
        self.decided = np.concatenate([self.decided, np.full(more, NEVER)])
        self.doubt = np.concatenate([self.doubt, np.zeros(more, np.int64)])
        self.delays.grow(keys)

    def adopt(self) -> None:
        """A border was passed: go by what is known there."""
        self.hold = self.next_hold.copy()

    def pass_by(self, newest: int, lateness_ms: int) -> None:
        """The partition's time has come so far."""
        self.decided = self.decided_at(newest, lateness_ms)

    def decided_at(self, newest: int, lateness_ms: int) -> Ints:
        """Up to when windows of each key are closed at a time of the partition."""
        decided: Ints = np.maximum(self.decided, newest - lateness_ms - self.hold - self.doubt)
        return decided

    def reached(self, key: Ints, run: Ints, lateness_ms: int) -> Ints:
        """Up to when windows of readings' keys are closed just after each: (readings,)."""
        reached: Ints = np.maximum(self.decided[key], run - lateness_ms - self.hold[key])
        return reached

    def save(self) -> list[Ints]:
        """What is known."""
        waits = [self.hold, self.next_hold, self.decided, self.doubt]
        return [*waits, *self.delays.save()]

    def restore(self, saved: list[Ints]) -> None:
        """Know what was saved."""
        self.hold, self.next_hold, self.decided, self.doubt, *delays = saved
        self.delays.restore(delays)


def unsteady(hold: Ints, low: Ints, high: Ints, lateness_ms: int) -> Bools:
    """Whether holds may change where steps and delays together are between ``low`` and ``high``."""
    zero = high <= lateness_ms
    same = (rounded_up(low) == hold) & (rounded_up(high) == hold) & (low > lateness_ms)
    steady: Bools = np.where(hold == 0, zero, same)
    return ~steady
