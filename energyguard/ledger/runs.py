"""Readings sorted by key and time as runs, one for each key, and what went before in each.

runs = KeyRuns(key)
trail = trail_of(runs, rows.powers[runs.keys], powers)  # 16 kept of each key, then new ones
trail.largest_before()                               # of each reading: the largest of 16 before
trail.newest()                                       # (keys, 16) to be kept
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from energyguard.model.readings import Bools, Ints

Numbers = npt.NDArray[Any]


class KeyRuns:
    """n readings of K keys.

    Attributes:
        keys: (K,) whose runs they are.
        first, last, count: (K,) where each run begins and ends, and how many readings it has.
        single: whether each run has one reading: columns of readings are columns of runs then.
    """

    def __init__(self, key: Ints) -> None:
        self.size = len(key)
        differs = key[1:] != key[:-1]
        self.single = bool(differs.all())
        if self.single:
            self.first: Ints = np.arange(self.size)
            self.keys: Ints = key
            self.count: Ints = np.ones(self.size, np.int64)
            self.last: Ints = self.first
            return
        starts = np.flatnonzero(differs) + 1
        self.first = np.concatenate([np.zeros(min(1, self.size), np.int64), starts])
        self.keys = key[self.first]
        self.count = np.diff(self.first, append=self.size)
        self.last = self.first + self.count - 1

    @cached_property
    def rows(self) -> slice | Ints:
        """Where their rows are: as a slice, where the keys follow each other without a gap."""
        first, last = int(self.keys[0]), int(self.keys[-1])
        return slice(first, last + 1) if last - first + 1 == len(self.keys) else self.keys

    @cached_property
    def run(self) -> Ints:
        """(n,) which run a reading is in."""
        return np.repeat(np.arange(len(self.keys)), self.count)

    @cached_property
    def place(self) -> Ints:
        """(n,) how many readings of its run are before a reading."""
        return np.arange(self.size) - np.repeat(self.first, self.count)

    @cached_property
    def regular(self) -> bool:
        """Whether all runs have as many readings."""
        return self.single or (len(self.keys) > 0 and bool((self.count == self.count[0]).all()))

    def each(self, values: Numbers) -> Numbers:
        """(n,) what (K,) values of the runs are for their readings; of (1,) those."""
        return values if self.single or len(values) == 1 else np.repeat(values, self.count)

    def firsts(self, column: Numbers) -> Numbers:
        """(K,) what a column has at the first reading of each run."""
        return column if self.single else column[self.first]

    def lasts(self, column: Numbers) -> Numbers:
        """(K,) what it has at the last reading of each run."""
        return column if self.single else column[self.last]

    def previous(self, column: Numbers, kept: Numbers) -> Numbers:
        """(n,) what a column has at the reading before; at the first of a run what is kept (K,)."""
        if self.single:
            return kept.astype(column.dtype)
        before = np.empty_like(column)
        before[1:] = column[:-1]
        before[self.first] = kept
        return before

    def newest(self, column: Numbers, kept: Numbers) -> Numbers:
        """(K, width) the newest of a column and of what is kept (K, width), the newest last."""
        width = kept.shape[1]
        if self.single:
            return _pushed(kept, column)
        if self.regular:
            new = column.reshape(len(self.keys), -1)
            if new.shape[1] >= width:
                return new[:, -width:]
            return np.concatenate([kept[:, new.shape[1] :], new], axis=1)
        back = np.arange(width - 1, -1, -1)
        result: Numbers = column[np.maximum(self.last[:, None] - back, 0)]
        old = np.flatnonzero(self.count < width)
        behind = self.count[old, None] + np.arange(width)
        rows, places = np.nonzero(behind < width)
        result[old[rows], places] = kept[old[rows], behind[rows, places]]
        return result


def before_first_not(runs: KeyRuns, follows: Bools) -> Bools:
    """(n,) which readings are before the first of their run that does not follow."""
    broken = np.flatnonzero(~follows)
    if not len(broken):
        return follows
    stop = runs.count.copy()
    which, at = np.unique(runs.run[broken], return_index=True)
    stop[which] = runs.place[broken[at]]
    return runs.place < np.repeat(stop, runs.count)


def _pushed(kept: Numbers, new: Numbers) -> Numbers:
    """(K, width) rows without their first number, and with another (K,) behind the last."""
    pushed = np.empty(kept.shape, kept.dtype)
    if len(pushed):
        pushed.reshape(-1)[:-1] = kept.reshape(-1)[1:]  # as one row: far quicker than row by row
        pushed[:, -1] = new
    return pushed


class SingleTrail:
    """What is kept of each key, and at most one new number of it: a ``Trail`` without a row."""

    def __init__(self, kept: Numbers, new: Numbers, chosen: Bools | None = None) -> None:
        """Take new numbers.

        Args:
            kept: (K, width) numbers, the newest last.
            new: a number for each key, or for each that is chosen.
            chosen: (K,) which keys have a number; None: all.
        """
        self._kept, self._chosen = kept.copy(), chosen  # it may be a view of what is replaced
        self._new = new
        if chosen is not None:
            self._new = np.zeros(len(kept), kept.dtype)
            self._new[chosen] = new

    def newest(self) -> Numbers:
        """(K, width) the newest of each key, the newest last."""
        newest = _pushed(self._kept, self._new)
        if self._chosen is not None:
            newest[~self._chosen] = self._kept[~self._chosen]
        return newest

    def highest(self) -> int:
        """The largest number of all."""
        return max(int(self._kept.max(initial=0)), int(self._new.max(initial=0)))

    def extremes(self) -> tuple[Numbers, Numbers]:
        """(K,) the smallest and the largest number of each key, of the kept and the new."""
        columns = [*self._kept.T]
        new = self._new
        if self._chosen is not None:
            new = np.where(self._chosen, new, columns[-1])
        lowest, highest = new.copy(), new.copy()
        for column in columns:
            np.minimum(lowest, column, out=lowest)
            np.maximum(highest, column, out=highest)
        return lowest, highest

    def columns(self, own: Bools | bool, chosen: Ints | None) -> list[Numbers]:
        """The ``width`` numbers before readings, or up to their own, as columns.

        Args:
            own: which readings' own numbers are among them.
            chosen: of which readings; None: of all.
        """
        columns = [*self._kept.T, self._new]
        if chosen is not None:
            columns = [column[chosen] for column in columns]
        if own is False:
            return columns[:-1]
        if own is True:
            return columns[1:]
        own = own if chosen is None else own[chosen]
        return [np.where(own, *pair) for pair in zip(columns[1:], columns[:-1], strict=True)]

    def largest_before(self, chosen: Ints) -> Numbers:
        """The largest of the ``width`` numbers before some of the readings."""
        found: Numbers = self._kept[chosen].max(axis=1)
        return found

    def smallest_before(self, chosen: Ints) -> Numbers:
        """The smallest of them."""
        found: Numbers = self._kept[chosen].min(axis=1)
        return found

    def last_before(self) -> Numbers:
        """(K,) the number before each reading."""
        return self._kept[:, -1]


class Trail:
    """One flat row of numbers: of each key what is kept, then what is new.

    So the ``width`` numbers before any new one are of its own key.
    """

    def __init__(
        self, runs: KeyRuns, kept: Numbers, new: Numbers, chosen: Bools | None = None
    ) -> None:
        """Lay new numbers behind the kept ones.

        Args:
            runs: of n readings, of K keys.
            kept: (K, width) numbers, the newest last.
            new: a number for each reading, or for each that is chosen.
            chosen: (n,) which readings have a number; None: all.
        """
        keys, self.width = kept.shape
        offset = self.width * (runs.run + 1)
        if chosen is None:
            self.at: Ints = np.arange(runs.size) + offset
            ends = runs.last + 1
        else:
            passed: Ints = np.cumsum(chosen)
            self.at = passed - chosen.astype(np.int64) + offset
            ends = passed[runs.last]
        self._ends = ends + self.width * np.arange(1, keys + 1)
        self._regular = chosen is None and runs.regular
        if self._regular:
            self.flat = np.concatenate([kept, new.reshape(keys, -1)], axis=1).ravel()
            return
        self.flat = np.empty(keys * self.width + len(new), kept.dtype)
        begins = np.zeros(keys, np.int64)
        begins[1:] = self._ends[:-1]
        self._windows(writeable=True)[begins] = kept
        self.flat[self.at if chosen is None else self.at[chosen]] = new

    def _windows(self, *, writeable: bool = False) -> Numbers:
        return np.lib.stride_tricks.sliding_window_view(self.flat, self.width, writeable=writeable)

    def newest(self) -> Numbers:
        """(K, width) the newest of each key, the newest last."""
        if self._regular:
            table = self.flat.reshape(len(self._ends), -1)
            return table[:, -self.width :]
        found: Numbers = self._windows()[self._ends - self.width]
        return found

    def highest(self) -> int:
        """The largest number of all."""
        return int(self.flat.max(initial=0))

    def extremes(self) -> tuple[Numbers, Numbers]:
        """(K,) the smallest and the largest number of each key, of the kept and the new."""
        begins = np.concatenate([np.zeros(1, np.int64), self._ends[:-1]])
        return np.minimum.reduceat(self.flat, begins), np.maximum.reduceat(self.flat, begins)

    def largest_before(self, chosen: Ints) -> Numbers:
        """The largest of the ``width`` numbers before some of the readings."""
        found: Numbers = self._windows()[self.at[chosen] - self.width].max(axis=1)
        return found

    def smallest_before(self, chosen: Ints) -> Numbers:
        """The smallest of them."""
        found: Numbers = self._windows()[self.at[chosen] - self.width].min(axis=1)
        return found

    def last_before(self) -> Numbers:
        """(n,) the number before each reading."""
        found: Numbers = self.flat[self.at - 1]
        return found


def trail_of(
    runs: KeyRuns, kept: Numbers, new: Numbers, chosen: Bools | None = None
) -> Trail | SingleTrail:
    """New numbers behind the kept ones: see ``Trail``."""
    return SingleTrail(kept, new, chosen) if runs.single else Trail(runs, kept, new, chosen)
