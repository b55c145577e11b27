"""Entries: what a channel's readings say was used, from when to when.

A channel's entries are a function of its readings, sorted by event time, and of what is said of it;
no clock, batch or order of arrival has a part in them. One reading makes one entry, so an entry's
identity is its reading's: device, channel, stamp. Whoever learns of more readings folds again, and
of two entries of one identity the later one counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np

from energyguard.model.readings import Bools, Ints


class EntryKind(IntEnum):
    """What an entry stands for; its number is in the history, and never changes."""

    FIRST = 1  # no reading before it: nothing is known of what was used
    INTERVAL = 2  # an amount for its length, or a point of at most a minute
    DIFFERENCE = 3  # of a register to the reading before; of a power what it came to
    GAP = 4  # a difference over a longer time than usual: energy known, its time not
    RESET = 5  # a register that began again at 0
    ROLLOVER = 6  # a register that ran past its last digit
    SWAP = 7  # another meter, or a register that was set: what was used in the step is not known
    DIP = 8  # a register that was lower and came back: nothing was used
    GLITCH = 9  # not plausible: set apart
    CORRECTION = 10  # a person's word


@dataclass(frozen=True, slots=True)
class Entries:
    """n entries, in columns of n numbers: times in ms since 1970 UTC, energies in 1e-9 kWh."""

    key: Ints  # whose: a number of the caller's
    stamp: Ints  # the time of the reading that made it
    start: Ints  # [start, end): the time in which it was used; start = end: at a point, or nothing
    end: Ints
    energy: Ints  # signed: import +, export -
    low: Ints  # what it was at least, where the largest plausible power holds
    high: Ints  # and at most
    kind: Ints  # an EntryKind
    evidence: Ints  # an Evidence: why it is of this kind
    number: Ints  # what the evidence is about: see Evidence

    def __len__(self) -> int:
        return len(self.key)

    def columns(self) -> tuple[Ints, ...]:
        """All columns, in the order of the fields."""
        return tuple(getattr(self, field.name) for field in fields(self))

    def where(self, which: Ints | Bools | slice) -> Entries:
        """Some of them."""
        return Entries(*(column[which] for column in self.columns()))

    @classmethod
    def none(cls) -> Entries:
        """No entries."""
        return cls(*(np.empty(0, np.int64) for _ in fields(cls)))

    @classmethod
    def joined(cls, parts: Sequence[Entries]) -> Entries:
        """Entries one after another."""
        if not parts:
            return cls.none()
        return cls(*map(np.concatenate, zip(*(part.columns() for part in parts), strict=True)))
