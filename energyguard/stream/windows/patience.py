"""How long windows wait for each device: its hold, learned from its rhythm and from its delays.

A window of a device closes when its end + hold is not above the watermark. The hold is 0 where the
longest usual step and the usual delay together are within the lateness, else their sum, up to a
round time; of a device of which fewer than three steps are known it is 26 h, so that a daily meter
can say who it is. A delivery is what comes within a minute of the partition's time; of the newest
eight the second longest delay is the usual one, so one that is late moves nothing. A hold changes
at borders of the partition's time only, by what was known there.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from energyguard.model.readings import Bools, Ints
from energyguard.stream.time.trusted import NEVER

FIRST_HOLD_MS = 26 * 3_600_000
BORDER_MS = 300_000
"""Holds change where the partition's time passes a multiple of this."""
DELIVERY_MS = 60_000
"""What comes within a minute of the partition's time is one delivery."""
GRAIN_MS = 60_000
"""Delays are told apart by so much."""
DELIVERIES, MIN_DELIVERIES, MIN_STEPS = 8, 4, 3
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
        delays: of the newest deliveries of each key the longest delay, the newest last.
        delivery: the minute of the newest delivery.
    """

    hold: Ints = field(default_factory=_empty)
    next_hold: Ints = field(default_factory=_empty)
    decided: Ints = field(default_factory=_empty)
    doubt: Ints = field(default_factory=_empty)
    """How much longer windows wait, of a key whose newest reading is in doubt."""
    delays: Ints = field(default_factory=lambda: np.zeros((0, DELIVERIES), np.int64))
    delivery: Ints = field(default_factory=_empty)
    met: Ints = field(default_factory=_empty)
    """How many deliveries of each key are known, up to ``MIN_DELIVERIES``."""

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
        self.delays = np.concatenate([self.delays, np.zeros((more, DELIVERIES), np.int64)])
        self.delivery = np.concatenate([self.delivery, np.full(more, NEVER)])
        self.met = np.concatenate([self.met, np.zeros(more, np.int64)])

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

    def delay(self, keys: Ints | slice = slice(None)) -> Ints:
        """The usual delay of keys."""
        ordered = np.sort(self.delays[keys], axis=1)
        is_new = self.met[keys] < MIN_DELIVERIES
        usual: Ints = np.where(is_new, ordered[:, -1], ordered[:, -2])
        return usual

    def deliver(self, key: Ints, time: Ints, run: Ints) -> None:
        """Learn of readings, by key and in log order within each.

        Args:
            key: of each reading.
            time: its own.
            run: the partition's newest just after it.
        """
        late = (run - time) // GRAIN_MS * GRAIN_MS
        about = np.zeros(len(self.hold), bool)
        about[key[late > 0]] = True
        about |= self.delays.any(axis=1) | (self.met < MIN_DELIVERIES)
        if not (mine := about[key]).any():
            return  # nobody was late, and nobody is: what is known stays as it is
        key, late, minute = key[mine], late[mine], run[mine] // DELIVERY_MS
        begins = np.ones(len(key), bool)
        begins[1:] = (key[1:] != key[:-1]) | (minute[1:] != minute[:-1])
        at = np.flatnonzero(begins)
        self._push(key[at], minute[at], np.maximum.reduceat(late, at))

    def _push(self, key: Ints, minute: Ints, delay: Ints) -> None:
        """Deliveries, by key and in log order within each."""
        first = np.ones(len(key), bool)
        first[1:] = key[1:] != key[:-1]
        goes_on = first & (self.delivery[key] == minute)
        mine = key[goes_on]
        self.delays[mine, -1] = np.maximum(self.delays[mine, -1], delay[goes_on])
        key, minute, delay = key[~goes_on], minute[~goes_on], delay[~goes_on]
        if not len(key):
            return
        last = np.append(key[1:] != key[:-1], True)
        ends = np.flatnonzero(last)
        counts = np.diff(ends, prepend=-1)
        keys, back = key[ends], np.arange(DELIVERIES) - (DELIVERIES - 1)
        kept = np.minimum(np.arange(DELIVERIES) + counts[:, None], DELIVERIES - 1)
        recent = delay[np.maximum(ends[:, None] + back, 0)]
        self.delays[keys] = np.where(
            counts[:, None] + back > 0, recent, self.delays[keys[:, None], kept]
        )
        self.delivery[keys] = minute[ends]
        self.met[keys] = np.minimum(self.met[keys] + counts, MIN_DELIVERIES)

    def save(self) -> list[Ints]:
        """What is known."""
        waits = [self.hold, self.next_hold, self.decided, self.doubt]
        return [*waits, self.delays.ravel(), self.delivery, self.met]

    def restore(self, saved: list[Ints]) -> None:
        """Know what was saved."""
        self.hold, self.next_hold, self.decided, self.doubt, delays, self.delivery, self.met = saved
        self.delays = delays.reshape(-1, DELIVERIES)


def unsteady(hold: Ints, low: Ints, high: Ints, lateness_ms: int) -> Bools:
    """Whether holds may change where steps and delays together are between ``low`` and ``high``."""
    zero = high <= lateness_ms
    same = (rounded_up(low) == hold) & (rounded_up(high) == hold) & (low > lateness_ms)
    steady: Bools = np.where(hold == 0, zero, same)
    return ~steady
