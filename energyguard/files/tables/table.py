"""The lines of delimited text as columns of text, each with the number of its line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from energyguard.errors import Malformed
from energyguard.files.tables.grid import Grid
from energyguard.files.values.moments import Bools, Ints


@dataclass(slots=True)
class TextTable:
    """n lines of w cells.

    Attributes:
        columns: w columns of text.
        number: of each line, from 1.
        wrong: lines with another number of cells: their number, their bytes.
        data: all of the text.
        has_long_rows: whether some cells have line ends in them, so that a row is several lines.
    """

    columns: list[pa.Array]
    number: Ints
    wrong: list[tuple[int, bytes]]
    data: bytes
    has_long_rows: bool = False
    _lines: list[bytes] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.number)

    @property
    def lines(self) -> list[bytes]:
        """All lines of the text; cut apart when they are first asked for."""
        if not self._lines:
            self._lines = self.data.split(b"\n")
        return self._lines

    def original(self, place: int) -> bytes:
        """The bytes of a line, and of those that its last cell goes on in."""
        return _row_at(self.lines, int(self.number[place]) - 1, self.has_long_rows)

    def without(self, rows: Bools) -> TextTable:
        """The table without some lines."""
        if not rows.any():
            return self
        kept = pa.array(~rows)
        columns = [column.filter(kept) for column in self.columns]
        return replace(self, columns=columns, number=self.number[~rows])


def table_of(data: bytes, grid: Grid, name: str) -> TextTable:
    """Read all lines below the header; a header that stands there again is left out.

    Raises:
        Malformed: a line is longer than a table's can be.
    """
    above = data.split(b"\n", grid.first_row - 1)[:-1]
    body = data[sum(len(line) + 1 for line in above) :]
    wrong: list[str] = []

    def skip(row: arrow_csv.InvalidRow) -> str:
        wrong.append(row.text)
        return "skip"

    names = [str(place) for place in range(grid.width)]
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(body),
            read_options=arrow_csv.ReadOptions(
                column_names=names, use_threads=False, block_size=len(body) + 1
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=grid.delimiter, quote_char='"' if b'"' in body else False,
                invalid_row_handler=skip,
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )  # fmt: skip
    except pa.ArrowException as error:
        raise Malformed(f"{name}: the table cannot be read: {error}", "file") from error
    columns = [column.combine_chunks() for column in table.columns]
    for place, spelling in grid.spelled.items():
        columns[place] = _each(columns[place], spelling.plain)
    found = TextTable(columns, np.empty(0, np.int64), [], data)
    count = body.count(b"\n") + (not body.endswith(b"\n"))
    if not wrong and count == table.num_rows:
        found.number = np.arange(grid.first_row, grid.first_row + count)
    else:
        _number(found, table.num_rows, grid, [text.encode() for text in wrong])
    return _without_headers(found, grid, above)


def _each(texts: pa.Array, plain: Callable[[str], str]) -> pa.Array:
    """Each different text of a column in another form."""
    encoded = pc.utf8_trim_whitespace(texts).dictionary_encode()
    found = [plain(text) for text in encoded.dictionary.to_pylist()]
    return pa.array(found, pa.string()).take(encoded.indices)


def _number(table: TextTable, rows: int, grid: Grid, wrong: list[bytes]) -> None:
    """Give each line its number; lines above the header that stand there again are left out."""
    above = {line.strip() for line in table.lines[: grid.first_row - 1]}
    table.has_long_rows = b'"' in table.data
    numbers, at, number = [], 0, grid.first_row
    while number <= len(table.lines):
        line = _row_at(table.lines, number - 1, table.has_long_rows)
        if at < len(wrong) and line == wrong[at]:
            at += 1
            if line.strip() and line.strip() not in above:
                table.wrong.append((number, line))
        elif line:
            numbers.append(number)
        number += line.count(b"\n") + 1
    if len(numbers) != rows:  # quotes that stand alone: the lines are counted as rows
        numbers, table.has_long_rows = list(range(grid.first_row, grid.first_row + rows)), False
    table.number = np.array(numbers, np.int64)


def _row_at(lines: Sequence[bytes], first: int, is_long: bool) -> bytes:
    """A row, which goes on below where a quote is open at the end of its line."""
    end = first + 1
    if is_long:
        is_open = lines[first].count(b'"') % 2
        while is_open and end < len(lines):
            is_open ^= lines[end].count(b'"') % 2
            end += 1
    return b"\n".join(lines[first:end])


def _without_headers(table: TextTable, grid: Grid, lines: list[bytes]) -> TextTable:
    """Without lines that are the header or the line of units again."""
    again = np.zeros(len(table), bool)
    above = {line.strip() for line in lines if line.strip()}
    mark = grid.delimiter.encode()
    firsts = {line.split(mark)[0].strip(b'" ').decode(errors="replace") for line in above}
    suspects = pc.is_in(table.columns[0], pa.array(sorted(firsts), pa.string()))
    for place in np.flatnonzero(np.asarray(suspects)).tolist():
        again[place] = table.original(place).strip() in above
    return table.without(again)
