"""Readings in a workbook (XLSX), as the CSV that they would be: the first sheet that has rows.

A workbook's times have no zone, and stand there without one. Where all times of a column are
midnights it has days.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

from energyguard.errors import Malformed

MAX_UNPACKED_BYTES: Final = 512 * 2**20
"""Of all parts of a workbook: a small file may hold very much of nothing."""
_ZIP: Final = b"PK\x03\x04"
_BOOK: Final = "xl/workbook.xml"
_MIDNIGHT: Final = "T00:00:00"


def is_workbook(path: Path) -> bool:
    """Whether a file is a workbook, by what is in it."""
    with path.open("rb") as file:
        if file.read(len(_ZIP)) != _ZIP:
            return False
    try:
        with zipfile.ZipFile(path) as parts:
            return _BOOK in parts.namelist()
    except zipfile.BadZipFile:
        return False


def sheets_as_csv(path: Path) -> dict[str, bytes]:
    """The rows of all sheets that have any, by the sheets' names.

    Raises:
        Malformed: it cannot be read, is too large, or has no rows.
    """
    import openpyxl  # here: seldom used, and slow to load

    with zipfile.ZipFile(path) as parts:
        if sum(part.file_size for part in parts.infolist()) > MAX_UNPACKED_BYTES:
            limit = f"{MAX_UNPACKED_BYTES >> 20} MB"
            raise Malformed(f"{path.name}: more than {limit} unpacked; save it as CSV", "file")
    sheets: dict[str, bytes] = {}
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        for sheet in book.worksheets:
            out, days = io.StringIO(), _DayColumns()
            rows = (days.texts(row) for row in sheet.iter_rows(values_only=True))
            csv.writer(out, lineterminator="\n").writerows(row for row in rows if any(row))
            if out.tell():
                sheets[sheet.title] = days.shortened(out.getvalue()).encode()
    except (ValueError, KeyError, TypeError, OSError, OverflowError, zipfile.BadZipFile) as error:
        raise Malformed(f"{path.name} is not a whole workbook: {error}", "file") from error
    if not sheets:
        raise Malformed(f"{path.name} has no rows: put the readings on its first sheet", "file")
    return sheets


class _DayColumns:
    """Writes cells as text, and sees which columns have nothing but days."""

    def __init__(self) -> None:
        self._midnights = set[int]()
        self._others = set[int]()

    def texts(self, row: Iterable[object]) -> list[str]:
        return [self._text(place, cell) for place, cell in enumerate(row)]

    def _text(self, place: int, cell: object) -> str:
        if cell is None:
            return ""
        if not isinstance(cell, datetime):
            return cell.isoformat() if isinstance(cell, date) else str(cell)
        # a sheet counts days: its seconds may be off by some microseconds
        text = (cell + timedelta(milliseconds=500)).replace(microsecond=0).isoformat()
        (self._midnights if text.endswith(_MIDNIGHT) else self._others).add(place)
        return text

    def shortened(self, text: str) -> str:
        """The same text, with days alone in their columns."""
        days = self._midnights - self._others
        if not days:
            return text
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        for row in csv.reader(io.StringIO(text)):
            for place in days & set(range(len(row))):
                row[place] = row[place].removesuffix(_MIDNIGHT)
            writer.writerow(row)
        return out.getvalue()
