"""Tables for people: CSV, a workbook (XLSX) or Parquet, from Arrow.

A time with a zone is shown as its clock has it: in CSV with the offset, in a workbook without (it
has no such cells). A text that a spreadsheet would take for a formula stays a text.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
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
_DAY_0: Final = datetime(1899, 12, 30)


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


def _converted(column: pa.ChunkedArray, to: Callable[[Any], Any]) -> list[Any]:
    """Each value as a cell has it. Tables repeat names and times: each is converted once."""
    encoded = column.combine_chunks().dictionary_encode()
    cells = [to(value) for value in encoded.dictionary.to_pylist()]
    return [None if at is None else cells[at] for at in encoded.indices.to_pylist()]


def _cells(
    table: pa.Table, of_text: Callable[[str], str], of_time: Callable[[datetime], Any]
) -> Iterator[list[Any]]:
    """Column by column, with its texts and times as cells have them."""
    for column in table.columns:
        if pa.types.is_string(column.type):
            yield _converted(column, of_text)
        elif pa.types.is_timestamp(column.type):
            yield _converted(column, of_time)
        else:
            yield column.to_pylist()


def _write_csv(table: pa.Table, out: BinaryIO) -> None:
    text = io.TextIOWrapper(out, "utf-8", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.column_names)
    writer.writerows(zip(*_cells(table, as_text, _csv_time), strict=True))
    text.detach()


def _csv_time(time: datetime) -> str:
    return time.isoformat(timespec="seconds" if not time.microsecond else "milliseconds")


def _write_workbook(table: pa.Table, out: BinaryIO, title: str) -> None:
    from xlsxwriter import Workbook  # here: seldom used

    if table.num_rows > MAX_SHEET_ROWS:
        raise ValueError(
            f"{table.num_rows:,} rows: a workbook has room for {MAX_SHEET_ROWS:,}; take CSV or "
            "Parquet, or less time"
        )
    with Workbook(out, {"constant_memory": True}) as book:
        sheet = book.add_worksheet(title[:31] or "EnergyGuard")
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, table.num_columns - 1, _WIDTH)
        bold = book.add_format({"bold": True})
        for number, name in enumerate(table.column_names):
            sheet.write_string(0, number, name, bold)
        times = book.add_format({"num_format": _TIME})
        formats = [times if pa.types.is_timestamp(c.type) else None for c in table.columns]
        for row, cells in enumerate(zip(*_cells(table, _in_xml, _serial), strict=True), 1):
            for number, (cell, shown) in enumerate(zip(cells, formats, strict=True)):
                if isinstance(cell, str):
                    sheet.write_string(row, number, cell)  # whatever it begins with
                elif cell is not None:
                    sheet.write_number(row, number, cell, shown)


def _serial(time: datetime) -> float:
    """A time on its zone's clock as a workbook has it: in days since the end of 1899."""
    return (time.replace(tzinfo=None) - _DAY_0) / timedelta(days=1)


def _in_xml(text: str) -> str:
    """Control characters cannot stand in XML."""
    return "".join(c for c in text if c >= " " or c in "\t\n")
