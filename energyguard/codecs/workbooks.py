"""Readings in a workbook (XLSX), as the CSV that they would be: the first sheet that has rows.

A workbook's times have no zone; they are clock times of the one that is said. Of the hour that a
clock has twice in autumn it is the first.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from energyguard.errors import Malformed

MAX_UNPACKED_BYTES: Final = 512 * 2**20
"""Of all parts of a workbook: a small file may hold very much of nothing."""
_ZIP: Final = b"PK\x03\x04"
_BOOK: Final = "xl/workbook.xml"


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


def workbook_as_csv(path: Path, zone: str) -> bytes:
    """The rows of the first sheet that has any.

    Args:
        path: of the workbook.
        zone: of its times (IANA).

    Raises:
        Malformed: it cannot be read, is too large, or has no rows.
    """
    import openpyxl  # here: seldom used, and slow to load

    with zipfile.ZipFile(path) as parts:
        if sum(part.file_size for part in parts.infolist()) > MAX_UNPACKED_BYTES:
            limit = f"{MAX_UNPACKED_BYTES >> 20} MB"
            raise Malformed(f"{path.name}: more than {limit} unpacked; save it as CSV", "file")
    out = io.StringIO()
    writer, clock = csv.writer(out, lineterminator="\n"), ZoneInfo(zone)
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        for sheet in book.worksheets:
            rows = (_texts(row, clock) for row in sheet.iter_rows(values_only=True))
            writer.writerows(row for row in rows if any(row))
            if out.tell():
                return out.getvalue().encode()
    except (ValueError, KeyError, TypeError, OSError, zipfile.BadZipFile) as error:
        raise Malformed(f"{path.name} is not a whole workbook: {error}", "file") from error
    raise Malformed(f"{path.name} has no rows: put the readings on its first sheet", "file")


def _texts(row: Iterable[object], clock: ZoneInfo) -> list[str]:
    return [_text(cell, clock) for cell in row]


def _text(cell: object, clock: ZoneInfo) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        # a sheet counts days: its seconds may be off by some microseconds
        whole = datetime.fromtimestamp(round(cell.replace(tzinfo=clock).timestamp()), clock)
        return whole.isoformat()
    return cell.isoformat() if isinstance(cell, date) else str(cell)
