"""A reading: one value of one channel of one device at one time.

A batch of readings is an Arrow record batch with the columns of ``SCHEMA``. ``value`` counts 1e-9
of the channel's unit, so sums are exact. The identity of a reading is (device, channel, time) and
the sequence where the sender gives one.
"""

from __future__ import annotations

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


AT_THE_BORDER = (Verdict.MALFORMED, Verdict.OUT_OF_RANGE)
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
