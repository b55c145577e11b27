"""Energy of readings, as the ledger counts it, in buckets of a minute and of a quarter of an hour.

Entries are a function of readings (``ledger/``), so none is kept: where readings came in, those of
the device are read again from some before (``energy_spans.py``), folded, and what the entries come
to is spread over the buckets. Where readings come in order, they are folded from a *mark* on: the
ledger's state at a border of a quarter, before which nothing will change.

An entry of a minute at most is in the minutes (``rollup_1m``); a longer one is in ``long_entries``,
a row for each day that it touches, from which minutes are read where somebody asks for such. Both
are in the quarters (``rollup_15m``).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from energyguard.ledger.entries import Entries
from energyguard.ledger.spread import spread
from energyguard.model.readings import Bools, Ints
from energyguard.model.topics import DAY_MS
from energyguard.records.tables import NAME, TIME, HistoryTable, TableColumn

Floats = npt.NDArray[np.float64]
MINUTE_MS = 60_000

LONG_ENTRIES = HistoryTable(
    "long_entries",
    "Entries longer than a minute, a row for each day (UTC) that they touch.",
    (
        TableColumn("device", NAME),
        TableColumn("channel", NAME),
        TableColumn("day", TIME, "that this row speaks of"),
        TableColumn("stamp_ms", "Int64", "the time of the reading that made it"),
        TableColumn("start_ms", "Int64", "within the day"),
        TableColumn("end_ms", "Int64", "within the day; as the start: withdrawn"),
        TableColumn("energy", "Int64", "of the whole entry, 1e-9 kWh"),
        TableColumn("length", "Int64", "of the whole entry, ms"),
        TableColumn("carry", "Int64", "|energy| * (start within the day - start) mod length"),
    ),
    order_by="(day, device, channel, stamp_ms)",
    partition_by="toYYYYMM(day)",
)


class Readings(NamedTuple):
    """n readings of energy, by key and time; ``topic``: a number of the caller's."""

    key: Ints
    time: Ints
    value: Ints
    topic: Ints

    def where(self, which: Ints | Bools | slice) -> Readings:
        """Some of them."""
        return Readings(*(column[which] for column in self))


class Buckets(NamedTuple):
    """Buckets of some keys: what was used in them, and which readings lie in them."""

    key: Ints
    start: Ints  # ms
    energy: Ints
    counted: Ints
    first: Ints  # the places of the first and the last reading; -1: there is none
    last: Ints
    lowest: Ints
    highest: Ints
    total: Floats

    def where(self, which: Ints | Bools) -> Buckets:
        """Some of them."""
        return Buckets(
            self.key[which], self.start[which], self.energy[which], self.counted[which],
            self.first[which], self.last[which], self.lowest[which], self.highest[which],
            self.total[which],
        )  # fmt: skip


def minutes_of(readings: Readings, entries: Entries) -> Buckets:
    """The minutes that have readings, or parts of these entries."""
    one, places = np.ones_like(readings.key), np.arange(len(readings.key))
    value = readings.value
    samples = Buckets(
        readings.key, readings.time, one - 1, one, places, places, value, value, value.astype(float)
    )
    of, bucket, energy, _ = spread(entries.energy, entries.start, entries.end, MINUTE_MS)
    return _grouped(samples, (entries.key[of], bucket * MINUTE_MS, energy), MINUTE_MS)


def coarser_of(finer: Buckets, entries: Entries, width: int) -> Buckets:
    """The buckets of this width of finer ones, and of entries that are not in them."""
    has = np.flatnonzero(finer.counted)
    of, bucket, energy, _ = spread(entries.energy, entries.start, entries.end, width)
    both = ((finer.key, entries.key[of]), (finer.start, bucket * width), (finer.energy, energy))
    key, start, energy = (np.concatenate(pair) for pair in both)
    return _grouped(finer.where(has), (key, start, energy), width)


def _grouped(samples: Buckets, used: tuple[Ints, Ints, Ints], width: int) -> Buckets:
    """Buckets of finer ones that have readings (in order), and of energies: key, time, amount."""
    keys = np.concatenate([samples.key, used[0]])
    starts = np.concatenate([samples.start, used[1]]) // width
    cell = keys << 40 | starts
    cells, number = _numbered(cell)
    mine, theirs = number[: len(samples.key)], number[len(samples.key) :]
    energy, counted, lowest, highest = (np.zeros(len(cells), np.int64) for _ in range(4))
    first, last = (np.full(len(cells), -1) for _ in range(2))
    total = np.zeros(len(cells))
    np.add.at(energy, theirs, used[2])
    begins = np.flatnonzero(np.diff(mine, prepend=-1))
    if len(begins):
        has, ends = mine[begins], np.append(begins[1:], len(mine)) - 1
        counted[has] = np.add.reduceat(samples.counted, begins)
        first[has], last[has] = samples.first[begins], samples.last[ends]
        lowest[has] = np.minimum.reduceat(samples.lowest, begins)
        highest[has] = np.maximum.reduceat(samples.highest, begins)
        total[has] = np.add.reduceat(samples.total, begins)
    at = (cells & (1 << 40) - 1) * width
    return Buckets(cells >> 40, at, energy, counted, first, last, lowest, highest, total)


def _numbered(cell: Ints) -> tuple[Ints, Ints]:
    """The different cells, sorted, and of each the number of its own; quick where runs are sorted.

    Returns:
        (cells,) and (n,).
    """
    order = np.argsort(cell, kind="stable")
    ordered = cell[order]
    begins = np.diff(ordered, prepend=-1) > 0
    number = np.empty(len(cell), np.int64)
    number[order] = np.cumsum(begins) - 1
    return ordered[begins], number


class LongRows(NamedTuple):
    """Days of entries longer than a minute: which entry, and the columns of ``LONG_ENTRIES``."""

    entry: Ints
    day: Ints  # ms
    start: Ints
    end: Ints
    length: Ints
    carry: Ints

    def where(self, which: Bools) -> LongRows:
        """Some of them."""
        return LongRows(*(column[which] for column in self))


def long_rows(entries: Entries) -> LongRows:
    """The rows of all entries that are longer than a minute."""
    long = np.flatnonzero(entries.end - entries.start > MINUTE_MS)
    first, last = entries.start[long] // DAY_MS, (entries.end[long] - 1) // DAY_MS
    days = last - first + 1
    of = np.repeat(np.arange(len(long)), days)
    day = (first[of] + np.arange(len(of)) - np.repeat(np.cumsum(days) - days, days)) * DAY_MS
    entry = long[of]
    start, end = entries.start[entry], entries.end[entry]
    length = end - start
    within = np.maximum(start, day)
    x, m = within - start, np.abs(entries.energy[entry]) % length
    far = x > 2**62 // np.maximum(m, 1)
    carry = np.where(far, 0, m * np.where(far, 0, x)) % length
    for at in np.flatnonzero(far).tolist():
        carry[at] = int(m[at]) * int(x[at]) % int(length[at])
    return LongRows(entry, day, within, np.minimum(end, day + DAY_MS), length, carry)
