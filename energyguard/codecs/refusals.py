"""What was refused: of a body or a file the first rows each, the rest as one with its count; of the
records of a topic all, beside the readings that were found.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from energyguard.codecs import RefusedRow
from energyguard.codecs.value_kinds import hint_of
from energyguard.model.readings import SCHEMA, Verdict

MAX_REFUSED = 1_000
"""Rows of one body or file that are refused one by one; the rest are counted together."""
REST_BYTES = 512 * 1024
"""What is kept of the bytes of the rest, of each verdict."""
ANY_SHAPE = "any"
"""The shape of a dead letter whose bytes are to be looked at anew, with their header."""
FILE_SHAPE = "file"
"""The shape of a line of a file that only the whole file explains: it is imported again."""


NOTHING = pa.RecordBatch.from_pylist([], SCHEMA)
NOWHERE = np.empty(0, np.int64)


@dataclass(slots=True)
class _Rest:
    """Rows of one verdict that are refused together."""

    row: int
    shape: str
    count: int = 0
    size: int = 0
    lines: list[bytes] = field(default_factory=list)

    def add(self, original: bytes, count: int) -> None:
        self.count += count
        if self.size + len(original) <= REST_BYTES:
            self.size += len(original) + 1
            self.lines.append(original)


class Refusals:
    """Collects refused rows.

    Args:
        single: how many are kept one by one; None: all.
        shape: how a refused line is decoded again.
    """

    def __init__(self, single: int | None = None, shape: str = "") -> None:
        self._single, self.shape = single, shape
        self._rows: list[RefusedRow] = []
        self._rest: dict[Verdict, _Rest] = {}

    @property
    def full(self) -> bool:
        """Whether further rows are only counted: their field and reason are not needed."""
        return self._single is not None and len(self._rows) >= self._single

    def add(self, row: RefusedRow) -> None:
        """A row with its reason; or rows that are refused whole, or that are counted already."""
        last = self._rows[-1] if self._rows else row
        if row.shape == ANY_SHAPE == last.shape and row.reason == last.reason and last is not row:
            self._rows[-1] = replace(last, count=last.count + row.count)
        elif self.full or (row.count > 1 and row.shape != ANY_SHAPE):
            self.count(row.row, row.verdict, row.original, row.count, row.shape)
        else:
            self._rows.append(row)

    def extend(self, rows: Iterable[RefusedRow]) -> None:
        """Several rows."""
        for row in rows:
            self.add(row)

    def refuse(self, row: int, verdict: Verdict, field: str, reason: str, original: bytes) -> None:
        """A row of which these are the parts."""
        self.add(RefusedRow(row, verdict, field, reason, original, 1, self.shape))

    def count(
        self, row: int, verdict: Verdict, original: bytes, count: int = 1, shape: str = ""
    ) -> None:
        """Rows of which only the number is kept, and the bytes of the first of them."""
        rest = self._rest.get(verdict)
        if rest is None:
            rest = self._rest[verdict] = _Rest(row, shape or self.shape)
        rest.add(original, count)

    def rows(self) -> tuple[RefusedRow, ...]:
        """All of them in the order of their rows; the rest are last."""
        rest = [
            RefusedRow(
                rest.row,
                verdict,
                "row",
                f"{rest.count} more rows from row {rest.row} on are {verdict.value}; only the "
                f"first {self._single} have a dead letter each",
                b"\n".join(rest.lines),
                rest.count,
                rest.shape,
            )
            for verdict, rest in self._rest.items()
        ]
        return (*sorted(self._rows, key=lambda row: row.row), *rest)


def counted(rows: Iterable[RefusedRow]) -> int:
    """How many rows of the input were refused."""
    return sum(row.count for row in rows)


def as_one(rows: tuple[RefusedRow, ...], what: str) -> tuple[RefusedRow, ...]:
    """The refused rows of an input of which nothing was taken, as one: its reason is said once.

    Args:
        rows: in their order.
        what: what it was: "the file".
    """
    total = counted(rows)
    if len(rows) == 1 and (total == 1 or rows[0].shape == ANY_SHAPE):
        return rows
    first = rows[0]
    kept = first_bytes(b"\n".join(row.original for row in rows[:MAX_REFUSED]))
    reason = f"none of {total} rows of {what} could be taken; the first: {first.reason}"
    same = [row for row in rows if row.field == first.field]
    if len(same) > 1 and all(row.meant for row in same) and (hint := hint_of(same)):
        reason += f"; so is each row: {hint}"
    return (replace(first, reason=reason, original=kept, count=total),)


def refused_whole(data: bytes, row: int, field: str, reason: str, count: int) -> RefusedRow:
    """Bytes that are refused together, without a look at their rows."""
    kept = first_bytes(data)
    return RefusedRow(row, Verdict.MALFORMED, field, reason, kept, max(1, count), ANY_SHAPE)


def first_bytes(data: bytes) -> bytes:
    """As much as a dead letter keeps, cut at a line end where there is one."""
    if len(data) <= REST_BYTES:
        return data
    head, end, _ = data[:REST_BYTES].rpartition(b"\n")
    return head + end or data[:REST_BYTES]


def lines_in(data: bytes) -> int:
    """How many lines are not blank."""
    return sum(1 for line in data.split(b"\n") if line.strip())


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
        bad = [refusal._replace(record=refusal.record + by) for refusal in self.bad]
        return Contents(self.readings, self.record + by, bad)


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


def distinct(rows: npt.NDArray[np.int64]) -> int:
    """How many different ones there are among ascending numbers."""
    return 1 + int(np.count_nonzero(np.diff(rows))) if len(rows) else 0


def bad_record(record: int, shape: str, value: bytes, reason: str) -> Bad:
    """A record of which nothing can be read."""
    return Bad(record, shape, RefusedRow(1, Verdict.MALFORMED, "record", reason, value))
