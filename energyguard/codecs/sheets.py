"""Tables for people: CSV, a workbook (XLSX) or Parquet, from Arrow.

A time with a zone is shown as its clock has it: in CSV with the offset, in a workbook without (it
has no such cells). A text that a spreadsheet would take for a formula stays a text.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from typing import Any, BinaryIO, Final, Literal, get_args

import pyarrow as pa
import pyarrow.parquet as pq

SheetFormat = Literal["csv", "xlsx", "parquet"]
MEDIA: Final = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}
"""The media type of each format."""
FORMATS: Final[tuple[SheetFormat, ...]] = get_args(SheetFormat)
MAX_SHEET_ROWS: Final = 1_048_575
"""Below the heading; a workbook has no room for more."""

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_WIDTH: Final = 20
_TIME: Final = "yyyy-mm-dd hh:mm"


def write_sheet(table: pa.Table, shape: SheetFormat, out: BinaryIO, title: str = "") -> None:
    """Write a table.

    Args:
        table: columns of texts, numbers and times.
        shape: the format.
        out: where to; it is not closed.
        title: of the sheet.

    Raises:
        ValueError: a workbook has no room for so many rows.
    """
    if shape == "parquet":
        pq.write_table(table, out, compression="zstd")
    elif shape == "csv":
        _write_csv(table, out)
    else:
        _write_workbook(table, out, title)


def sheet_bytes(table: pa.Table, shape: SheetFormat, title: str = "") -> bytes:
    """The same as bytes, for an answer."""
    out = io.BytesIO()
    write_sheet(table, shape, out, title)
    return out.getvalue()


def as_text(text: str) -> str:
    """A text as a cell of CSV in which no spreadsheet sees a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _rows(table: pa.Table) -> Iterator[tuple[Any, ...]]:
    """Row by row, as Python has the values."""
    for batch in table.to_batches():
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _write_csv(table: pa.Table, out: BinaryIO) -> None:
    text = io.TextIOWrapper(out, "utf-8", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.column_names)
    writer.writerows([_csv_cell(value) for value in row] for row in _rows(table))
    text.detach()


def _csv_cell(value: Any) -> Any:
    if isinstance(value, str):
        return as_text(value)
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds" if not value.microsecond else "milliseconds")
    return value


def _write_workbook(table: pa.Table, out: BinaryIO, title: str) -> None:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    if table.num_rows > MAX_SHEET_ROWS:
        raise ValueError(
            f"{table.num_rows:,} rows: a workbook has room for {MAX_SHEET_ROWS:,}; take CSV or "
            "Parquet, or less time"
        )
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title[:31] or "EnergyGuard")
    sheet.freeze_panes = "A2"
    for number in range(1, table.num_columns + 1):
        sheet.column_dimensions[get_column_letter(number)].width = _WIDTH

    def cell(value: Any, bold: bool = False) -> Any:
        made = WriteOnlyCell(sheet, value)
        if isinstance(value, str):
            made.data_type = "s"  # whatever it begins with
        elif isinstance(value, datetime):
            made.number_format = _TIME
        if bold:
            made.font = Font(bold=True)
        return made

    sheet.append([cell(name, bold=True) for name in table.column_names])
    for row in _rows(table):
        sheet.append([cell(_in_book(value)) for value in row])
    book.save(out)


def _in_book(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, str):  # control characters cannot stand in XML
        return "".join(c for c in value if c >= " " or c in "\t\n")
    return value
