"""Readings of one partition as columns, in log order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

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
