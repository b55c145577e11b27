"""Readings as they lie in the log: a compressed Arrow batch per record and partition.

Layout: one byte format, four bytes size of the batch (little-endian), then the batch as an Arrow
IPC message without its schema, compressed with zstd. The schema is ``model.readings.SCHEMA``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.errors import Corrupt
from energyguard.model.channels import CHANNELS
from energyguard.model.murmur import partitions_of
from energyguard.model.readings import SCHEMA

FORMAT = 1
MAX_READINGS = 2**19
"""Readings in a record; more of one partition become several records."""
MAX_UNPACKED = 512 << 20
"""Bytes of a record once it is unpacked."""
_CODEC = pa.Codec("zstd", compression_level=1)


def pack(batch: pa.RecordBatch, partitions: int) -> list[tuple[int, bytes]]:
    """Split readings by partition, in order, and pack each part: (partition, bytes)."""
    if not batch.num_rows:
        return []
    where = partitions_of(batch.column(0), partitions)
    counts = np.bincount(where, minlength=partitions)
    if counts.max() == len(where):
        return [(int(where[0]), value) for value in _pack(batch)]
    order = np.argsort(where.astype(np.uint16), kind="stable")
    sorted_batch = batch.take(pa.array(order))
    starts = np.cumsum(counts) - counts
    return [
        (p, value)
        for p in np.flatnonzero(counts).tolist()
        for value in _pack(sorted_batch.slice(int(starts[p]), int(counts[p])))
    ]


def _pack(batch: pa.RecordBatch) -> Iterator[bytes]:
    for start in range(0, batch.num_rows, MAX_READINGS):
        raw = batch.slice(start, MAX_READINGS).serialize()
        packed: bytes = _CODEC.compress(raw, asbytes=True)
        yield bytes([FORMAT]) + int(raw.size).to_bytes(4, "little") + packed


def unpack(values: Sequence[bytes]) -> tuple[pa.RecordBatch, npt.NDArray[np.int32]]:
    """The readings of some records in order, and for each the index of its record.

    Raises:
        Corrupt: a record is not what ``pack`` made.
    """
    batches = [_unpack(value) for value in values]
    sizes = [batch.num_rows for batch in batches]
    record = np.repeat(np.arange(len(batches), dtype=np.int32), sizes)
    whole = pa.concat_batches(batches) if batches else pa.RecordBatch.from_pylist([], SCHEMA)
    return whole, record


def _unpack(value: bytes) -> pa.RecordBatch:
    try:
        if value[0] != FORMAT:
            raise Corrupt(f"packed readings: unknown format {value[0]}")
        size = int.from_bytes(value[1:5], "little")
        if size > MAX_UNPACKED:
            raise Corrupt(f"packed readings unpack to {size} bytes")
        raw = _CODEC.decompress(memoryview(value)[5:], size)
        batch = pa.ipc.read_record_batch(raw, SCHEMA)
        batch.validate(full=True)
        if not {*pc.unique(batch.column("channel")).to_pylist()} <= CHANNELS.keys():
            raise Corrupt("packed readings are of a channel that is not known")
        return batch
    except (pa.ArrowException, OSError, EOFError, IndexError, ValueError) as error:
        raise Corrupt(f"packed readings cannot be read: {error}") from error
