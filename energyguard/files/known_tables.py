"""Tables that are known by their header: records of a domain, such as sessions, not readings.

Unpacking, encodings, sheets, JSON, the delimiter and the lines are the same as those of any table;
what the columns are, the kind of table says.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Protocol

from energyguard.domain import FileTables, installed, load
from energyguard.errors import Malformed
from energyguard.files.found import FileFinding
from energyguard.files.json_table import is_json, json_as_csv
from energyguard.files.tables.grid import (
    DELIMITERS,
    MAX_NAME,
    Grid,
    cells_of,
    first_lines,
    is_units,
    plainly_spelled,
)
from energyguard.files.tables.table import TextTable, table_of
from energyguard.files.text.parts import sheets_of, text_of
from energyguard.files.text.unpack import unpacked

HEAD_BYTES: Final = 65_536
_KEY: Final = re.compile(rb'"([^"\\]{1,80})"\s*:')
MAX_COLUMNS: Final = 200
"""Of a header that is looked at."""


class OtherTable(Malformed):
    """A file has a domain's tables, and no readings.

    Attributes:
        tables: what they are, and what takes them.
    """

    def __init__(self, name: str, tables: FileTables) -> None:
        why = f"it has {tables.title}: `energyguard {tables.command}` takes it"
        super().__init__(f"{name}: {why} (--as table, if they are readings)", "file")
        self.tables = tables


class TableKind(Protocol):
    """What is known of a kind of table."""

    def missing(self, header: Sequence[str]) -> Sequence[str]:
        """What its rows cannot be without, and no column has."""
        ...

    def known(self, header: Sequence[str]) -> int:
        """How many columns of a header have a role."""
        ...

    def time_words(self, name: str) -> str:
        """The words of a header of times; empty: it is none."""
        ...


class RecognisedKind(TableKind, Protocol):
    """A kind that can be told from tables of readings."""

    def recognises(self, header: Sequence[str]) -> bool:
        """Whether a table is of this kind and of no readings."""
        ...


@dataclass(frozen=True, slots=True)
class KnownTable:
    """A table of such a kind.

    Attributes:
        name: of its file, with the sheet where there are several.
        grid: where its cells are.
        table: its lines.
        findings: what was found of the file.
    """

    name: str
    grid: Grid
    table: TextTable
    findings: tuple[FileFinding, ...]


def known_tables(path: Path, kind: TableKind) -> list[KnownTable]:
    """The tables of a kind that a file holds: of a workbook or an archive, several.

    Raises:
        NotFound: there is no such file.
        Malformed: it cannot be read, or no header is one of the kind; the message says what is
            missing.
    """
    fits = partial(_fits, kind)
    parts = [sheet for part in unpacked(path) for sheet in sheets_of(part, fits)]
    found = []
    for part in parts:
        data, findings = text_of(part)
        if is_json(data):
            data = json_as_csv(data, part.name, lambda header: not kind.missing(header))
            findings.append(FileFinding("JSON", part.name, "read as a table"))
        grid = _grid_of(data, part.name, kind)
        findings.append(FileFinding("delimiter", grid.delimiter_name, f"{grid.width} cells a line"))
        found.append(KnownTable(part.name, grid, table_of(data, grid, part.name), tuple(findings)))
    return found


def recognised(data: bytes, name: str) -> FileTables | None:
    """What of a domain a text has that is no reading; None: it may have readings.

    Args:
        data: UTF-8 with line feeds.
        name: the file's.
    """
    for tables in (tables for domain in installed() for tables in domain.tables):
        kind: RecognisedKind = load(tables.kind)
        text = data
        if is_json(data):
            keys = [key.decode(errors="replace") for key in _KEY.findall(data[:HEAD_BYTES])]
            if not kind.recognises(keys):
                continue
            text = json_as_csv(data, name, kind.recognises)
        if kind.recognises(header_of(text, name, kind)):
            return tables
    return None


def header_of(data: bytes, name: str, kind: TableKind) -> tuple[str, ...]:
    """The line that is the header of the kind, or that has the most of its columns."""
    lines = first_lines(data, name)
    place, mark = _header_at(lines, kind)
    return tuple(cells_of(lines[place], mark)) if lines else ()


def _fits(kind: TableKind, data: bytes) -> bool:
    return not kind.missing(header_of(data, "", kind))


def _grid_of(data: bytes, name: str, kind: TableKind) -> Grid:
    lines = first_lines(data, name)
    place, mark = _header_at(lines, kind)
    header = cells_of(lines[place], mark) if lines else []
    if not any(cell.strip() for cell in header):
        raise Malformed(f"{name}: it is empty: no table in it", "header")
    if missing := kind.missing(header):
        raise Malformed(
            f"{name}: row {place + 1}: no column for {', '.join(missing)} among "
            f"{', '.join(header)}: --map COLUMN=ROLE says what a column is",
            "header",
        )
    below = [cells_of(line, mark) for line in lines[place + 1 :] if line.strip()]
    units = tuple(below[0]) if below and is_units(below[0]) else ()
    rows = [tuple([*row, *[""] * len(header)][: len(header)]) for row in below[bool(units) :]]
    names = [cell.strip()[:MAX_NAME] or f"column {number}" for number, cell in enumerate(header, 1)]
    grid = Grid(
        mark, tuple(line for line in lines[:place] if line.strip()), tuple(names), True, units,
        place + 2 + bool(units), len(header), tuple(rows),
    )  # fmt: skip
    return plainly_spelled(grid, kind.time_words)


def _header_at(lines: Sequence[str], kind: TableKind) -> tuple[int, str]:
    """The line of the header and its delimiter; where none is one, that which knows the others."""
    best = (0, 0, ",")
    for place, line in enumerate(lines):
        for mark in DELIMITERS:
            cells = cells_of(line, mark)
            if not 1 < len(cells) <= MAX_COLUMNS:
                continue
            if not kind.missing(cells):
                return place, mark
            best = max(best, (kind.known(cells), -place, mark))
    return -best[1], best[2]
