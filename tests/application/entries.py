"""Entries, bounds and places of readings of the made-up homes, as ``consumption`` has their energy.

Each is a register that is read each quarter of an hour. An hour is missing; a zero came, and a
reading came late.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pyarrow as pa

from tests.application.world import HOMES, HOUR, START, kw

STAMP = pa.timestamp("ms", "UTC")
QUARTER = HOUR // 4
GONE = START - 3 * HOUR, START - 2 * HOUR
ZERO, LATE = START - 5 * HOUR, START - 6 * HOUR
LARGEST_KW = 100.0


class EntryAnswers:
    """What the history answers of the ledger, up to a time that goes on."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now

    def bounds_between(self, device: str, start_ms: int, end_ms: int, borders: str) -> pa.Table:
        rows = []
        for start, end in pairwise(int(border) for border in borders.split(",")):
            begins = [] if device not in HOMES else range(start // HOUR * HOUR, end, HOUR)
            covered = [
                (at, min(at + HOUR, end) - max(at, start)) for at in begins if not _is_gone(at)
            ]
            kwh = sum(kw(device, at) * ms / HOUR for at, ms in covered)
            spoken = sum(ms for _, ms in covered)
            high = kwh + (end - start - spoken) / HOUR * LARGEST_KW
            rows.append((start, end, kwh, kwh, 0.0, kwh, high, spoken))
        names = ("start", "end", "kwh", "import_kwh", "export_kwh", "low", "high", "covered_ms")
        kinds = (STAMP, STAMP, *[pa.float64()] * 5, pa.int64())
        return _table(rows, names, kinds)

    def entries(self, device: str, start_ms: int, end_ms: int) -> pa.Table:
        first = start_ms // QUARTER * QUARTER + QUARTER
        ends = range(first, min(end_ms, self._now()) + 1, QUARTER) if device in HOMES else ()
        rows = [_entry(device, at) for at in ends if not _is_gone(at - QUARTER)]
        names = (
            "channel", "time", "value", "start", "end", "kwh", "inside", "low", "high", "kind",
            "why", "evidence", "number", "after_ms", "scale",
        )  # fmt: skip
        number, text = pa.float64(), pa.string()
        kinds = (
            text, STAMP, number, STAMP, STAMP, *[number] * 4, text, text, text, pa.int64(),
            pa.int64(), number,
        )  # fmt: skip
        return _table(rows, names, kinds)

    def late(self, device: str, verdict: str, start_ms: int, end_ms: int, limit: int) -> pa.Table:
        there = device in HOMES and start_ms <= LATE < end_ms
        rows = [(device, "energy_register_kwh", LATE, 1_500.0, "late")] if there else []
        names = ("device", "channel", "time", "value", "verdict")
        return _table(rows, names, (*[pa.string()] * 2, STAMP, pa.float64(), pa.string()))

    def fold_rows(self, device: str, start_ms: int, end_ms: int) -> pa.Table:
        """A kWh each hour."""
        rows = fold_rows(device, start_ms, min(end_ms, self._now()))
        kinds = (pa.string(), pa.int64(), pa.int64(), pa.int64(), pa.string())
        return _table(rows, ("name", "ms", "nano", "sequence", "facts"), kinds)

    def sent_rows(self, device: str, start_ms: int, end_ms: int, limit: int) -> pa.Table:
        """The same, all of them in the first record of a partition."""
        found = self.fold_rows(device, start_ms, end_ms).rename_columns(
            ["channel", "ms", "value", "sequence", "facts"]
        )
        fixed = {
            "device": pa.scalar(device), "topic": pa.scalar("energy_readings"),
            "version": pa.scalar(2**64 - 2, pa.uint64()), "kept": pa.scalar(0, pa.uint8()),
        }  # fmt: skip
        for name, value in fixed.items():
            found = found.append_column(name, pa.repeat(value, found.num_rows))
        return found.slice(0, limit)

    def reading_places(self, device: str, time_ms: int) -> pa.Table:
        """The place of a record that nobody has written: the log keeps it no longer."""
        rows = [("energy_register_kwh", time_ms, 10**12, None, "energy_readings", 5 << 20)]
        names = ("channel", "time", "value", "sequence", "topic", "place")
        kinds = (pa.string(), STAMP, pa.int64(), pa.int64(), pa.string(), pa.int64())
        return _table(rows if device in HOMES else [], names, kinds)


def fold_rows(device: str, start_ms: int, end_ms: int) -> list[tuple[Any, ...]]:
    """The readings of a register in a range."""
    times = range(-(-start_ms // QUARTER) * QUARTER, end_ms, QUARTER) if device in HOMES else ()
    return [
        ("energy_register_kwh", at, 10**9 * (at - START) // HOUR + 10**12, -(2**63), "")
        for at in times
    ]


def _is_gone(ms: int) -> bool:
    return GONE[0] <= ms < GONE[1]


def _entry(device: str, at: int) -> tuple[Any, ...]:
    start = at - QUARTER
    kwh = kw(device, start // HOUR * HOUR) / 4
    kind, evidence, number, after = "difference", "plain", 0, None
    if at == ZERO:
        kind, evidence, number, after, kwh = "dip", "returned", 1_412_746 * 10**6, QUARTER, 0.0
    elif _is_gone(start - QUARTER):
        kind, evidence, number = "gap", "long", QUARTER
    value = 0.0 if at == ZERO else 1_000.0 + (at - START) / HOUR
    return (
        "energy_register_kwh", at, value, start, at, kwh, kwh, kwh, kwh, kind,
        "", evidence, number, after, None,
    )  # fmt: skip


def _table(rows: list[tuple[Any, ...]], names: tuple[str, ...], kinds: tuple[Any, ...]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    arrays = [pa.array(column, kind) for column, kind in zip(columns, kinds, strict=True)]
    return pa.table(arrays, list(names))
