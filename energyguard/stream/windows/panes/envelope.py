"""No more than this was in a window while readings came out of order, whatever was known when.

Of a key's readings those are *skeleton* that were there before a piece, or that were its newest
when they came. At each moment all skeleton readings up to the key's newest are there, so what lies
between two readings then lies between two of the skeleton, too. Amounts are 1e-9 kWh; readings are
sorted by key and time, and keys are numbers from 0.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from energyguard.model.readings import Bools, Ints
from energyguard.stream.windows.readings.numbering import places_of


class Reordered(NamedTuple):
    """Readings of some keys, sorted by key and time: (readings,) each."""

    key: Ints
    time: Ints
    value: Ints
    is_skeleton: Bools

    def where(self, which: Bools | Ints) -> Reordered:
        """Some of them."""
        key, time, value, is_skeleton = self
        return Reordered(key[which], time[which], value[which], is_skeleton[which])


def next_of_skeleton(readings: Reordered) -> Ints:
    """When the next skeleton reading of the same key is, after each; of the last its own time."""
    key, time, _, is_skeleton = readings
    rows = np.arange(len(key))
    after = np.where(is_skeleton, rows, len(rows))
    behind = np.append(np.minimum.accumulate(after[::-1])[::-1][1:], len(rows))
    found = np.minimum(behind, len(rows) - 1)
    return np.where((behind < len(rows)) & (key[found] == key), time[found], time)


def longest_steps(readings: Reordered, newest_before: Ints, longest_before: Ints) -> Ints:
    """(keys,) no two readings that followed each other at any moment were further apart, in ms.

    Args:
        readings: at least one of each key.
        newest_before: (keys,) the newest reading before them; any time before 1970: none.
        longest_before: (keys,) the longest step that is known of those.
    """
    key, time, _, is_skeleton = readings
    longest = longest_before.copy()
    np.maximum.at(longest, key, next_of_skeleton(readings) - time)
    key, time = key[is_skeleton], time[is_skeleton]
    first = np.flatnonzero(np.diff(key, prepend=-1))
    key, time = key[first], time[first]
    has = newest_before[key] >= 0
    np.maximum.at(longest, key[has], time[has] - newest_before[key[has]])
    return longest


def highest_of_registers(
    readings: Reordered, energy: Ints, window_ms: int, decided_ms: Ints
) -> Ints:
    """(keys,) at most what windows had that end after a time, of registers that only go up.

    Args:
        readings: each has an entry, from the reading before it.
        energy: of the entries; none is negative.
        window_ms: how long windows are.
        decided_ms: (keys,) windows that end at or before it do not count.
    """
    key, time, _, is_skeleton = readings
    keys = len(decided_ms)
    until = np.cumsum(energy)
    begins = np.searchsorted(key, np.arange(keys))
    before_all = (until - energy)[begins]
    places, stride = places_of(key, time)
    bones = np.flatnonzero(is_skeleton)
    of, at = key[bones], places[bones]
    # Windows that end after one bone, and no later than the next, begin after the last bone
    # before the earliest of their beginnings.
    back = np.searchsorted(at, np.maximum(at - window_ms, of * stride), side="right") - 1
    found = np.maximum(back, 0)
    has = (back >= 0) & (of[found] == of) & (time[bones] - window_ms >= time[bones[found]])
    low = np.where(has, until[bones[found]], before_all[of])
    following = np.append(bones[1:], len(key) - 1)
    is_last = np.append(of[1:] != of[:-1], True)
    following = np.where(is_last, bones, following)
    is_open = is_last | (time[following] > decided_ms[of])
    highest = np.zeros(keys, np.int64)
    np.maximum.at(highest, of[is_open], (until[following] - low)[is_open])
    first = np.flatnonzero(np.diff(of, prepend=-1))  # windows that end no later than the first bone
    first = first[time[bones[first]] > decided_ms[of[first]]]
    np.maximum.at(highest, of[first], until[bones[first]] - before_all[of[first]])
    return highest


def highest_of_amounts(key: Ints, time: Ints, amount: Ints, reach_ms: Ints, since_ms: Ints) -> Ints:
    """(keys,) at most what amounts come to that lie together within a reach.

    Args:
        key: whose each amount is; sorted by key and time.
        time: of each, in ms.
        amount: none is negative.
        reach_ms: (keys,) how far apart times may be.
        since_ms: (keys,) earlier times do not count.
    """
    until = np.cumsum(amount)
    places, stride = places_of(key, time)
    end = np.minimum(places + reach_ms[key], key * stride + stride - 1)
    last = np.searchsorted(places, end, side="right") - 1
    total = until[last] - until + amount
    counts = time >= since_ms[key]
    highest = np.zeros(len(reach_ms), np.int64)
    np.maximum.at(highest, key[counts], total[counts])
    return highest
