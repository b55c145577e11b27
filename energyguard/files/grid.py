"""Where the cells of delimited text are: its delimiter, the lines above its header, the header."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from energyguard.errors import Malformed
from energyguard.files.times import since_or_written
from energyguard.files.words import unit_named

SAMPLE_LINES: Final = 200
MAX_COLUMNS: Final = 2_000
MAX_LINE: Final = 2_000_000
MAX_NAME: Final = 200
"""Letters of a header that are looked at."""
MAX_CELL: Final = 100
"""Letters of a number or a time; what is longer is text."""
_DELIMITERS: Final = (";", "\t", "|", ",")
_NAMES: Final = {";": "semicolon", "\t": "tab", "|": "bar", ",": "comma", " ": "space"}
_NUMBER: Final = re.compile(r"[-+]?\s?[\d.,' ]*\d[\d.,]*(?:[eE][-+]?\d+)?\s?[^\W\d_]{0,4}")
_FORMAT: Final = re.compile(r"\[?[dMyYHhmsS]{1,4}(?:[-/.: ][dMyYHhmsSa]{1,4}){1,6}\]?")
"""How a line of units says that a column has times: ``[dd.MM.yyyy HH:mm]``."""
_DATE: Final = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{1,2}[- ][A-Za-z]{3}[- ]\d{2,4}")
_CLOCK: Final = re.compile(
    r"\d{1,2}[ABab]?:\d{2}(?::\d{2})?(?:[.,]\d+)?\s*(?:[AaPp]\.?[Mm]\.?|[AB])?"
)


def kind_of(cell: str) -> str:
    """What a cell is: ``moment``, ``date``, ``clock``, ``number``, ``text``, or nothing."""
    cell = cell.strip()
    if not cell:
        return ""
    if len(cell) > MAX_CELL:
        return "text"
    if _NUMBER.fullmatch(cell) and not _DATE.fullmatch(cell):
        return "number"
    if _CLOCK.fullmatch(cell):
        return "clock"
    if _DATE.fullmatch(cell):
        return "date"
    return "moment" if since_or_written(cell) else "text"


@dataclass(frozen=True, slots=True)
class Grid:
    """The cells of delimited text.

    Attributes:
        delimiter: between its cells.
        above: the lines above its header.
        header: the names of its columns, as they stand there; made up where it has no header.
        has_header: whether it has one.
        units: the line of units below the header; empty: there is none.
        first_row: the number of the first line of data, from 1.
        width: how many cells a line of data has.
        sample: lines of data, from all of the text.
    """

    delimiter: str
    above: tuple[str, ...]
    header: tuple[str, ...]
    has_header: bool
    units: tuple[str, ...]
    first_row: int
    width: int
    sample: tuple[tuple[str, ...], ...]

    @property
    def delimiter_name(self) -> str:
        """The delimiter in a word."""
        return _NAMES[self.delimiter]


def grid_of(data: bytes, name: str) -> Grid:
    """Find the cells of a text.

    Args:
        data: UTF-8 with line feeds.
        name: the file's, for what is wrong.

    Raises:
        Malformed: no line has a time and a number.
    """
    head = [line.decode(errors="replace") for line in _lines(data, name)]
    found = [grid for mark in _DELIMITERS if (grid := _grid(head, mark)) is not None]
    if not found and all(re.fullmatch(r"\d{9,}(\.\d+)?( \S+)+", line) for line in head[:3] if line):
        found = [grid for grid in [_grid(head, " ")] if grid is not None]
    if not found:
        raise Malformed(
            f"{name}: no line has a time and a number side by side, between semicolons, tabs, bars "
            "or commas",
            "file",
        )
    return max(found, key=lambda grid: (len(grid.sample), -_DELIMITERS.index(grid.delimiter)
                                        if grid.delimiter in _DELIMITERS else 0))  # fmt: skip


def _lines(data: bytes, name: str) -> list[bytes]:
    """The first lines."""
    lines: list[bytes] = []
    start = 0
    while start < len(data) and len(lines) < SAMPLE_LINES:
        end = data.find(b"\n", start, start + MAX_LINE)
        if end < 0:
            end = len(data)
            if end - start > MAX_LINE:
                raise Malformed(f"{name}: line {len(lines) + 1} is longer than 2 MB", "file")
        lines.append(data[start:end])
        start = end + 1
    return lines


def _grid(lines: Sequence[str], mark: str) -> Grid | None:
    """The same with one delimiter; None: it is not the one."""
    rows = [_cells(line, mark) for line in lines]
    data = [number for number, row in enumerate(rows) if _is_data(row)]
    if not data:
        return None
    widths = Counter(len(rows[number]) for number in data)
    width = widths.most_common(1)[0][0]
    if not 2 <= width <= MAX_COLUMNS:
        return None
    data = [number for number in data if len(rows[number]) == width]
    first = data[0]
    above = [number for number in range(first) if lines[number].strip()]
    units: tuple[str, ...] = ()
    if above and _is_units(rows[above[-1]]):
        units = _fitted(rows[above.pop()], width)
    header: tuple[str, ...] = ()
    if above and _is_header(rows[above[-1]], width):
        header = tuple(rows[above.pop()])
    named = _fitted(header, width)
    return Grid(
        mark,
        tuple(lines[number] for number in above),
        tuple(name.strip()[:MAX_NAME] or f"column {place}" for place, name in enumerate(named, 1)),
        bool(header),
        units,
        first + 1,
        width,
        tuple(tuple(rows[number]) for number in data),
    )


def _cells(line: str, mark: str) -> list[str]:
    if '"' not in line:
        return line.split(mark)
    try:
        return next(csv.reader([line], delimiter=mark), [])
    except csv.Error:
        return line.split(mark)


def _is_data(row: Sequence[str]) -> bool:
    """Whether a line may be one of readings: it has a time, or a date, and a number beside it."""
    if not 2 <= len(row) <= MAX_COLUMNS:
        return False
    kinds = [kind_of(cell) for cell in row]
    numbers = kinds.count("number")
    has_time = "moment" in kinds or "date" in kinds
    epoch = any(re.fullmatch(r"\d{9,19}(?:\.\d+)?", cell.strip()) for cell in row)
    is_empty = "" in kinds and kinds[0] in ("moment", "date", "clock")  # its value is not there
    return (has_time and (numbers > 0 or is_empty)) or (epoch and numbers > 1)


def _is_header(row: Sequence[str], width: int) -> bool:
    words = [cell for cell in row if cell.strip()]
    return len(words) >= 2 and abs(len(row) - width) <= 2 and kind_of(row[0]) in ("text", "")


def _is_units(row: Sequence[str]) -> bool:
    words = [cell for cell in row if cell.strip() and not _FORMAT.fullmatch(cell.strip())]
    return bool(words) and all(unit_named(word) for word in words)


def _fitted(row: Sequence[str], width: int) -> tuple[str, ...]:
    return tuple([*row, *[""] * width][:width])
