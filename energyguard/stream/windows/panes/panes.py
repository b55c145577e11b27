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

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from energyguard.model.channels import MAX_GAP_MS
from energyguard.model.readings import Bools, Ints
from energyguard.stream.time.trusted import NEVER
from energyguard.stream.windows.rhythm.silence_tracker import SilenceChange


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
        return summed(self.amounts.key[below], -amount[below], keys)


SPARSE = 4
"""Of so many times more keys than amounts rows grow by single keys: sums of all would cost more."""
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


def summed(cell: Ints, amount: Ints, cells: int) -> Ints:
    """The sums of amounts by cell: (cells,)."""
    sums = np.zeros(cells, np.int64)
    np.add.at(sums, cell, amount)
    return sums


class Panes:
    """The registers of keys at the ends of panes, a row for each pane.

    Rows between which nothing grew are one array: slow meters, and keys whose windows are followed
    elsewhere, take hardly any room.
    """

    def __init__(self, slide_ms: int) -> None:
        self.slide_ms = slide_ms
        self.base = 0
        self.keys = 0
        self._rows: list[Ints] = []

    @property
    def rows(self) -> int:
        """How many rows there are; 0: nothing yet."""
        return len(self._rows)

    @property
    def head(self) -> int:
        """The newest pane that has a row."""
        return self.base + self.rows - 1

    def begin(self, pane: int) -> None:
        """Set the first pane; before it every register is nothing."""
        if not self._rows:
            self.restart(pane)

    def restart(self, pane: int) -> None:
        """Begin again at a pane, after a gap that leaves nothing to remember."""
        self.base, self._rows = pane - 1, [np.zeros(self.keys, np.int64)]

    def reach(self, pane: int, keys: int) -> None:
        """Make rows up to a pane and columns for so many keys."""
        if keys > self.keys:
            more = np.zeros(keys - self.keys, np.int64)
            for first, stop in self._same(0, self.rows):
                wider = np.concatenate([self._rows[first], more])
                self._rows[first:stop] = [wider] * (stop - first)
            self.keys = keys
        self._rows += self._rows[-1:] * (pane - self.head)

    def forget(self, pane: int) -> None:
        """Let go of the rows before a pane."""
        gone = min(pane - 1 - self.base, self.rows - 1)
        if gone > 0:
            del self._rows[:gone]
            self.base += gone

    def add(self, amounts: Amounts) -> None:
        """Add amounts to panes that have rows; later borders feel them too."""
        if not len(amounts.key):
            return
        low = int(amounts.pane.min())
        there = np.bincount(amounts.pane - low) > 0
        borders = np.flatnonzero(there) + low - self.base  # the rows where registers grow
        spans = [*pairwise([*borders.tolist(), self.rows])]
        which = (np.cumsum(there) - 1)[amounts.pane - low]
        if len(amounts.key) * SPARSE < self.keys:
            for i in reversed(range(len(spans))):
                mine = which <= i
                for row in self._own(*spans[i]):
                    np.add.at(row, amounts.key[mine], amounts.amount[mine])
            return
        cell = which * self.keys + amounts.key
        gained = summed(cell, amounts.amount, len(borders) * self.keys).reshape(-1, self.keys)
        np.cumsum(gained, axis=0, out=gained)
        for i in reversed(range(len(spans))):
            for row in self._own(*spans[i]):
                row += gained[i]

    def add_within(self, amounts: Amounts) -> None:
        """Add those of the amounts whose panes have rows."""
        kept = (amounts.pane > self.base) & (amounts.pane <= self.head)
        self.add(Amounts(amounts.key[kept], amounts.pane[kept], amounts.amount[kept]))

    def clear(self, keys: Bools) -> None:
        """Set the registers of the keys marked back to nothing."""
        if not len(places := np.flatnonzero(keys)):
            return
        for first, _ in self._same(0, self.rows):
            self._rows[first][places] = 0

    def registers(self, panes: Ints, key: int) -> Ints:
        """A key's registers at the end of panes (before the first: nothing): (panes,)."""
        return np.array([self._rows[at][key] for at in self._places(panes)], np.int64)

    def windows(self, ends: Ints, panes: int) -> Ints:
        """What windows of so many panes hold that end before panes ``ends``: (ends, keys)."""
        sums = np.empty((len(ends), self.keys), np.int64)
        places = zip(self._places(ends - 1), self._places(ends - 1 - panes), strict=True)
        for total, (last, before) in zip(sums, places, strict=True):
            np.subtract(self._rows[last], self._rows[before], out=total)
        return sums

    def _places(self, panes: Ints) -> list[int]:
        """Which row is that of the end of each pane, or of the nearest pane that has one."""
        places: list[int] = np.clip(panes - self.base, 0, self.rows - 1).tolist()
        return places

    def _same(self, first: int, stop: int) -> Iterator[tuple[int, int]]:
        """From where to where rows are one array, among rows ``first`` to ``stop``."""
        while first < stop:
            row, end = self._rows[first], first + 1
            while end < stop and self._rows[end] is row:
                end += 1
            yield first, end
            first = end

    def _own(self, first: int, stop: int) -> Iterator[Ints]:
        """The arrays of rows ``first`` to ``stop``, which no other row has from now on.

        Spans that end with the last row are taken from the last one on: what follows a span has
        arrays of its own already, and only rows before it may share one with it.
        """
        for begin, end in self._same(first, stop):
            row = self._rows[begin]
            if begin and self._rows[begin - 1] is row:
                row = row.copy()
                self._rows[begin:end] = [row] * (end - begin)
            yield row


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
