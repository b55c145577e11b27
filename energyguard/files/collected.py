"""Readings that a format's own reader collects, line by line, as one batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from energyguard.codecs import Decoded
from energyguard.codecs.assembly import PlausibilityLimits, TableRows, assemble, merge
from energyguard.codecs.columns import TableReadings, all_named, nanos
from energyguard.codecs.refusals import FILE_SHAPE, MAX_REFUSED, Refusals
from energyguard.files.tables.cells import numbers_in
from energyguard.files.values.numbers import Numbers
from energyguard.model.readings import Verdict

_POINTS = Numbers(commas=False, points=True)


class Series(NamedTuple):
    """Whose readings some are, of what, and how large their unit is.

    Attributes:
        device: its name.
        channel: a channel of ours.
        per: how many of the unit make one of the channel's.
        times: how many of the channel's one of the unit is; below 0: it is fed in.
    """

    device: str
    channel: str
    per: int = 1
    times: int = 1


@dataclass(slots=True)
class _Cells:
    time_ms: list[int] = field(default_factory=list)
    value: list[str] = field(default_factory=list)
    row: list[int] = field(default_factory=list)


class CollectedReadings:
    """The readings of a file, by series.

    Args:
        limits: what is plausible.
        original: gives the bytes of a row, by its number.
    """

    def __init__(self, limits: PlausibilityLimits, original: Callable[[int], bytes]) -> None:
        self._limits, self._original = limits, original
        self._series: dict[Series, _Cells] = {}
        self.refusals = Refusals(MAX_REFUSED, FILE_SHAPE)

    def add(self, series: Series, row: int, times: Sequence[int], values: Sequence[str]) -> None:
        """Readings of one row.

        Args:
            series: what they are.
            row: its number.
            times: ms since 1970 UTC.
            values: as they stand there.
        """
        cells = self._series.setdefault(series, _Cells())
        cells.time_ms.extend(times)
        cells.value.extend(values)
        cells.row.extend([row] * len(values))

    def refuse(self, row: int, field_name: str, reason: str) -> None:
        """Refuse a row."""
        self.refusals.refuse(row, Verdict.MALFORMED, field_name, reason, self._original(row))

    def decoded(self) -> Decoded:
        """All of them, in the order of their rows."""
        parts = [self._part(series, cells) for series, cells in self._series.items()]
        return merge([p.batch for p in parts], [p.rows for p in parts], self.refusals.rows())

    def _part(self, series: Series, cells: _Cells) -> Decoded:
        numbers = numbers_in(pa.array(cells.value, pa.string()), _POINTS, {})
        row = np.array(cells.row, np.int64)
        for place in np.flatnonzero(numbers.bad).tolist():
            shown = cells.value[place][:64]
            self.refuse(int(row[place]), "value", f"value is no number: {shown!r}")
        kept = np.flatnonzero(np.asarray(numbers.values.is_valid()))
        value = nanos(pa.chunked_array([numbers.values.drop_null()]), series.per) * series.times
        time = np.array(cells.time_ms, np.int64)[kept]
        device = all_named(series.device, len(kept))
        part = TableReadings("value", device, series.channel, time, value)
        rows = TableRows(
            row[kept], lambda place: self._original(int(row[kept[place]])), "time", self._limits
        )
        return assemble([part], rows, self.refusals)
