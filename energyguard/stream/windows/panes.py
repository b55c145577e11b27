"""The registers of all keys at the pane borders; a window is one subtraction.

Row i holds each key's register at the end of pane ``base + i``; row 0 is the border before the
first pane that any open window needs. Cost of a batch: O(readings + panes touched x keys), whatever
the window and the slide.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from energyguard.stream.time.batch import Bools, Ints
from energyguard.stream.windows.increments import Amounts

EXACT_FLOAT = 2**53
_LOW = (1 << 32) - 1


def bincount_exact(cell: Ints, amount: Ints, cells: int) -> Ints:
    """Sum int64 amounts by cell, exactly: ``numpy.bincount`` alone sums in floats."""
    if not len(amount):
        return np.zeros(cells, np.int64)
    most = max(int(amount.max()), -int(amount.min()))
    if most * len(amount) < EXACT_FLOAT:
        return np.bincount(cell, weights=amount, minlength=cells).astype(np.int64)
    low = np.bincount(cell, weights=amount & _LOW, minlength=cells).astype(np.int64)
    high = np.bincount(cell, weights=amount >> 32, minlength=cells).astype(np.int64)
    return low + (high << 32)


class Panes:
    """One matrix of registers: panes x keys."""

    def __init__(self, slide_ms: int) -> None:
        self.slide_ms = slide_ms
        self.base = 0
        self.rows = 0  # 0: nothing yet
        self.keys = 0
        self._c = np.zeros((0, 0), np.int64)

    @property
    def head(self) -> int:
        """The newest pane that has a row."""
        return self.base + self.rows - 1

    def begin(self, pane: int) -> None:
        """Set the first pane; before it every register is nothing."""
        if not self.rows:
            self.base, self.rows = pane - 1, 1
            self._reserve(1, self.keys)

    def reach(self, pane: int, keys: int) -> None:
        """Make rows up to a pane and columns for so many keys."""
        if pane > self.head or keys > self._c.shape[1]:
            self._reserve(max(pane - self.base + 1, self.rows), keys)
        if pane > self.head:
            new = pane - self.base + 1
            self._c[self.rows : new] = self._c[self.rows - 1]
            self.rows = new
        self.keys = max(self.keys, keys)

    def _reserve(self, rows: int, keys: int) -> None:
        have_rows, have_keys = self._c.shape
        if rows <= have_rows and keys <= have_keys:
            return
        more_rows = max(have_rows, rows + rows // 4 + 8 if rows > have_rows else 0)
        more_keys = max(have_keys, keys + keys // 4 + 8 if keys > have_keys else 0)
        grown = np.zeros((more_rows, more_keys), np.int64)
        kept = min(self.rows, have_rows)
        grown[:kept, :have_keys] = self._c[:kept]
        self._c = grown

    def add(self, amounts: Amounts) -> None:
        """Add amounts to panes that have rows; later borders feel them too."""
        if not len(amounts.key):
            return
        low = int(amounts.pane.min())
        there = np.bincount(amounts.pane - low) > 0
        borders = np.flatnonzero(there) + low - self.base  # the rows where registers grow
        row = (np.cumsum(there) - 1)[amounts.pane - low]
        cell = row * self.keys + amounts.key
        cells = len(borders) * self.keys
        gained = bincount_exact(cell, amounts.amount, cells).reshape(-1, self.keys)
        if len(borders) > 1:
            np.cumsum(gained, axis=0, out=gained)
        start, last = int(borders[0]), int(borders[-1])
        if last - start < 2 * len(borders):
            each = (np.cumsum(there) - 1)[: last - start]
            self._c[start:last, : self.keys] += gained[each]
        else:  # slow meters: between two of their readings nothing grows
            for i, (row_, next_) in enumerate(pairwise(borders.tolist())):
                self._c[row_:next_, : self.keys] += gained[i]
        self._c[last : self.rows, : self.keys] += gained[-1]

    def add_within(self, amounts: Amounts) -> None:
        """Add those of the amounts whose panes have rows."""
        kept = (amounts.pane > self.base) & (amounts.pane <= self.head)
        self.add(Amounts(amounts.key[kept], amounts.pane[kept], amounts.amount[kept]))

    def clear(self, keys: Bools) -> None:
        """Set the registers of the keys marked back to nothing."""
        self._c[: self.rows, : self.keys][:, keys] = 0

    def restart(self, pane: int) -> None:
        """Begin again at a pane, after a gap that leaves nothing to remember."""
        self._c[:] = 0
        self.base, self.rows = pane - 1, 1

    def forget(self, pane: int) -> None:
        """Let go of the rows before a pane."""
        gone = min(pane - 1 - self.base, self.rows - 1)
        if gone > max(16, self.rows // 4):
            self._c[: self.rows - gone] = self._c[gone : self.rows].copy()
            self.base += gone
            self.rows -= gone

    def registers(self, panes: Ints, keys: Ints | slice = slice(None)) -> Ints:
        """The registers at the end of panes (before the first: nothing): shape (panes, keys)."""
        at: Ints = np.minimum(np.maximum(panes - self.base, 0), self.rows - 1)
        if isinstance(keys, slice):
            if len(at) and at[-1] - at[0] == len(at) - 1:  # side by side: no copy
                return self._c[at[0] : at[-1] + 1, : self.keys]
            return self._c[at, : self.keys]
        return self._c[np.ix_(at, keys)]

    def windows(self, ends: Ints, panes: int, keys: Ints | slice = slice(None)) -> Ints:
        """What windows of so many panes hold that end before panes ``ends``: (ends, keys)."""
        return self.registers(ends - 1, keys) - self.registers(ends - 1 - panes, keys)
