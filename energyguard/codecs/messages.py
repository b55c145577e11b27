"""Messages of one line each, as others write them into a topic: CSV or JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from energyguard.codecs import RefusedRow
from energyguard.codecs.formats import decode
from energyguard.codecs.headers import BOM
from energyguard.codecs.limits import PlausibilityLimits
from energyguard.model.readings import SCHEMA, Verdict

CSV, JSON = "csv", "json"
NOTHING = pa.RecordBatch.from_pylist([], SCHEMA)
NOWHERE = np.empty(0, np.int64)


class Bad(NamedTuple):
    """What of a record was not taken: the record's place, its shape, and why."""

    record: int
    shape: str
    refused: RefusedRow


class Contents(NamedTuple):
    """n readings in log order, each with the place of its record; and what was refused."""

    readings: pa.RecordBatch
    record: npt.NDArray[np.int64]
    bad: list[Bad]

    def moved(self, by: int) -> Contents:
        """The same of records that stand so many places further on."""
        bad = [one._replace(record=one.record + by) for one in self.bad]
        return Contents(self.readings, self.record + by, bad)


def read_messages(values: Sequence[bytes], limits: PlausibilityLimits) -> Contents:
    """Messages of one line each, decoded all at once; no header speaks for those behind it."""
    parts, place = [], 0
    for kind, run in groupby(values, _kind):
        mine = list(run)
        parts.append(_READ[kind](mine, kind, limits).moved(place))
        place += len(mine)
    return together(parts)


def together(parts: Sequence[Contents]) -> Contents:
    """The contents of records that follow one another."""
    if len(parts) == 1:
        return parts[0]
    batches = [part.readings for part in parts if part.readings.num_rows]
    return Contents(
        pa.concat_batches(batches) if batches else NOTHING,
        np.concatenate([NOWHERE, *(part.record for part in parts)]),
        [bad for part in parts for bad in part.bad],
    )


def _kind(value: bytes) -> str:
    if not value:
        return ""
    return JSON if value.removeprefix(BOM)[:1] == b"{" else CSV


def _empty(values: Sequence[bytes], kind: str, limits: PlausibilityLimits) -> Contents:
    bad = [bad_record(i, kind, value, "is empty") for i, value in enumerate(values)]
    return Contents(NOTHING, NOWHERE, bad)


def _lines(values: Sequence[bytes], kind: str, limits: PlausibilityLimits) -> Contents:
    """Messages of a shape."""
    bad: list[Bad] = []
    lines = values
    text = b"\n".join(lines)
    if text.count(b"\n") != len(values) - 1:
        lines = [line.rstrip(b"\r\n") for line in lines]
        several = [i for i, line in enumerate(lines) if b"\n" in line]
        bad = [bad_record(i, kind, values[i], "is more than one line") for i in several]
        for i in several:
            lines[i] = b""
        text = b"\n".join(lines)
    _, found = decode(text, kind, limits, headed=False, single=None)
    bad += [
        Bad(row.row - 1, kind, replace(row, row=1, original=values[row.row - 1]))
        for row in found.refused
    ]
    if distinct(found.rows) + len(bad) < len(values):
        read = {one.record for one in bad} | set((found.rows - 1).tolist())
        silent = sorted({*range(len(values))} - read)
        bad += [bad_record(i, kind, values[i], "holds no reading") for i in silent]
    return Contents(found.batch, found.rows - 1, bad)


def distinct(rows: npt.NDArray[np.int64]) -> int:
    """How many different ones there are among ascending numbers."""
    return 1 + int(np.count_nonzero(np.diff(rows))) if len(rows) else 0


def bad_record(record: int, shape: str, value: bytes, reason: str) -> Bad:
    """A record of which nothing can be read."""
    return Bad(record, shape, RefusedRow(1, Verdict.MALFORMED, "record", reason, value))


_READ = {"": _empty, CSV: _lines, JSON: _lines}
