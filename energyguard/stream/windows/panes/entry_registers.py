"""The panes of energies: what the entries of a channel give to each, of keys whose time is common.

A key that is slow, new, late or in doubt has nothing here: its windows are followed by its own
entries (``key_windows.py``). It comes back with all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from energyguard.model.readings import Bools, Ints
from energyguard.stream.windows.panes.key_entries import KeyEntries
from energyguard.stream.windows.panes.panes import Amounts, Chain, Increments, Panes, chain
from energyguard.stream.windows.panes.registers import Chained, Registers
from energyguard.stream.windows.panes.spreading import Columns, in_panes
from energyguard.stream.windows.readings.verdicts import LaneRows


@dataclass(frozen=True, slots=True)
class EntryRows(LaneRows):
    """Readings, each with the entry that it made: ``value`` is its energy."""

    start: Ints
    end: Ints

    def where(self, which: Bools | Ints | slice) -> EntryRows:
        """Some of the rows."""
        return EntryRows(
            self.at[which], self.key[which], self.time[which], self.value[which],
            self.sequence[which], self.start[which], self.end[which],
        )  # fmt: skip

    @classmethod
    def of_nothing(cls, rows: LaneRows) -> EntryRows:
        """Readings that were there, and count nothing."""
        zero = np.zeros(len(rows), np.int64)
        return cls(rows.at, rows.key, rows.time, zero, rows.sequence, rows.time, rows.time)

    def joined(self, other: EntryRows) -> EntryRows:
        """These and others."""
        names = ("at", "key", "time", "value", "sequence", "start", "end")
        columns = (np.concatenate([getattr(of, name) for of in (self, other)]) for name in names)
        return EntryRows(*columns)


class EntryRegisters(Registers):
    """Panes by slide, of signed entries."""

    @property
    def in_order(self) -> bool:
        """Whether it is asked of how much time readings speak, from one to the next."""
        return bool(self.covered)

    def far(self, slide_ms: int, width: int) -> int:
        """How many panes beyond the newest a window may end and still hold something."""
        held = max((gap // slide for slide, gap in self.covered if slide == slide_ms), default=0)
        return width + held + 2

    def count(self, panes: Panes, rows: LaneRows, links: Chained | None) -> Increments:
        """Add what entries give to panes; of points all in one."""
        slide = panes.slide_ms
        if isinstance(rows, EntryRows):
            bounds = panes.base + 1, panes.head
            columns = rows.start, rows.end, rows.value
            row, amounts = in_panes(rows.key, columns, slide, *bounds)
            panes.add(amounts)
            return Increments(rows.at[row], rows.time[row], amounts)
        pane = rows.time // slide
        if len(pane) and int(pane.min()) <= panes.base:  # another slide's window is longer
            rows = rows.where(pane > panes.base)
            pane = rows.time // slide
        amounts = Amounts(rows.key, pane, rows.value)
        panes.add(amounts)
        return Increments(rows.at, rows.time, amounts)

    def count_past(self, panes: Panes, links: Chain) -> None:
        """Add nothing: keys come back one by one, each with its entries."""

    def sums(self, panes: Panes, ends: Ints, width: int) -> Ints:
        """What windows hold that end before panes ``ends``: (ends, keys), in 1e-9 kWh."""
        return panes.windows(ends, width)

    def leave(self, keys: Bools) -> None:
        """Hold nothing of some keys."""
        for panes in (*self.panes.values(), *self.covered.values()):
            panes.clear(keys[: panes.keys])

    def enter(self, back: Mapping[int, KeyEntries]) -> None:
        """Hold what some keys have."""
        if not back:
            return
        keys = np.zeros(self.keys, bool)
        keys[list(back)] = True
        self.leave(keys)
        parts = [(key, entries.columns) for key, entries in back.items()]
        key = np.repeat([key for key, _ in parts], [len(columns[0]) for _, columns in parts])
        start, end, energy = (np.concatenate(c) for c in zip(*(p for _, p in parts), strict=True))
        self.add_entries(key, (start, end, energy))
        times = [back[key].times for key in back]
        self.cover_again(np.repeat([*back], [len(each) for each in times]), np.concatenate(times))

    def remember_gone(self, key: Ints, time: Ints, value: Ints) -> None:
        """Keep each key's newest of the readings that leave the ring, sorted by key and time."""
        if self.in_order and len(key):
            last = np.append(key[1:] != key[:-1], True)
            self.old_time[key[last]], self.old_value[key[last]] = time[last], value[last]

    def add_entries(self, key: Ints, columns: Columns) -> None:
        """Add entries to all panes that have rows."""
        for slide, panes in self.panes.items():
            bounds = panes.base + 1, panes.head
            panes.add(in_panes(key, columns, slide, *bounds)[1])

    def cover_again(self, key: Ints, time: Ints) -> None:
        """Know of how much time readings speak, sorted by key and time; all that keys have."""
        if not self.in_order:
            return
        nothing = np.zeros_like(time)
        links = chain(key, time, nothing, np.zeros_like(self.last_time), self.last_value)
        for (_, gap_ms), covered in self.covered.items():
            self._cover(covered, links, gap_ms)
        self._learn(key, time, nothing)
