"""The lines of delimited text as columns of text, each with the number of its line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from energyguard.errors import Malformed
from energyguard.files.grid import Grid
from energyguard.files.moments import Bools, Ints


@dataclass(slots=True)
class TextTable:
    """n lines of w cells.

    Attributes:
        columns: w columns of text.
        number: of each line, from 1.
        wrong: lines with another number of cells: their number, their bytes.
        data: all of the text.
    """

    columns: list[pa.Array]
    number: Ints
    wrong: list[tuple[int, bytes]]
    data: bytes
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
        """The bytes of a line."""
        return self.lines[int(self.number[place]) - 1]

    def without(self, rows: Bools) -> TextTable:
        """The table without some lines."""
        if not rows.any():
            return self
        kept = pa.array(~rows)
        columns = [column.filter(kept) for column in self.columns]
        return TextTable(columns, self.number[~rows], self.wrong, self.data, self._lines)


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
    first, body = grid.first_row, table.lines[grid.first_row - 1 :]
    above = {line.strip() for line in table.lines[: first - 1]}
    numbers, at = [], 0
    for number, line in enumerate(body, first):
        if not line:
            continue
        if at < len(wrong) and line == wrong[at]:
            at += 1
            if line.strip() and line.strip() not in above:
                table.wrong.append((number, line))
        else:
            numbers.append(number)
    table.number = np.array(numbers, np.int64)
    if len(numbers) != rows:  # a cell with a line end in it: the lines are counted as rows
        table.number = np.arange(first, first + rows)


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
