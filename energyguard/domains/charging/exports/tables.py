"""A file of an export: its header, its rows as they stand there, and what they show together."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator, Sequence
from pathlib import Path

from energyguard.domains.charging.exports.layout import layout_of
from energyguard.errors import NotFound
from energyguard.files.dates import with_century
from energyguard.files.numbers import Numbers
from energyguard.files.times import joined

_DATES = ("start", "end", "start_date", "end_date")
_GZIP = b"\x1f\x8b"


class Table:
    """A file: its header, and its rows, each with its number and as it stands there."""

    def __init__(self, path: Path) -> None:
        lines = _Lines(path)
        self.file, self._delimiter = path.name, lines.delimiter
        read = csv.reader([lines.text[0]], delimiter=lines.delimiter)
        self.header = next(iter(read), []) if lines else []
        self.layout = layout_of(self.header, path.name)
        cells = list(csv.reader(lines, delimiter=lines.delimiter))
        rows = zip(lines.rows[1:], cells[1:], strict=True)
        self.rows = [(at, text, row) for (at, text), row in rows if any(map(str.strip, row))]

    def times(self) -> list[str]:
        """All times, or their days."""
        return [
            text
            for whole, day, time in (
                ("start", "start_date", "start_time"),
                ("end", "end_date", "end_time"),
            )
            for _, _, row in self.rows
            if (
                text := self._cell(row, whole)
                or joined(self._cell(row, day), self._cell(row, time))
            )
        ]

    def begins_with_years(self) -> None:
        """Give its dates, which begin with years of two digits, years of four."""
        places = [self.layout.at[what] for what in _DATES if what in self.layout.at]
        for _, _, row in self.rows:
            for at in places:
                if at < len(row):
                    row[at] = with_century(row[at])

    def numbers(self) -> Numbers:
        """How its numbers are written."""
        amounts = ("energy_kwh", "energy_wh", "cost", "connected_h", "charge_h", "power_w")
        places = [self.layout.at[what] for what in amounts if what in self.layout.at]
        cells = (row[at] for _, _, row in self.rows for at in places if at < len(row))
        return Numbers.shown_by(cells, self._delimiter)

    def _cell(self, row: Sequence[str], what: str) -> str:
        at = self.layout.at.get(what)
        return row[at].strip() if at is not None and at < len(row) else ""


class _Lines:
    """The lines of a file, and which of them make a row."""

    def __init__(self, path: Path) -> None:
        try:
            data = path.read_bytes()
            data = gzip.decompress(data) if data.startswith(_GZIP) else data
        except OSError as error:
            raise NotFound(f"{path}: {error.strerror or error}") from error
        text = data.decode("utf-8-sig", "surrogateescape")
        self.text = text.splitlines(keepends=True) or [""]
        self.delimiter = max(",;\t", key=self.text[0].count)
        self.rows: list[tuple[int, str]] = []  # the first line's number, and all of it

    def __bool__(self) -> bool:
        return bool(self.text[0].strip())

    def __iter__(self) -> Iterator[str]:
        quoted = False
        for number, line in enumerate(self.text, 1):
            if quoted:
                self.rows[-1] = (self.rows[-1][0], self.rows[-1][1] + line)
            elif line.strip("\r\n"):
                self.rows.append((number, line))
            quoted ^= line.count('"') % 2 == 1
            if quoted or line.strip("\r\n"):
                yield line
