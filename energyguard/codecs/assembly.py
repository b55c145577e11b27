"""Readings of the parts of a table: what is out of range is refused with its row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from energyguard.codecs import Decoded, RefusedRow
from energyguard.codecs.checks import Checked, check_part
from energyguard.codecs.columns import Ints, TableReadings
from energyguard.codecs.limits import PlausibilityLimits
from energyguard.codecs.refusals import Refusals
from energyguard.model.readings import SCHEMA, Verdict, batch_of

EMPTY = Decoded(pa.RecordBatch.from_pylist([], SCHEMA), np.empty(0, np.int64), ())


@dataclass(frozen=True, slots=True)
class TableRows:
    """The rows of a table: what is needed to refuse one.

    Attributes:
        number: of each, its number in the input.
        original: gives the bytes of the row at a place.
        time_field: the column that held the time.
        limits: what is plausible.
    """

    number: Ints
    original: Callable[[int], bytes]
    time_field: str
    limits: PlausibilityLimits


def assemble(parts: Sequence[TableReadings], rows: TableRows, refusals: Refusals) -> Decoded:
    """The readings of some parts of the same rows; one bad value refuses its row.

    Args:
        parts: readings of rows that can be read.
        rows: these rows.
        refusals: has what was refused before, and gets the rows that are refused here.
    """
    n = len(rows.number)
    checks = [check_part(part, rows.limits) for part in parts]
    good, filled = np.ones(n, bool), np.zeros(n, bool)
    for checked in checks:
        good[checked.part.place] &= ~checked.bad
        filled[checked.part.place] = True
    if not (good.all() and filled.all()):
        good &= filled
        for place in np.flatnonzero(~good).tolist():
            _refuse(place, checks, rows, refusals)
    batches: list[pa.RecordBatch] = []
    numbers: list[Ints] = []
    for part in parts:
        batch = batch_of(part.device, part.channel, part.time, part.value, part.sequence)
        mine, taken = rows.number[part.place], good[part.place]
        batches.append(batch if taken.all() else batch.filter(pa.array(taken)))
        numbers.append(mine if taken.all() else mine[taken])
    return merge(batches, numbers, refusals.rows())


def _refuse(place: int, checks: Sequence[Checked], rows: TableRows, refusals: Refusals) -> None:
    """Refuse the row at a place for the first of its parts that is bad."""
    row, line = int(rows.number[place]), rows.original(place)
    for checked in checks:
        at = checked.part.place_of(place)
        if at is None or not checked.bad[at]:
            continue
        if refusals.full:
            refusals.count(row, checked.verdict(at), line)
        else:
            verdict, field, reason = checked.fault(at, rows.time_field, rows.limits)
            refusals.refuse(row, verdict, field, reason, line)
        return
    refusals.refuse(row, Verdict.MALFORMED, "row", "the row has no value", line)


def merge(
    batches: Sequence[pa.RecordBatch], numbers: Sequence[Ints], refused: Sequence[RefusedRow]
) -> Decoded:
    """Parts of the same lines together, in the order of the lines."""
    if len(batches) == 1:
        return Decoded(batches[0], numbers[0], tuple(refused))
    rows = np.concatenate([*numbers, np.empty(0, np.int64)])
    order = np.argsort(rows, kind="stable")
    table = pa.Table.from_batches(batches, SCHEMA).combine_chunks()
    batch = table.to_batches()[0] if table.num_rows else EMPTY.batch
    return Decoded(batch.take(pa.array(order)), rows[order], tuple(refused))
