"""What the lines above a table's header say of all of it: whose readings they are."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from energyguard.files.tables.grid import Grid
from energyguard.files.values.words import header_of_text

_NAMED: Final = re.compile(r"\s*([^:=]{2,40}?)\s*[:=]\s*(\S.*)")
_MAX_NAME: Final = 64


def device_above(grid: Grid) -> str:
    """The device that the lines above the header name; empty: none, or several.

    It stands behind its word (``Meter number: 12``, ``Zählpunkt;AT001``), or below it.
    """
    rows = [_cells(line, grid.delimiter) for line in grid.above]
    found = {name for row in rows if (name := device_beside(row))}
    if not found:
        found = {
            below[place].strip()
            for row, below in pairwise(rows)
            for place, cell in enumerate(row[: len(below)])
            if _is_word(cell) and _is_name(below[place])
        }
    return found.pop() if len(found) == 1 else ""


def _cells(line: str, delimiter: str) -> Sequence[str]:
    return next(csv.reader([line], delimiter=delimiter), [])


def device_beside(row: Sequence[str]) -> str:
    """The name of a line that stands beside a word for devices; empty: none does."""
    cells = [cell.strip() for cell in row if cell.strip()]
    if len(cells) == 1 and (both := _NAMED.fullmatch(cells[0])) is not None:
        cells = [both[1], both[2].strip()]
    if len(cells) < 2:
        return ""
    return cells[1] if _is_word(cells[0].rstrip(": ")) and _is_name(cells[1]) else ""


def _is_word(cell: str) -> bool:
    return header_of_text(cell).role == "device"


def _is_name(cell: str) -> bool:
    """Whether a cell may be the name of a meter: those have figures in them."""
    cell = cell.strip()
    return 0 < len(cell) <= _MAX_NAME and any(letter.isdigit() for letter in cell)
