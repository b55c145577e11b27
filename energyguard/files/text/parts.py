"""The texts that a file holds: unpacked, of a workbook each sheet with a table, as UTF-8."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from energyguard.errors import Malformed
from energyguard.files.found import FileFinding
from energyguard.files.text.columnar import MARK, parquet_as_csv
from energyguard.files.text.text import as_utf8
from energyguard.files.text.unpack import Part
from energyguard.files.text.workbooks import is_workbook, sheets_as_csv

_ZIP: Final = b"PK\x03\x04"
_NO_TABLES: Final = (
    (b"\xd0\xcf\x11\xe0", "is a workbook of the old kind (.xls): save it as .xlsx or CSV"),
    (b"%PDF", "is a PDF, which has no table to read: ask its sender for CSV or XLSX"),
    (b"\x89PNG", "is a picture"),
    (b"\xff\xd8\xff", "is a picture"),
    (b"<!doctype html", "is a web page, not the file: open it, and save its table as CSV or XLSX"),
    (b"<html", "is a web page, not the file: open it, and save its table as CSV or XLSX"),
)
"""How files begin that people bring and nothing can be read of, and what is to be done."""


def text_of(part: Part) -> tuple[bytes, list[FileFinding]]:
    """A file as UTF-8 with line feeds, and what its encoding was.

    Raises:
        Malformed: it is none that has a table, or no text.
    """
    beginning = part.data[:64].removeprefix(codecs.BOM_UTF8).lstrip()[:16]
    for magic, what in _NO_TABLES:
        if beginning.lower().startswith(magic.lower()):
            raise Malformed(f"{part.name}: it {what}", "file")
    return as_utf8(part.data, part.name)


def sheets_of(part: Part, has_table: Callable[[bytes], bool]) -> list[Part]:
    """A file as it is; of a workbook each sheet with a table, or its first one.

    Args:
        part: the file.
        has_table: whether a sheet, as CSV, is one that is looked for.

    Raises:
        Malformed: it is an archive in an archive, or a damaged workbook or Parquet file.
    """
    if part.data.startswith(MARK):
        return [Part(part.name, parquet_as_csv(part.data, part.name))]
    if not part.data.startswith(_ZIP):
        return [part]
    with TemporaryDirectory(prefix="energyguard-") as folder:
        path = Path(folder, "book.xlsx")
        path.write_bytes(part.data)
        if not is_workbook(path):
            raise Malformed(f"{part.name}: it is no workbook and no archive of tables", "file")
        sheets = sheets_as_csv(path)
    tables = {title: data for title, data in sheets.items() if has_table(data)}
    if len(tables) < 2:
        return [Part(part.name, next(iter((tables or sheets).values())))]
    return [Part(f"{part.name}:{title}", data) for title, data in tables.items()]
