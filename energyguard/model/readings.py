"""A reading: one value of one channel of one device at one time; many of them as columns.

A batch of readings is an Arrow record batch with the columns of ``SCHEMA``. ``value`` counts 1e-9
of the channel's unit, so sums are exact. The identity of a reading is (device, channel, time) and
the sequence where the sender gives one. A ``ReadingBatch`` has readings of one partition of a
topic, in log order.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

SCHEMA = pa.schema(
    [
        pa.field("device", pa.string(), nullable=False),
        pa.field("channel", pa.string(), nullable=False),
        pa.field("time", pa.timestamp("ms", tz="UTC"), nullable=False),
        pa.field("value", pa.int64(), nullable=False),
        pa.field("sequence", pa.int64(), nullable=True),
    ]
)

BACKFILL = (("backfill", b"1"),)
"""The headers of a record whose readings are of the past: they move no clock and alert nobody."""

EARLIEST_MS = 946_684_800_000
"""2000-01-01T00:00:00Z: an earlier event time is out of range."""


class Verdict(StrEnum):
    """How a reading ends. Each is counted; all but the first are also kept apart, with it."""

    ACCEPTED = "accepted"
    MALFORMED = "malformed"
    OUT_OF_RANGE = "out-of-range"
    LATE = "late"
    DUPLICATE = "duplicate"
    CONFLICTING = "conflicting"
    AHEAD = "ahead"


IN_THE_WORKER = (Verdict.LATE, Verdict.DUPLICATE, Verdict.CONFLICTING, Verdict.AHEAD)


def batch_of(
    device: Any, channel: Any, time_ms: Any, value: Any, sequence: Any = None
) -> pa.RecordBatch:
    """Make a batch from columns: sequences or arrays of equal length n.

    Args:
        device: n device ids, or an Arrow string array.
        channel: n channel names, or one name for all.
        time_ms: n event times, ms since 1970 UTC.
        value: n values in 1e-9 of the channel's unit.
        sequence: n sequence numbers, or None where the sender has none.
    """
    n = len(time_ms)
    times = pa.array(time_ms, pa.int64()).cast(SCHEMA.field("time").type)
    return pa.RecordBatch.from_arrays(
        [
            device if isinstance(device, pa.Array) else pa.array(device, pa.string()),
            pa.repeat(pa.scalar(channel, pa.string()), n)
            if isinstance(channel, str)
            else (channel if isinstance(channel, pa.Array) else pa.array(channel, pa.string())),
            times,
            pa.array(value, pa.int64()),
            pa.nulls(n, pa.int64()) if sequence is None else pa.array(sequence, pa.int64()),
        ],
        schema=SCHEMA,
    )


def times_of(rows: pa.RecordBatch | pa.Table) -> npt.NDArray[np.int64]:
    """The event times of readings, ms since 1970 UTC."""
    return np.asarray(rows.column("time").cast(pa.int64()), np.int64)


def by_time(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Readings in order of event time; those of one time keep their order."""
    time = times_of(batch)
    if (time[1:] >= time[:-1]).all():
        return batch
    return batch.take(pa.array(np.argsort(time, kind="stable")))


EMPTY = SCHEMA.empty_table().combine_chunks()


Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

NO_SEQUENCE = np.iinfo(np.int64).min
"""Stands for a reading without a sequence number."""


@dataclass(frozen=True, slots=True)
class ReadingBatch:
    """n readings. Times in ms, values in 1e-9 of the unit.

    ``appended_ms`` is the append time of each reading's record, ``offset`` its offset.
    """

    readings: pa.RecordBatch
    time: Ints
    value: Ints
    sequence: Ints
    appended_ms: Ints
    offset: Ints

    def __len__(self) -> int:
        return len(self.time)

    def take(self, where: Ints) -> ReadingBatch:
        """The readings at these places, in this order."""
        return ReadingBatch(
            self.readings.take(pa.array(where)),
            self.time[where],
            self.value[where],
            self.sequence[where],
            self.appended_ms[where],
            self.offset[where],
        )

    def cut(self, start: int, stop: int) -> ReadingBatch:
        """The readings from start up to stop."""
        part = slice(start, stop)
        return ReadingBatch(
            self.readings.slice(start, stop - start),
            self.time[part],
            self.value[part],
            self.sequence[part],
            self.appended_ms[part],
            self.offset[part],
        )


def batch_from(
    readings: pa.RecordBatch, appended_ms: Ints | int = 0, offset: Ints | int = 0
) -> ReadingBatch:
    """A batch of Arrow readings (columns of ``model.readings.SCHEMA``)."""
    n = readings.num_rows
    sequence = readings.column(4)
    return ReadingBatch(
        readings,
        readings.column(2).view(pa.int64()).to_numpy(),
        readings.column(3).to_numpy(),
        np.full(n, NO_SEQUENCE)
        if sequence.null_count == n
        else sequence.fill_null(NO_SEQUENCE).to_numpy(),
        np.full(n, appended_ms) if isinstance(appended_ms, int) else appended_ms,
        np.full(n, offset) if isinstance(offset, int) else offset,
    )


def join(batches: list[ReadingBatch]) -> ReadingBatch:
    """One batch of several, in order."""
    batches = [batch for batch in batches if len(batch)] or batches[:1]
    if len(batches) == 1:
        return batches[0]
    return ReadingBatch(
        pa.concat_batches([b.readings for b in batches]),
        np.concatenate([b.time for b in batches]),
        np.concatenate([b.value for b in batches]),
        np.concatenate([b.sequence for b in batches]),
        np.concatenate([b.appended_ms for b in batches]),
        np.concatenate([b.offset for b in batches]),
    )
