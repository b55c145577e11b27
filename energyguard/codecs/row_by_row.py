"""Lines looked at one by one: what each means, and why one is refused.

A cell may have spaces or quotes round it, a time a lower-case ``t`` or ``z``, a number an exponent:
what is sound is written anew as the fast way takes it, so a line means the same alone and among
others.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

from energyguard.codecs.columns import (
    ISO_TIME,
    LONG_NUMBER,
    MAYBE_NUMBER,
    NOT_FINITE,
    NUMBER,
    PLAIN_TIME,
    SPACES,
    Column,
    ColumnLayout,
    sixty_fourth,
)
from energyguard.codecs.lines import numbered_lines
from energyguard.codecs.refusals import Refusals
from energyguard.model.readings import Verdict

BEYOND = "is beyond all finite readings"
_NUMBERS = (NUMBER, MAYBE_NUMBER)
_TIMES = (ISO_TIME, PLAIN_TIME)
_BOM = b"\xef\xbb\xbf"


def decode_row_by_row(
    data: bytes, layout: ColumnLayout, first_row: int, refusals: Refusals
) -> tuple[list[bytes], list[int]]:
    """The sound ones of some lines, as the fast way takes them, and their numbers.

    Args:
        data: lines without a header.
        layout: what the columns are.
        first_row: the number of the first line.
        refusals: gets the others.
    """
    sound, columns = _sound(layout), tuple(layout.columns.values())
    commas, times = len(columns) - 1, [i for i, c in enumerate(columns) if c in _TIMES]
    lines: list[bytes] = []
    numbers: list[int] = []
    for row, original in numbered_lines(data, first_row, _shortest(columns), refusals):
        line = original.removesuffix(b"\r").removeprefix(_BOM)
        quoted = b'"' in line
        if line.count(b",") != commas and not quoted and refusals.full:
            refusals.count(row, Verdict.MALFORMED, line)
            continue
        try:
            text = line.decode()
            cells = _unquoted(text) if quoted else text.split(",")
        except (UnicodeDecodeError, csv.Error) as error:
            refusals.refuse(row, Verdict.MALFORMED, "row", _unreadable(error), original)
            continue
        if len(cells) == len(columns):
            cells = [_tidy(cell, column) for cell, column in zip(cells, columns, strict=True)]
        tidied = ",".join(cells)
        if sound.fullmatch(tidied) and all(_is_in_calendar(cells[i]) for i in times):
            lines.append(tidied.encode())
            numbers.append(row)
        else:
            refusals.refuse(row, *_explain(cells, layout), original)
    return lines, numbers


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
        why = f"{name} is not {column.wanted}: {sixty_fourth(cell)}"
        return Verdict.MALFORMED, name, why
    return Verdict.MALFORMED, "row", "the line cannot be read"
