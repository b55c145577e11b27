"""What a file's readings come to, hour by hour: enough for a small chart before it is taken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.model.channels import CHANNELS, Kind
from energyguard.model.quantities import NANO
from energyguard.model.readings import times_of

HOUR_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True)
class FileCourse:
    """What the readings of one channel come to.

    Attributes:
        channel: the one of which the file has the largest number of readings.
        is_sum: whether its hours add up; else each is a mean.
        hours: by the beginning of each hour, in ms since 1970, the value in the channel's unit.
    """

    channel: str
    is_sum: bool
    hours: Mapping[int, float]


@dataclass(slots=True)
class _Channel:
    sums: Counter[int] = field(default_factory=Counter)
    readings: Counter[int] = field(default_factory=Counter)


class CourseSums:
    """Adds readings up, block by block, by channel and hour."""

    def __init__(self) -> None:
        self._channels: dict[str, _Channel] = {}

    def add(self, batch: pa.RecordBatch) -> None:
        """Add a block. Of a register the rises count; the one from block to block is left out."""
        for channel in pc.unique(batch.column("channel")).to_pylist():
            rows = batch.filter(pc.equal(batch.column("channel"), channel))
            time, value = times_of(rows), np.asarray(rows.column("value"))
            if CHANNELS[channel].kind is Kind.REGISTER:
                time, value = _rises(rows, time, value)
            hours, place = np.unique(time // HOUR_MS, return_inverse=True)
            sums = np.bincount(place, value / NANO)
            counts = np.bincount(place)
            known = self._channels.setdefault(channel, _Channel())
            for hour, total, count in zip(
                hours.tolist(), sums.tolist(), counts.tolist(), strict=True
            ):
                known.sums[hour] += total
                known.readings[hour] += count

    def course(self) -> FileCourse | None:
        """The course of the channel with the largest number of readings; None: there is none."""
        if not self._channels:
            return None
        name, found = max(self._channels.items(), key=lambda one: one[1].readings.total())
        is_sum = CHANNELS[name].kind in (Kind.INTERVAL, Kind.REGISTER)
        hours = {
            hour * HOUR_MS: total if is_sum else total / found.readings[hour]
            for hour, total in sorted(found.sums.items())
        }
        return FileCourse(name, is_sum, hours)


def _rises(
    rows: pa.RecordBatch, time: np.ndarray, value: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What a register rose by from reading to reading, at the time of the later one."""
    device = np.asarray(rows.column("device").dictionary_encode().indices)
    order = np.lexsort((time, device))
    time, value, device = time[order], value[order], device[order]
    same = device[1:] == device[:-1]
    return time[1:][same], np.maximum(np.diff(value), 0)[same]
