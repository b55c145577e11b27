"""Readings and alerts to Parquet or CSV, slice by slice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from energyguard.history import Questions
from energyguard.model.topics import DAY_MS

Shape = Literal["parquet", "csv"]
Progress = Callable[[int, int], None]
SLICE_READINGS = 500_000
_ALL = 2**32 - 1


def export_readings(
    history: Questions,
    target: Path | BinaryIO,
    shape: Shape,
    start_ms: int,
    end_ms: int,
    device: str = "",
    progress: Progress = lambda done, total: None,
) -> int:
    """Write all readings of a range in order of time; memory for a slice only.

    Args:
        history: Who knows them.
        target: A file, or something to write to such as standard output.
        shape: The format.
        start_ms: From this time on.
        end_ms: Before this time.
        device: One device; empty: all.
        progress: Told the rows written and about how many there are.

    Returns:
        How many rows were written.
    """
    days = history.query("days", start_ms=start_ms, end_ms=end_ms, device=device)
    total = pc.sum(days["readings"]).as_py() or 0
    empty = _slice(history, device, start_ms, start_ms)

    def slices() -> Iterator[pa.Table]:
        for first, end, readings in _runs(_ms(days["day"]), days["readings"].to_pylist()):
            parts = -(-readings // SLICE_READINGS)
            for part in range(parts):
                low, high = (first + (end - first) * p // parts for p in (part, part + 1))
                yield _slice(history, device, max(low, start_ms), min(high, end_ms))

    return _write(slices(), empty.schema, target, shape, lambda done: progress(done, total))


def export_alerts(
    history: Questions,
    target: Path | BinaryIO,
    shape: Shape,
    start_ms: int,
    end_ms: int,
    question: Literal["alerts", "window_alerts"] = "alerts",
) -> int:
    """Write the changes of alerts in a range, or the windows over their thresholds, newest first.

    Returns:
        How many rows were written.
    """
    rows = history.query(question, start_ms=start_ms, end_ms=end_ms, limit=_ALL)
    return _write(iter([rows]), rows.schema, target, shape, lambda done: None)


def _runs(days: Sequence[int], readings: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """Days that are read together, as there are few readings: from when, to when, how many."""
    first, end, total = 0, 0, 0
    for day, count in zip(days, readings, strict=True):
        if total and total + count > SLICE_READINGS:
            yield first, end, total
            total = 0
        first = first if total else day
        end, total = day + DAY_MS, total + count
    if total:
        yield first, end, total


def _slice(history: Questions, device: str, low: int, high: int) -> pa.Table:
    return history.query("all_readings", device=device, start_ms=low, end_ms=high)


def _ms(times: pa.ChunkedArray) -> list[int]:
    return list(times.cast(pa.int64()).to_pylist())


def _write(
    tables: Iterator[pa.Table],
    schema: pa.Schema,
    target: Path | BinaryIO,
    shape: Shape,
    progress: Callable[[int], None],
) -> int:
    writers = {
        "parquet": lambda: pq.ParquetWriter(target, schema, compression="zstd"),
        "csv": lambda: pacsv.CSVWriter(target, schema),
    }
    done = 0
    with writers[shape]() as writer:
        for table in tables:
            writer.write_table(table)
            done += table.num_rows
            progress(done)
    return done
