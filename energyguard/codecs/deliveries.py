"""Files as one delivery: their readings in order of event time, whatever their own order.

Files that are in order pass through, block by block. Others are put in order as a whole: in sorted
runs, which lie on disk where there is more than one, and are merged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from energyguard.codecs import RefusedRow
from energyguard.model.readings import EARLIEST_MS, SCHEMA, by_time, times_of

RUN_READINGS = 2_000_000
"""Readings that are sorted in memory (some 60 bytes each); of more, runs of so many are merged."""

BLOCK_READINGS = 65_536

Block = tuple[pa.RecordBatch, list[tuple[str, RefusedRow]]]
"""Readings, and refused rows with the name of their file."""


_NOTHING = pa.RecordBatch.from_pylist([], SCHEMA)


class OutOfOrder(Exception):
    """A block begins before the one before it ends: the whole input must be put in order."""


def in_order(blocks: Iterable[Block]) -> Iterator[Block]:
    """Blocks that follow each other in time, each put in order.

    Raises:
        OutOfOrder: a reading is older than one of an earlier block.
    """
    newest = EARLIEST_MS
    for batch, refused in blocks:
        if batch.num_rows:
            batch = by_time(batch)
            first, last = times_of(batch.slice(0, 1))[0], times_of(batch.slice(len(batch) - 1))[0]
            if first < newest:
                raise OutOfOrder
            newest = last
        yield batch, refused


def in_runs(blocks: Iterable[Block]) -> Iterator[Block]:
    """All readings in order, whatever the order of the blocks; all refused rows come first."""
    refused: list[tuple[str, RefusedRow]] = []
    held: list[pa.RecordBatch] = []
    runs: list[Path] = []
    with TemporaryDirectory(prefix="energyguard-") as folder:
        for batch, bad in blocks:
            refused += bad
            held.append(batch)
            if sum(len(part) for part in held) >= RUN_READINGS:
                runs.append(Path(folder, str(len(runs))))
                _write(held, runs[-1])
                held = []
        yield _NOTHING, refused
        readers = [*map(_read, runs), ((part, []) for part in _cut(_sorted(held)))]
        yield from merged(readers) if runs else readers[0]


def _sorted(parts: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
    return by_time(pa.concat_batches(parts)) if parts else _NOTHING


def _cut(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    for start in range(0, len(batch), BLOCK_READINGS):
        yield batch.slice(start, BLOCK_READINGS)


def _write(parts: Sequence[pa.RecordBatch], path: Path) -> None:
    """A sorted run on disk."""
    with pa.ipc.new_file(path, SCHEMA) as file:
        for part in _cut(_sorted(parts)):
            file.write_batch(part)


def _read(path: Path) -> Iterator[Block]:
    with pa.memory_map(str(path)) as source:
        run = pa.ipc.open_file(source)
        for i in range(run.num_record_batches):
            yield run.get_batch(i), []


def merged(files: Sequence[Iterator[Block]]) -> Iterator[Block]:
    """Merge files by the running maximum of their times, holding a block of each."""
    held: dict[int, tuple[pa.RecordBatch, npt.NDArray[np.int64]]] = {}
    newest = dict.fromkeys(range(len(files)), EARLIEST_MS)
    refused: list[tuple[str, RefusedRow]] = []
    live = set(range(len(files)))
    while live or held:
        for i in sorted(live - held.keys()):
            block = next(files[i], None)
            if block is None:
                live.discard(i)
                continue
            refused += block[1]
            if block[0].num_rows:
                time = np.maximum(np.maximum.accumulate(times_of(block[0])), newest[i])
                newest[i] = int(time[-1])
                held[i] = block[0], time
        if live - held.keys():
            continue
        upto = min((int(time[-1]) for _, time in held.values()), default=0)
        parts, keys = [], []
        for i, (batch, time) in sorted(held.items()):
            cut = int(np.searchsorted(time, upto, side="right"))
            parts.append(batch.slice(0, cut))
            keys.append(time[:cut])
            held[i] = batch.slice(cut), time[cut:]
            if cut == len(time):
                del held[i]
        if parts or refused:
            whole = pa.Table.from_batches(parts, SCHEMA)
            order = np.argsort(np.concatenate([*keys, []]), kind="stable")
            ordered = whole.take(pa.array(order)).combine_chunks().to_batches()
            yield ordered[0] if ordered else _NOTHING, refused  # none: a file's end may be refused
            refused = []
