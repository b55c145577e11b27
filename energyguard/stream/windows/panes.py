"""Every channel becomes a register; the registers of all keys at the pane borders make windows.

Energies are entries of the ledger: each is given to the panes that its time touches, exactly, so
that the parts add up; a point is in the pane that holds its time: panes are ``[start, end)``. A
level holds until the next reading, and goes to the panes that this spans, counted from what is
nothing (0 K), so that a time without readings lowers the mean of a window and never raises it; it
does not hold for longer than ``MAX_GAP_MS``.

A window is one subtraction. Row i holds each key's register at the end of pane ``base + i``; row 0
is the border before the first pane that any open window needs. Cost of a batch: O(readings + panes
touched x keys), whatever the window and the slide.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from energyguard.model.channels import MAX_GAP_MS
from energyguard.model.readings import Bools, Ints
from energyguard.stream.time.trusted import NEVER
from energyguard.stream.windows.silence_tracker import SilenceChange


@dataclass(frozen=True, slots=True)
class Amounts:
    """m amounts: what to add to which pane of which key."""

    key: Ints
    pane: Ints
    amount: Ints


@dataclass(frozen=True, slots=True)
class Increments:
    """Readings with what they added, in log order: ``at`` is each one's place in the batch."""

    at: Ints
    time: Ints
    amounts: Amounts

    def of(self, key: int) -> list[tuple[int, int, int, int]]:
        """Place, time, pane and amount of a key's readings."""
        mine = np.flatnonzero(self.amounts.key == key)
        columns = (self.at, self.time, self.amounts.pane, self.amounts.amount)
        return list(zip(*(c[mine].tolist() for c in columns), strict=True))

    def given(self, keys: int) -> Ints | int:
        """By how much a window of each key may have been higher between two readings: export."""
        amount = self.amounts.amount
        if int(amount.min(initial=0)) >= 0:
            return 0
        below = amount < 0
        return bincount_exact(self.amounts.key[below], -amount[below], keys)


NOTHING = np.empty(0, np.int64)
NO_ROWS = Increments(NOTHING, NOTHING, Amounts(NOTHING, NOTHING, NOTHING))


@dataclass(frozen=True, slots=True)
class Chain:
    """Readings by key and time, each with the one before it (``has`` is false: there is none)."""

    key: Ints
    time: Ints
    value: Ints
    time_before: Ints
    value_before: Ints
    has: Bools


def chain(key: Ints, time: Ints, value: Ints, last_time: Ints, last_value: Ints) -> Chain:
    """Link readings that are sorted by key and time; ``last_…`` are each key's reading before."""
    first = np.ones(len(key), bool)
    first[1:] = key[1:] != key[:-1]
    time_before, value_before = np.roll(time, 1), np.roll(value, 1)
    time_before[first] = last_time[key[first]]
    value_before[first] = last_value[key[first]]
    return Chain(key, time, value, time_before, value_before, time_before > 0)


def power_amounts(links: Chain, slide_ms: int) -> Amounts:
    """What a power used, or a level was, until the next reading, split at the pane borders."""
    has = links.has & (links.value_before != 0)
    end = np.minimum(links.time, links.time_before + MAX_GAP_MS)
    return _spread(links, has, end, links.value_before, slide_ms)


def covered_amounts(links: Chain, slide_ms: int, gap_ms: int, holds: bool) -> Amounts:
    """How many ms of each pane readings speak of.

    A reading speaks of the time since the one before it if that is no longer than ``gap_ms``; where
    readings hold, of the time until the next one, for so long.
    """
    end = np.minimum(links.time, links.time_before + gap_ms)
    has = links.has if holds else links.has & (end == links.time)
    return _spread(links, has, end, np.ones_like(end), slide_ms)


def _spread(links: Chain, has: Bools, end: Ints, per_ms: Ints, slide_ms: int) -> Amounts:
    """What something comes to from each reading before until ``end``, split at pane borders."""
    key, start, end, per_ms = links.key[has], links.time_before[has], end[has], per_ms[has]
    first, last = start // slide_ms, (end - 1) // slide_ms
    spans = last - first + 1
    row = np.repeat(np.arange(len(key)), spans)
    pane = first[row] + np.arange(len(row)) - np.repeat(np.cumsum(spans) - spans, spans)
    held = np.minimum(end[row], (pane + 1) * slide_ms) - np.maximum(start[row], pane * slide_ms)
    return Amounts(key[row], pane, per_ms[row] * held)


def held_until(
    border_ms: Ints, last_time: Ints, last_value: Ints, gap_ms: int = MAX_GAP_MS
) -> Ints:
    """What each key's newest reading, held, adds by some borders: shape (borders, keys)."""
    until = np.minimum(border_ms[:, None], last_time + gap_ms)
    return np.maximum(until - last_time, 0) * last_value


EXACT_FLOAT = 2**53
_LOW = (1 << 32) - 1


def bincount_exact(cell: Ints, amount: Ints, cells: int) -> Ints:
    """Sum int64 amounts by cell, exactly: ``numpy.bincount`` alone sums in floats."""
    if not len(amount):
        return np.zeros(cells, np.int64)
    largest = max(int(amount.max()), -int(amount.min()))
    if largest * len(amount) < EXACT_FLOAT:
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


class BatchSlice(NamedTuple):
    """Readings ``start`` to ``stop`` of a batch, and the devices that went quiet or came back."""

    run: Ints  # the partition's newest time just after each reading of the whole batch
    before: int  # the same just before the first of these
    start: int
    stop: int
    changes: list[SilenceChange]

    @property
    def is_whole(self) -> bool:
        """Whether it is all of the batch."""
        return self.start == 0 and self.stop == len(self.run)

    @property
    def known(self) -> int:
        """The newest time before it; of what begins with nothing, its first."""
        return self.before if self.before > NEVER else int(self.run[self.start])

    def cut(self, start: int, stop: int) -> BatchSlice:
        """A part of it."""
        before = int(self.run[start - 1]) if start else self.before
        mine = [change for change in self.changes if start <= change.at < stop]
        return BatchSlice(self.run, before, start, stop, mine)


class Closings(NamedTuple):
    """The windows that a batch closes: their ends in panes, and where in the batch."""

    ends: Ints
    at: Ints
    closed_before: int


def closing_places(whole: BatchSlice, patience_ms: int, slides: Iterable[int]) -> list[int]:
    """The places of a batch at which windows close."""
    places: set[int] = set()
    for slide in slides:
        closed = (whole.run - patience_ms) // slide
        first = (whole.known - patience_ms) // slide
        places |= set(np.flatnonzero(np.diff(closed, prepend=first)).tolist())
    return sorted(places)
