"""Keys of which readings came out of order, or that the panes held before: folded again at once.

What counts in the end is the fold of all their readings, whatever came when. What was known in
between can only have raised an alert where a window may have been above a level: see
``envelope.py``. Keys of which it may are followed reading by reading, as those are that a doubt, an
episode or a silence keeps.
"""

from __future__ import annotations

import numpy as np

from energyguard.ledger.entries import Entries
from energyguard.ledger.evidence import Evidence
from energyguard.ledger.ledger import Ledger
from energyguard.ledger.rhythm import MIN_STEPS
from energyguard.model.channels import MAX_GAP_MS, MS_PER_HOUR, Kind
from energyguard.model.readings import Bools, Ints
from energyguard.stream.time.trusted import NEVER
from energyguard.stream.windows.channels.closing_times import RowsByKey, TimedOperator
from energyguard.stream.windows.channels.energy_state import NO_NUMBERS
from energyguard.stream.windows.panes.envelope import (
    Reordered,
    highest_of_amounts,
    highest_of_registers,
    longest_steps,
    next_of_skeleton,
)
from energyguard.stream.windows.panes.key_sums import tail_of
from energyguard.stream.windows.readings.numbering import by_key_and_time

FOLLOWS = np.isin([*Evidence], [Evidence.PLAIN, Evidence.LONG, Evidence.UNUSUAL])
"""By evidence: whether that may be said of a reading that goes on from the one before it."""


class ReorderingOperator(TimedOperator):
    """What there is to tell of keys that are folded again."""

    def _fold_again(self, which: Bools, given: RowsByKey) -> Bools:
        """Fold again all that is kept of some keys, and know what their windows had at most.

        Returns:
            (keys,) of which that is known, whatever was there of the readings of the piece.
        """
        found = np.zeros(len(which), bool)
        keys = np.flatnonzero(which)
        if not len(keys):
            return found
        readings = self._reordered(which, given)
        ledger = self.base.of(keys)
        plain = ~ledger.in_doubt()
        if self.measure.holds:
            readings, is_left = _without_implausible(readings, ledger)
            plain &= ~is_left
        longest = self._longest_steps(keys, readings, ledger)
        entries = ledger.fold(*readings[:3])
        plain &= ~ledger.in_doubt()
        if self.measure.kind is Kind.REGISTER:
            plain &= self._only_goes_up(keys, readings, entries)
            plain &= self._is_as_sent[keys]  # of others rounding may differ by 1e-9
            rising = readings.where(plain[readings.key])
            rising = rising._replace(key=(np.cumsum(plain) - 1)[rising.key])
            self._hold_registers(keys[plain], rising, entries.energy[plain[entries.key]])
        else:
            in_unit = ledger.in_unit(readings.key, readings.time, readings.value)
            readings = readings._replace(value=in_unit)
            self._hold_amounts(keys, readings, longest)
        self.pace[:, keys], self._paced[keys] = 0, NEVER
        if self.measure.holds:
            newest = readings.value[np.append(np.diff(readings.key) > 0, True)]
            self._tail[keys] = tail_of(newest, ledger.usual_ms())
        self.head.put(keys, ledger)
        found[keys] = plain
        self._is_stale &= ~found
        return found

    def _longest_steps(self, keys: Ints, readings: Reordered, before: Ledger) -> Ints:
        """(keys,) for how long a reading may count at most, by what may be learned of a rhythm."""
        if self.measure.kind is Kind.REGISTER:
            return NO_NUMBERS
        longest = longest_steps(readings, before.newest_ms(), before.longest_ms())
        longest = np.maximum(longest * 20 // 19 + 1, before.usual_ms())  # as lengths are snapped
        is_known = before.steps_known() >= MIN_STEPS
        return np.maximum(np.where(is_known, longest, MAX_GAP_MS), self._length[keys])

    def _reordered(self, which: Bools, given: RowsByKey) -> Reordered:
        """All readings of some keys that are kept, those of a piece among them."""
        size = len(which)
        key, time, value = self.ring.of_keys(which)
        rows, prior = given.rows, given.prior
        between = np.bincount(rows.key[rows.time <= prior], minlength=size)
        # A piece's own are the last of each key in the ring: first those that were its newest.
        by_key = np.argsort(key, kind="stable")
        counts = np.bincount(key, minlength=size)
        place = np.empty(len(key), np.int64)
        begins = np.cumsum(counts) - counts
        place[by_key] = np.arange(len(key)) - np.repeat(begins, counts)
        is_skeleton = place < (counts - between)[key]
        kept = time >= self.folded[key]
        number = (np.cumsum(which) - 1)[key[kept]]
        time = time[kept]
        readings = Reordered(number, time, value[kept], is_skeleton[kept])
        return readings.where(by_key_and_time(number, time))

    def _only_goes_up(self, keys: Ints, readings: Reordered, entries: Entries) -> Bools:
        """Which registers only go up, as far as is plausible, and so with any of them left out."""
        many = np.bincount(readings.key, minlength=len(keys))
        found: Bools = many == np.bincount(entries.key, minlength=len(keys))
        minutes = (entries.end - entries.start) / 60_000
        limit = self._largest[keys][entries.key] * minutes
        follows: Bools = FOLLOWS[entries.evidence]
        follows &= (entries.energy >= 0) & (entries.energy <= limit)
        found[entries.key[~follows]] = False
        return found

    def _hold_registers(self, keys: Ints, readings: Reordered, energy: Ints) -> None:
        if not len(keys):
            return
        decided = self.holds.decided[keys]
        for state, ceiling in zip(self.rule_states, self.ceiling, strict=True):
            window = state.rule.window_ms
            ceiling[keys] = highest_of_registers(readings, energy, window, decided)

    def _hold_amounts(self, keys: Ints, readings: Reordered, longest: Ints) -> None:
        key, time, value, _ = readings
        amount = np.maximum(value, 0)
        last = np.zeros(len(keys), np.int64)  # of a power that was the newest, until the next came
        if self.measure.holds:
            per_ms = amount // MS_PER_HOUR + 1
            np.maximum.at(last, key, per_ms * longest[key])
            span = np.minimum(next_of_skeleton(readings) - time, 2 * longest[key])
            amount, longest = per_ms * span, np.zeros_like(longest)
            np.maximum.at(longest, key, span)
        for state, ceiling in zip(self.rule_states, self.ceiling, strict=True):
            reach = state.rule.window_ms + longest
            since = self.holds.decided[keys] - reach
            ceiling[keys] = highest_of_amounts(key, time, amount, reach, since) + last


def _without_implausible(readings: Reordered, ledger: Ledger) -> tuple[Reordered, Bools]:
    """Powers without those that are not plausible: these are as if they were not there.

    Returns:
        the others; and of which keys there are some left, as their readings came out of order, or
        as there are no others.
    """
    key, stays = readings.key, np.zeros(ledger.keys, bool)
    wrong = ledger.implausible(key, readings.time, readings.value)
    if not wrong.any():
        return readings, stays
    stays[key[~readings.is_skeleton]] = True
    stays |= np.bincount(key[~wrong], minlength=ledger.keys) == 0
    left = wrong & stays[key]
    is_left = np.zeros(ledger.keys, bool)
    is_left[key[left]] = True
    return readings.where(~wrong | left), is_left
