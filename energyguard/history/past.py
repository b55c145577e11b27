"""Readings that the log no longer has, day by day, in the order in which they came."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from energyguard.clock import SYSTEM
from energyguard.errors import Unavailable
from energyguard.history import History
from energyguard.model.days import ms_of
from energyguard.model.readings import Ints, ReadingBatch, batch_of
from energyguard.model.topics import DAY_MS, partition_for

MAX_DAYS = 84
"""So far back: what is usual forgets what was before."""
PATIENCE_S = 30.0
_TRY_AGAIN_S = 1.0
_PLACES = 20  # bits of the place in a record


class PastReadings:
    """Readings of a history, for who has to know more than a log keeps."""

    def __init__(self, history: History, patience_s: float = PATIENCE_S) -> None:
        """Ask a history.

        Args:
            history: the history.
            patience_s: how long to wait for it to be there: it may start at the same time.
        """
        self._history, self._patience_s = history, patience_s

    def before(
        self, topic: str, partitions: int, offsets: Mapping[int, int], channels: Collection[str]
    ) -> Iterator[tuple[int, ReadingBatch]]:
        """The readings below an offset of each partition; of those that are named.

        Of a day they come as they lie in the log. The time of their append is not known: it is
        given as their own.

        Args:
            topic: where they are from.
            partitions: how many it has.
            offsets: by partition, the first that the log has.
            channels: which of them.

        Raises:
            Unavailable: the history does not answer.
        """
        span = self._span(topic, channels)
        for start_ms in range(*span, DAY_MS):
            rows = self._history.query(
                "past_readings",
                topic=topic,
                channels=",".join(sorted(channels)),
                start_ms=start_ms,
                end_ms=start_ms + DAY_MS,
            )
            if rows.num_rows:
                yield from _by_partition(rows, partitions, offsets)

    def _span(self, topic: str, channels: Collection[str]) -> tuple[int, int]:
        """The days of which there is something; at most ``MAX_DAYS``."""
        known = [
            row for row in self._devices() if row["topic"] == topic and row["channel"] in channels
        ]
        if not known:
            return 0, 0
        first, last = (
            ms_of(some) // DAY_MS * DAY_MS
            for some in (min(r["first"] for r in known), max(r["last"] for r in known))
        )
        return max(first, last - MAX_DAYS * DAY_MS), last + DAY_MS

    def _devices(self) -> list[dict[str, Any]]:
        waited = 0.0
        while True:
            try:
                rows: list[dict[str, Any]] = self._history.query("devices", device="").to_pylist()
                return rows
            except Unavailable:
                if waited >= self._patience_s:
                    raise
            SYSTEM.sleep(_TRY_AGAIN_S)
            waited += _TRY_AGAIN_S


def _by_partition(
    rows: pa.Table, partitions: int, offsets: Mapping[int, int]
) -> Iterator[tuple[int, ReadingBatch]]:
    devices = rows.column("device").cast(pa.string()).combine_chunks().dictionary_encode()
    names = devices.dictionary.to_pylist()
    number = np.array([partition_for(name.encode(), partitions) for name in names])
    partition = number[devices.indices.to_numpy()]
    offset = _ints(rows, "place") >> _PLACES
    for where, first in sorted(offsets.items()):
        mine = np.flatnonzero((partition == where) & (offset < first))
        if len(mine):
            yield where, _batch(rows.take(pa.array(mine)), offset[mine])


def _batch(rows: pa.Table, offset: Ints) -> ReadingBatch:
    device, channel = (
        rows.column(name).cast(pa.string()).combine_chunks() for name in ("device", "channel")
    )
    time, value, sequence = (_ints(rows, name) for name in ("time", "value", "sequence"))
    readings = batch_of(device, channel, time, value, sequence)
    return ReadingBatch(readings, time, value, sequence, time, offset)


def _ints(rows: pa.Table, name: str) -> Ints:
    return np.asarray(rows.column(name).combine_chunks().cast(pa.int64()), np.int64)
