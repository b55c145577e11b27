"""Lines looked at one by one: what each means, and why one is refused.

A cell may have spaces or quotes round it, a time a lower-case ``t`` or ``z``, a number an exponent:
what is sound is written anew as the fast way takes it, so a line means the same alone and among
others. The fields of JSON objects go through the same.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.codecs import Decoded
from energyguard.codecs.assembly import TableRows, assemble
from energyguard.codecs.columns import (
    ISO_TIME,
    LONG_NUMBER,
    MAY_BE_EMPTY,
    MAYBE_NUMBER,
    NOT_FINITE,
    NUMBER,
    PLAIN_TIME,
    SPACES,
    Column,
    ColumnLayout,
    sixty_fourth,
)
from energyguard.codecs.context import DecodeContext
from energyguard.codecs.refusals import Refusals
from energyguard.codecs.text.lines import numbered_lines
from energyguard.model.readings import Verdict

BEYOND = "is beyond all finite readings"
_NUMBERS = (NUMBER, MAYBE_NUMBER)
_TIMES = (ISO_TIME, PLAIN_TIME)
_BOM = b"\xef\xbb\xbf"


class RowFault(ValueError):
    """Why a row is refused: how it ends, the field at fault, the reason."""

    def __init__(self, verdict: Verdict, field: str, reason: str) -> None:
        super().__init__(reason)
        self.verdict, self.field, self.reason = verdict, field, reason


class SoundRows:
    """Rows of a layout, as the fast way takes their cells, and where they stood.

    Args:
        layout: what the columns are.
    """

    def __init__(self, layout: ColumnLayout) -> None:
        self.layout = layout
        self.numbers: list[int] = []
        self.originals: list[bytes] = []
        self._cells: list[Sequence[str]] = []
        self._columns = tuple(layout.columns.values())
        self._times = [i for i, column in enumerate(self._columns) if column in _TIMES]
        self._sound = _sound(layout)

    def add(self, number: int, cells: Sequence[str], original: bytes) -> None:
        """A row.

        Args:
            number: where it stood.
            cells: of each column.
            original: its bytes as they came.

        Raises:
            RowFault: it cannot be read.
        """
        if len(cells) == len(self._columns):
            cells = [_tidy(cell, column) for cell, column in zip(cells, self._columns, strict=True)]
        sound = self._sound.fullmatch(",".join(cells))
        if not (sound and all(_is_in_calendar(cells[i]) for i in self._times)):
            raise RowFault(*_explain(cells, self.layout))
        self.numbers.append(number)
        self.originals.append(original)
        self._cells.append(cells)

    def readings(self, context: DecodeContext, refusals: Refusals) -> Decoded:
        """Their readings; those out of range are refused, beside what was refused before."""
        table, numbers = self._table(range(len(self._cells)), refusals)
        rows = TableRows(
            np.array([self.numbers[i] for i in numbers], np.int64),
            lambda place: self.originals[numbers[place]],
            self.layout.time_field,
            context.limits,
        )
        return assemble(self.layout.parts(table, context.device), rows, refusals)

    def _table(self, chosen: range, refusals: Refusals) -> tuple[pa.Table, list[int]]:
        """A table of some rows; one that Arrow takes for none is found by halving."""
        columns: Sequence[Sequence[str]] = [*zip(*(self._cells[i] for i in chosen), strict=True)]
        try:
            return _converted(columns or [()] * len(self._columns), self.layout), [*chosen]
        except pa.ArrowException:
            if len(chosen) > 1:
                half = len(chosen) // 2
                left, right = (self._table(c, refusals) for c in (chosen[:half], chosen[half:]))
                return pa.concat_tables([left[0], right[0]]), left[1] + right[1]
        row = chosen[0]
        what = "the line cannot be read"
        refusals.refuse(self.numbers[row], Verdict.MALFORMED, "row", what, self.originals[row])
        return self._table(range(0), refusals)


def _converted(columns: Sequence[Sequence[str]], layout: ColumnLayout) -> pa.Table:
    """Cells, column by column, as the types of a layout; an empty one is null where it may be."""
    table = {}
    for (name, column), cells in zip(layout.columns.items(), columns, strict=True):
        text = pa.array(cells, pa.string())
        if column in MAY_BE_EMPTY:
            text = pc.replace_with_mask(text, pc.equal(text, ""), pa.scalar(None, pa.string()))
        table[name] = text.cast(column.type)
    return pa.table(table)


def decode_row_by_row(
    data: bytes, layout: ColumnLayout, first_row: int, refusals: Refusals
) -> SoundRows:
    """The sound ones of some lines.

    Args:
        data: lines without a header.
        layout: what the columns are.
        first_row: the number of the first line.
        refusals: gets the others.
    """
    columns = tuple(layout.columns.values())
    commas, rows = len(columns) - 1, SoundRows(layout)
    for row, original in numbered_lines(data, first_row, _shortest(columns), refusals):
        line = original.removesuffix(b"\r").removeprefix(_BOM)
        quoted = b'"' in line
        if line.count(b",") != commas and not quoted and refusals.full:
            refusals.count(row, Verdict.MALFORMED, line)
            continue
        try:
            text = line.decode()
            rows.add(row, _unquoted(text) if quoted else text.split(","), original)
        except (UnicodeDecodeError, csv.Error) as error:
            refusals.refuse(row, Verdict.MALFORMED, "row", _unreadable(error), original)
        except RowFault as fault:
            refusals.refuse(row, fault.verdict, fault.field, fault.reason, original)
    return rows


@lru_cache(maxsize=256)
def _sound(layout: ColumnLayout) -> re.Pattern[str]:
    """What a sound line looks like."""
    return re.compile(",".join(f"(?:{c.pattern})" for c in layout.columns.values()), re.ASCII)


def _shortest(columns: Sequence[Column]) -> int:
    """The length of the shortest line that may be a reading, or be out of range."""
    if columns[0] not in _TIMES:
        return len(columns) - 1
    return len("2026-03-02T10") + len(columns) - 1


def _tidy(cell: str, column: Column) -> str:
    cell = cell.strip(SPACES)
    return cell if column.tidy is None else column.tidy(cell)


def _unquoted(text: str) -> list[str]:
    """The cells of a line with quotes.

    Raises:
        csv.Error: they do not stand as they must.
    """
    (cells,) = csv.reader([text], strict=True, skipinitialspace=True)
    if any("\n" in cell for cell in cells):
        raise csv.Error("a quote is not closed")
    return cells


def _unreadable(error: UnicodeDecodeError | csv.Error) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 at byte {error.start}"
    return f"the quotes of the line cannot be read: {error}"


def _is_in_calendar(time: str) -> bool:
    """Whether a time of the right form is one: not the 30th of February."""
    year = "2000" if time.startswith("0000") else time[:4]  # which has a 29th of February too
    try:
        datetime.fromisoformat(year + time[4:])
    except ValueError:
        return False
    return True


def _explain(cells: Sequence[str], layout: ColumnLayout) -> tuple[Verdict, str, str]:
    """How a bad line ends, the field at fault, and the reason."""
    n = len(layout.columns)
    if len(cells) != n:
        wanted = ",".join(layout.columns)
        return Verdict.MALFORMED, "row", f"{len(cells)} columns instead of {n} ({wanted})"
    for cell, (name, column) in zip(cells, layout.columns.items(), strict=True):
        sound = re.fullmatch(column.pattern, cell, re.ASCII) is not None
        if sound and (column not in _TIMES or _is_in_calendar(cell)):
            continue
        if not cell:
            return Verdict.MALFORMED, name, f"{name} is empty"
        if column in _NUMBERS and (NOT_FINITE.fullmatch(cell) or LONG_NUMBER.fullmatch(cell)):
            return Verdict.OUT_OF_RANGE, name, f"{name} {BEYOND}: {sixty_fourth(cell)}"
        why = f"{name or 'a column without a name'} is not {column.wanted}: {sixty_fourth(cell)}"
        return Verdict.MALFORMED, name, why
    return Verdict.MALFORMED, "row", "the line cannot be read"
