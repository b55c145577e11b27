"""What windows hold of the entries of many keys, without a look at each window.

Between two times at which a border of a window meets a border of an entry, what windows hold goes
up or down evenly: the highest is at one of the two. So only the ends beside those times are looked
at, and all ends between two of them only where these are close to a level.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from energyguard.ledger.spread import part
from energyguard.model.channels import MAX_GAP_MS, MS_PER_HOUR
from energyguard.model.readings import Bools, Ints

MARGIN = 4
"""Parts are whole 1e-9 kWh: a window between two others may have so much more than either."""
ENDS_AT_ONCE = 1 << 18
"""Of so many windows the sums are made at once, to bound memory."""


class WindowTotals(NamedTuple):
    """Windows: whose, where they end in slides, and what they have, sorted by key and end."""

    key: Ints
    end: Ints
    total: Ints

    def where(self, which: Bools) -> WindowTotals:
        """Some of them."""
        return WindowTotals(*(column[which] for column in self))


class KeySums:
    """The sums of windows of entries that do not overlap within a key.

    Args:
        key: whose each entry is, numbers from 0; sorted, and by time within each; at least one.
        start, end: ms.
        energy: 1e-9 kWh.
    """

    def __init__(self, key: Ints, start: Ints, end: Ints, energy: Ints) -> None:
        self.key, self.start, self.end, self.energy = key, start, end, energy
        self._before = np.cumsum(energy) - energy
        self._origin = int(start.min())
        self._stride = int(np.ptp(start)) + 2
        self._places = key * self._stride + (start - self._origin)

    def until(self, key: Ints, time_ms: Ints) -> Ints:
        """What keys have before times, and the same for all times of a key besides: (n,)."""
        passed = np.clip(time_ms - self._origin, 0, self._stride - 1)
        place = np.searchsorted(self._places, key * self._stride + passed) - 1
        at = np.maximum(place, 0)
        of = self.energy[at], self.start[at], self.end[at]
        has = (place >= 0) & (self.key[at] == key)
        rest = np.minimum(place + 1, len(self.key) - 1)  # the key's first entry is later
        found: Ints = np.where(has, self._before[at] + part(*of, time_ms), self._before[rest])
        return found

    def totals(self, key: Ints, end: Ints, slide_ms: int, window_ms: int) -> Ints:
        """What windows have that end there, in slides: (n,)."""
        end_ms = end * slide_ms
        return self.until(key, end_ms) - self.until(key, end_ms - window_ms)

    def turns(self, first: tuple[Ints, ...], slide_ms: int, window_ms: int) -> WindowTotals:
        """The windows at which sums may turn, from the first of each key on.

        Args:
            first: of each key ends that are looked at besides; none before the first of them is.
            slide_ms: how far apart ends are.
            window_ms: how long windows are.
        """
        times = [self.start, self.end, self.start + window_ms, self.end + window_ms]
        below = [time // slide_ms for time in times]
        lowest = first[0][self.key]
        every = np.concatenate(
            [*first, *(np.maximum(n + more, lowest) for n in below for more in (0, 1))]
        )
        keys = np.arange(len(first[0]))
        key = np.concatenate([*([keys] * len(first)), *([self.key] * 8)])
        low, stride = int(every.min()), int(np.ptp(every)) + 1
        places = np.unique(key * stride + (every - low))
        key, end = places // stride, places % stride + low
        return WindowTotals(key, end, self.totals(key, end, slide_ms, window_ms))

    def above(
        self, turns: WindowTotals, level: Ints, last: Ints, slide_ms: int, window_ms: int
    ) -> WindowTotals:
        """All windows above the levels of their keys that end no later than the last of each."""
        found = [turns.where((turns.total > level[turns.key]) & (turns.end <= last[turns.key]))]
        key = turns.key[:-1]
        high = np.maximum(turns.total[:-1], turns.total[1:]) > level[key] - MARGIN
        count = np.minimum(turns.end[1:] - 1, last[key]) - turns.end[:-1]
        at = np.flatnonzero(high & (key == turns.key[1:]) & (count > 0))
        many = np.cumsum(count[at]) // ENDS_AT_ONCE
        for block in np.split(at, np.flatnonzero(np.diff(many)) + 1):
            counts = count[block]
            which = np.repeat(block, counts)
            step = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
            key, end = turns.key[which], turns.end[which] + 1 + step
            listed = WindowTotals(key, end, self.totals(key, end, slide_ms, window_ms))
            found.append(listed.where(listed.total > level[key]))
        joined = WindowTotals(*(np.concatenate(column) for column in zip(*found, strict=True)))
        order = np.lexsort((joined.end, joined.key))
        return WindowTotals(*(column[order] for column in joined))


def overlapping(key: Ints, start: Ints, end: Ints, until: Ints) -> Bools:
    """(keys,) whose entries, sorted by key and stamp, overlap, or begin before a time of theirs."""
    before = until[key]
    same = key[1:] == key[:-1]
    before[1:][same] = end[:-1][same]
    found = np.zeros(len(until), bool)
    found[key[start < before]] = True
    return found


def pace_of(energy: Ints, length_ms: Ints, window_ms: int) -> Ints:
    """(n,) no window that lies in entries at least as long as it is has more than the highest."""
    share = np.maximum(energy, 0) * (window_ms / np.maximum(length_ms, 1))
    return np.ceil(share).astype(np.int64) + MARGIN


def tail_of(power: Ints, usual_ms: Ints) -> Ints:
    """(n,) no window has more of keys' newest powers (1e-9 kW) while these have no entry yet."""
    tail: Ints = (np.maximum(power, 0) // MS_PER_HOUR + 1) * np.maximum(usual_ms, MAX_GAP_MS)
    return tail


def first_starts(key: Ints, start: Ints, keys: int) -> Ints:
    """(keys,) when the first entry of each begins, of entries sorted by key."""
    at = np.searchsorted(key, np.arange(keys))
    found: Ints = start[np.minimum(at, len(start) - 1)]
    return found
