"""Where the cells of delimited text are: its delimiter, the lines above its header, the header."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from energyguard.errors import Malformed
from energyguard.files.values.dates import is_day
from energyguard.files.values.numbers import NO_VALUES
from energyguard.files.values.obis_codes import OBIS_CODE
from energyguard.files.values.spellings import Spelling, is_span, spelling_of
from energyguard.files.values.times import is_clock, is_compact, since_or_written
from energyguard.files.values.words import header_of_text, unit_named

SAMPLE_LINES: Final = 200
MAX_COLUMNS: Final = 2_000
MAX_LINE: Final = 2_000_000
MAX_NAME: Final = 200
"""Letters of a header that are looked at."""
MAX_CELL: Final = 100
"""Letters of a number or a time; what is longer is text."""
DELIMITERS: Final = (";", "\t", "|", ",")
_NAMES: Final = {";": "semicolon", "\t": "tab", "|": "bar", ",": "comma", " ": "space"}
_NUMBER: Final = re.compile(
    r"\(?[-+\u2212]?\s?[\d.,' \u00a0\u202f\u2019]*\d[\d.,]*(?:[eE][-+]?\d+)?[-\u2212)]?"
    r"\s?[^\W\d_]{0,4}"
)
_FORMAT: Final = re.compile(r"\[?[dMyYHhmsS]{1,4}(?:[-/.: ][dMyYHhmsSa]{1,4}){1,6}\]?")
"""How a line of units says that a column has times: ``[dd.MM.yyyy HH:mm]``."""

_RULE: Final = re.compile(r"(?::?-+:?|=*)")


def kind_of(cell: str) -> str:
    """What a cell is: ``moment``, ``date``, ``clock``, ``number``, ``text``, or nothing."""
    cell = cell.strip()
    if not cell or cell.lower() in NO_VALUES:
        return ""
    if len(cell) > MAX_CELL or OBIS_CODE.fullmatch(cell):
        return "text"
    if is_compact(cell):
        return "moment"
    is_date = is_day(cell)
    if _NUMBER.fullmatch(cell) and not is_date:
        return "number"
    if is_clock(cell):
        return "clock"
    if is_date:
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
        sample: lines of data, from all of the text; spelled times are plain there.
        spelled: by the place of a column, how its times are spelled.
    """

    delimiter: str
    above: tuple[str, ...]
    header: tuple[str, ...]
    has_header: bool
    units: tuple[str, ...]
    first_row: int
    width: int
    sample: tuple[tuple[str, ...], ...]
    spelled: Mapping[int, Spelling] = field(default_factory=dict)

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
    if not data.strip():
        raise Malformed(f"{name}: it is empty", "file")
    head = first_lines(data, name)
    for is_data in (_is_data, _may_be_data):
        found = [g for mark in DELIMITERS if (g := _grid(head, mark, is_data)) is not None]
        if is_data is _may_be_data:  # only a column that is spelled so says that it is one of times
            found = [grid for grid in found if grid.spelled]
        if found:
            break
    if not found and all(re.fullmatch(r"\d{9,}(\.\d+)?( \S+)+", line) for line in head[:3] if line):
        found = [grid for grid in [_grid(head, " ", _is_data)] if grid is not None]
    if not found:
        raise Malformed(
            f"{name}: no line has a time and a number side by side, between semicolons, tabs, bars "
            "or commas, with as many cells as its header has (a decimal comma between commas is "
            "one cell too many: put such numbers in quotes)",
            "file",
        )
    return max(found, key=lambda grid: (len(grid.sample), -DELIMITERS.index(grid.delimiter)
                                        if grid.delimiter in DELIMITERS else 0))  # fmt: skip


def first_lines(data: bytes, name: str) -> list[str]:
    """The first lines of a text.

    Raises:
        Malformed: one is longer than a table's can be.
    """
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
    return [line.decode(errors="replace") for line in lines]


def _grid(lines: Sequence[str], mark: str, is_data: Callable[[Sequence[str]], bool]) -> Grid | None:
    """The same with one delimiter; None: it is not the one."""
    rows = [cells_of(line, mark) for line in lines]
    data = [number for number, row in enumerate(rows) if is_data(row)]
    if not data:
        return None
    widths = Counter(len(rows[number]) for number in data)
    width = widths.most_common(1)[0][0]
    if not 2 <= width <= MAX_COLUMNS:
        return None
    data = [number for number in data if len(rows[number]) == width]
    first = data[0]
    above = [
        number for number in range(first) if lines[number].strip() and not _is_rule(rows[number])
    ]
    while above and len(rows[above[-1]]) == width and _has_time(rows[above[-1]]):
        first = above.pop()  # a line without a value
    units: tuple[str, ...] = ()
    if above and is_units(rows[above[-1]]):
        units = _fitted(rows[above.pop()], width)
    header: tuple[str, ...] = ()
    if above and _is_header(rows[above[-1]], width):
        header = tuple(rows[above.pop()])
        if above and _is_part_of_header(header, rows[above[-1]], width):
            header = _joined_headers(rows[above.pop()], header)
    if header and _are_wider(rows, data, len(header)):
        return None
    named = _fitted(header, width)
    grid = Grid(
        mark,
        tuple(lines[number] for number in above),
        tuple(name.strip()[:MAX_NAME] or f"column {place}" for place, name in enumerate(named, 1)),
        bool(header),
        units,
        first + 1,
        width,
        tuple(tuple(rows[number]) for number in data),
    )
    return plainly_spelled(grid, _time_words)


def plainly_spelled(grid: Grid, time_words: Callable[[str], str]) -> Grid:
    """The same, with times that are spelled otherwise as they are elsewhere.

    Args:
        grid: the table.
        time_words: the words of a header that may be one of times; empty: it is none.
    """
    if not grid.has_header:
        return grid
    columns = [list(column) for column in zip(*grid.sample, strict=True)]
    spelled = {
        place: spelling
        for place, name in enumerate(grid.header)
        if (spelling := spelling_of(time_words(name), columns[place])) is not None
    }
    if not spelled:
        return grid
    for place, spelling in spelled.items():
        columns[place] = [spelling.plain(cell.strip()) for cell in columns[place]]
    return replace(grid, sample=tuple(zip(*columns, strict=True)), spelled=spelled)


def cells_of(line: str, mark: str) -> list[str]:
    """The cells of a line."""
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


def _time_words(name: str) -> str:
    """The words of a header that may be one of times; empty: it is one of values."""
    header = header_of_text(name)
    return "" if header.unit is not None or header.is_value else header.words


def _are_wider(rows: Sequence[Sequence[str]], data: Sequence[int], width: int) -> bool:
    """Whether most lines have cells beyond their header: a mark in a number parts them."""
    wider = sum(any(cell.strip() for cell in rows[number][width:]) for number in data)
    return 2 * wider > len(data)


def _has_time(row: Sequence[str]) -> bool:
    return any(kind_of(cell) in ("moment", "date") for cell in row)


def _may_be_data(row: Sequence[str]) -> bool:
    """Whether a line may be one of readings whose times look like numbers."""
    kinds = [kind_of(cell) for cell in row]
    return (
        "number" in kinds
        and len(kinds) - kinds.count("") > 1
        and (kinds.count("number") + kinds.count("clock") > 1 or any(is_span(cell) for cell in row))
    )


def _is_header(row: Sequence[str], width: int) -> bool:
    words = [cell for cell in row if cell.strip()]
    return len(words) >= 2 and abs(len(row) - width) <= 2 and kind_of(row[0]) in ("text", "")


def _is_part_of_header(header: Sequence[str], upper: Sequence[str], width: int) -> bool:
    """Whether a header leaves columns without a name of their own that the line above names."""
    names = [name.strip() for name in header if name.strip()]
    words = {name.strip() for name in upper if name.strip()}
    return len(names) > len(set(names)) and len(words) > 1 and abs(len(upper) - width) <= 2


def _joined_headers(upper: Sequence[str], header: Sequence[str]) -> tuple[str, ...]:
    """The names of two lines; a name of the upper one is that of the empty cells behind it."""
    often, last, joined = Counter(header), "", list[str]()
    for above, name in zip(_fitted(upper, len(header)), header, strict=True):
        last = above.strip() or (last if name.strip() else "")
        alone = above if not name.strip() else name
        joined.append(f"{last} {name}".strip() if often[name] > 1 and name.strip() else alone)
    return tuple(joined)


def _is_rule(row: Sequence[str]) -> bool:
    """Whether a line only parts the header from what is below: ``|---|:--:|``."""
    return all(_RULE.fullmatch(cell.strip()) for cell in row) and any("--" in cell for cell in row)


def is_units(row: Sequence[str]) -> bool:
    """Whether a line has nothing but units."""
    words = [cell for cell in row if cell.strip() and not _FORMAT.fullmatch(cell.strip())]
    return bool(words) and all(unit_named(word) for word in words)


def _fitted(row: Sequence[str], width: int) -> tuple[str, ...]:
    return tuple([*row, *[""] * width][:width])
