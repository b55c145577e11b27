"""What is sent times a scale is in the channel's unit: a meter behind a current transformer × 40.

Readings are folded as they were sent, as a register's digits, resets and steps are those of what
it shows. What comes out, entries and bounds, is scaled, by the scale that holds at the reading's
time. Of a difference over a change of the scale nobody knows how much was used before it: the
newer scale counts, and its bounds have both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from energyguard.ledger.entries import Entries
from energyguard.ledger.evidence import Evidence
from energyguard.model.readings import Ints

_LARGEST: Final = 2**62
"""1e-9 kWh: what would be more is this."""


class Scale(NamedTuple):
    """From an event time on (the first: always before), what is sent counts ``times / per``."""

    from_ms: int
    times: int
    per: int

    def of(self, value: Ints) -> Ints:
        """Values as they count, to the nearest 1e-9; halves away from 0, so that signs are alike.

        What would not fit an int64 is the largest that does.
        """
        largest = int(np.abs(value).max(initial=0))
        if 2 * largest * self.times + self.per < _LARGEST:
            size = (2 * np.abs(value) * self.times + self.per) // (2 * self.per)
            found: Ints = np.sign(value) * size
            return found
        whole = [
            (-1 if amount < 0 else 1)
            * min((2 * abs(amount) * self.times + self.per) // (2 * self.per), _LARGEST)
            for amount in value.tolist()
        ]
        return np.array(whole, np.int64)


Scales = tuple[Scale, ...]
"""Of a channel, by their times; empty: it is as it was sent."""


def place_of(scales: Sequence[Scale], time: Ints) -> Ints:
    """(n,) which of the scales holds at each time."""
    borders = np.array([scale.from_ms for scale in scales[1:]], np.int64)
    found: Ints = np.searchsorted(borders, time, side="right")
    return found


def scale_at(scales: Sequence[Scale], time_ms: int) -> Scale | None:
    """The one that holds at a time; None: it is as it was sent."""
    if not scales:
        return None
    found = scales[int(place_of(scales, np.array([time_ms]))[0])]
    return None if found.times == found.per else found


def scaled(scales: Sequence[Scale], time: Ints, value: Ints) -> Ints:
    """(n,) values, sent at these times, in the channel's unit."""
    if len(scales) == 1:
        return scales[0].of(value)
    place, found = place_of(scales, time), value.copy()
    for number, scale in enumerate(scales):
        mine = place == number
        found[mine] = scale.of(value[mine])
    return found


class KeyScales:
    """The scales of keys, which are numbers from 0: few have any, and many have the same."""

    def __init__(self) -> None:
        self._number: Ints = np.empty(0, np.int64)  # of each key, in the list
        self._list: list[Scales] = [()]

    def __len__(self) -> int:
        return len(self._number)

    def __getitem__(self, key: int) -> Scales:
        return self._list[int(self._number[key])]

    def grow(self, scales: Sequence[Scales]) -> None:
        """Add those of the next keys."""
        fresh = [self._of(single) for single in scales]
        self._number = np.concatenate([self._number, np.array(fresh, np.int64)])

    def save(self) -> list[list[list[int]]]:
        """Of keys that have some: the key, and each scale."""
        keys = np.flatnonzero(self._number).tolist()
        return [[[key], *([*scale] for scale in self[key])] for key in keys]

    @classmethod
    def loaded(cls, keys: int, saved: Sequence[Sequence[Sequence[int]]]) -> KeyScales:
        """Those of so many keys, of which some were saved."""
        found = cls()
        found.grow([()] * keys)
        for (key,), *scales in saved:
            found.tell(key, tuple(Scale(*scale) for scale in scales))
        return found

    def tell(self, key: int, scales: Scales) -> None:
        """Let a key have others."""
        self._number[key] = self._of(scales)

    def in_unit(self, key: Ints, time: Ints, value: Ints) -> Ints:
        """(n,) values that were sent, in the channel's unit."""
        if len(self._list) == 1 or not (number := self._number[key]).any():
            return value
        found = value.copy()
        for single in np.unique(number[number > 0]).tolist():
            mine = number == single
            found[mine] = scaled(self._list[single], time[mine], value[mine])
        return found

    def factors(self, key: Ints, time: Ints) -> npt.NDArray[np.float64]:
        """(n,) times what values of these times count."""
        found = np.ones(len(key))
        if len(self._list) > 1:
            number = self._number[key]
            for single in np.unique(number[number > 0]).tolist():
                mine, scales = number == single, self._list[single]
                each = np.array([scale.times / scale.per for scale in scales])
                found[mine] = each[place_of(scales, time[mine])]
        return found

    def _of(self, scales: Scales) -> int:
        if scales not in self._list:
            self._list.append(scales)
        return self._list.index(scales)


def scaled_entries(entries: Entries, scales: Sequence[Scale], of_registers: bool) -> Entries:
    """Entries of a channel that were folded of what was sent, as they count.

    Args:
        entries: some.
        scales: of the channel.
        of_registers: whether they are differences, over which the scale may have changed.
    """
    energy, low, high = (
        scaled(scales, entries.stamp, column)
        for column in (entries.energy, entries.low, entries.high)
    )
    if of_registers and len(scales) > 1:
        first, last = place_of(scales, entries.start), place_of(scales, entries.stamp)
        for number, scale in enumerate(scales):
            over = (first <= number) & (number < last)
            low[over] = np.minimum(low[over], scale.of(entries.low[over]))
            high[over] = np.maximum(high[over], scale.of(entries.high[over]))
    number_of = entries.number.copy()
    watts = entries.evidence == Evidence.TOO_LARGE
    number_of[watts] = scaled(scales, entries.stamp[watts], entries.number[watts])
    return replace(entries, energy=energy, low=low, high=high, number=number_of)
