"""What slots hold that are not over yet: energy, and how much of their time it speaks of."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from energyguard.detection.slots import HOUR_MS
from energyguard.ledger.entries import Entries, EntryKind
from energyguard.ledger.spread import spread
from energyguard.model.quantities import NANO
from energyguard.model.readings import Bools, Ints

SAYS_NOTHING: Final = (EntryKind.FIRST, EntryKind.GAP, EntryKind.SWAP, EntryKind.GLITCH)
"""Of these nobody knows how much was used when."""
COVERED: Final = 0.8
"""A slot is known of which entries cover this part."""
_NOTHING_KNOWN: Final = -(2**40)


class UsedAmounts(NamedTuple):
    """What was used from when to when: (n,) of each."""

    key: Ints
    start: Ints
    end: Ints
    energy: Ints
    covers: Ints
    """Of a point the time that it speaks of; else -1."""

    @classmethod
    def of(cls, entries: Entries, covers: Ints | int = -1) -> UsedAmounts:
        """What entries say; of some nobody knows anything."""
        says = ~np.isin(entries.kind, SAYS_NOTHING)
        each = np.broadcast_to(covers, says.shape)
        columns = entries.key, entries.start, entries.end, entries.energy, each
        return cls(*(column[says] for column in columns))

    def where(self, which: Bools) -> UsedAmounts:
        """Some of them."""
        return UsedAmounts(*(column[which] for column in self))

    def joined(self, other: UsedAmounts) -> UsedAmounts:
        """These, then others."""
        return UsedAmounts(*(np.concatenate(pair) for pair in zip(self, other, strict=True)))


class OpenSlots(NamedTuple):
    """Slots of keys, each once, sorted by key and number: (n,) of each."""

    key: Ints
    number: Ints
    energy: Ints
    ms: Ints

    @classmethod
    def none(cls) -> OpenSlots:
        """No slots."""
        return cls(*(np.empty(0, np.int64) for _ in cls._fields))

    def where(self, which: Bools) -> OpenSlots:
        """Some of them."""
        return OpenSlots(*(column[which] for column in self))

    def with_amounts(self, amounts: UsedAmounts, slot_ms: int, first: Ints) -> OpenSlots:
        """Add amounts of keys with slots of one length.

        Args:
            amounts: what was used.
            slot_ms: the length.
            first: (keys,) the first slot of each that is not over.
        """
        parts = spread(amounts.energy, amounts.start, amounts.end, slot_ms)
        key, covers = amounts.key[parts.entry], amounts.covers[parts.entry]
        ms = np.where(covers < 0, parts.inside_ms, covers)
        more = OpenSlots(key, parts.bucket, parts.energy, ms)
        return self._with(more.where(more.number >= first[key]))

    def _with(self, other: OpenSlots) -> OpenSlots:
        if not len(other.key):
            return self
        key, number, energy, ms = (np.concatenate(pair) for pair in zip(self, other, strict=True))
        order = np.lexsort((number, key))
        key, number = key[order], number[order]
        first = np.flatnonzero(np.append(True, (key[1:] != key[:-1]) | (number[1:] != number[:-1])))
        sums = (np.add.reduceat(column[order], first) for column in (energy, ms))
        return OpenSlots(key[first], number[first], *sums)

    def doubting(self, keys: Ints, number: Ints) -> OpenSlots:
        """The same, but nothing is known of those of some keys, nor of one more slot of each."""
        unknown = np.full(len(keys), _NOTHING_KNOWN)
        self.ms[np.isin(self.key, keys)] = _NOTHING_KNOWN
        return self._with(OpenSlots(keys, number, np.zeros_like(keys), unknown))

    def doubt(self, key: int, first: int, last: int) -> None:
        """Nothing is known any more of slots of a key, in which something is counted anew."""
        self.ms[(self.key == key) & (self.number >= first) & (self.number <= last)] = _NOTHING_KNOWN

    def powers(self, key: Ints, number: Ints, slot_ms: Ints) -> npt.NDArray[np.float64]:
        """(n,) the mean power (kW) of slots that are over; NaN: too little of it is known."""
        if not len(self.key) or not len(key):
            return np.full(len(key), np.nan)
        lowest = min(int(self.number.min()), int(number.min()))
        mine, wanted = ((k << 32) + n - lowest for k, n in (self[:2], (key, number)))
        place = np.minimum(np.searchsorted(mine, wanted), len(mine) - 1)
        ms = np.minimum(self.ms[place], slot_ms)
        known = (mine[place] == wanted) & (ms >= COVERED * slot_ms)
        kw: npt.NDArray[Any] = self.energy[place] / NANO / np.where(known, ms, 1) * HOUR_MS
        return np.where(known, kw, np.nan)
