"""Delimited text to readings: a block at once where it is sound, else line by line.

Lines come with a header or without; one in the middle begins anew, as in files put together.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as arrow_csv

from energyguard.codecs import Decoded
from energyguard.codecs.assembly import (
    TableRows,
    assemble,
    doubtful_columns,
    large_exponent,
    merge,
)
from energyguard.codecs.columns import (
    ANYTHING,
    DEVICE,
    ISO_TIME,
    MAY_BE_EMPTY,
    NAME,
    WHOLE,
    ColumnLayout,
)
from energyguard.codecs.context import DecodeContext
from energyguard.codecs.headers import BOM, TIMES, layout_of, unknown
from energyguard.codecs.refusals import Refusals, lines_in, refused_whole
from energyguard.codecs.text.header_lines import header_of, is_title
from energyguard.codecs.text.lines import CLOSE_LOOK, chunks, line_ends
from energyguard.codecs.text.row_by_row import decode_row_by_row

_PADDED = (b", ", b" ,", b" \n", b"\n ", b" \r")
_BORDERS = np.frombuffer(b",\n\r", np.uint8)


def decode_lines(data: bytes, layout: ColumnLayout, context: DecodeContext) -> Decoded:
    """Read lines without a header. Never raises for what stands in them.

    Args:
        data: lines; the last one may lack its line end.
        layout: what the columns are.
        context: what is known of them.
    """
    sound = decode_sound(data, layout, context)
    if sound is not None:
        return sound
    refusals = Refusals(context.single, layout.token(context.device))
    parts: list[Decoded] = []
    for chunk in chunks(data, CLOSE_LOOK):
        part = None
        if len(chunk) < len(data):
            part = decode_sound(chunk, layout, context)
        if part is None:
            rows = decode_row_by_row(chunk, layout, context.first_row, refusals)
            part = rows.readings(context, refusals)
        else:
            refusals.extend(part.refused)
        parts.append(part)
        context = context.after(chunk)
    return merge([part.batch for part in parts], [part.rows for part in parts], refusals.rows())


def decode_sound(data: bytes, layout: ColumnLayout, context: DecodeContext) -> Decoded | None:
    """The same, at once; None where some line may not be sound."""
    line_feeds = line_ends(data)
    plain = _unquoted(data) if b'"' in data else data
    if plain is None or _doubtful_bytes(plain, line_feeds, layout):
        return None
    table = _table(plain, layout)
    if table is None or doubtful_columns(table, layout):
        return None
    first_row = context.first_row
    if line_feeds + (not data.endswith(b"\n") and bool(data)) == table.num_rows:
        rows = np.arange(first_row, first_row + table.num_rows)
    else:
        numbered = enumerate(data.split(b"\n"), first_row)
        rows = np.array([row for row, line in numbered if line.strip()], np.int64)
        if len(rows) != table.num_rows:
            return None
    lines: list[bytes] = []

    def original(place: int) -> bytes:
        if not lines:
            lines.extend(data.split(b"\n"))
        return lines[int(rows[place]) - first_row].removesuffix(b"\r")

    refusals = Refusals(context.single, layout.token(context.device))
    sound = TableRows(rows, original, layout.time_field, context.limits)
    return assemble(layout.parts(table, context.device), sound, refusals)


def _unquoted(data: bytes) -> bytes | None:
    """Lines without the quotes round their cells; None: one is quoted for a reason."""
    codes = np.frombuffer(b"\n" + data + b"\n", np.uint8)
    at = np.flatnonzero(codes == ord('"'))
    if len(at) % 2:
        return None
    opens, closes = at[0::2], at[1::2]
    if not (_is_border(codes[opens - 1]) & _is_border(codes[closes + 1])).all():
        return None
    inside = np.zeros(len(codes) + 1, np.int8)
    inside[opens], inside[closes] = 1, -1
    within = np.cumsum(inside[:-1], dtype=np.int8).astype(bool)
    return None if _is_border(codes[within]).any() else data.replace(b'"', b"")


def _is_border(codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    return np.isin(codes, _BORDERS)


def _doubtful_bytes(data: bytes, ends: int, layout: ColumnLayout) -> bool:
    """Whether Arrow may take what the patterns of columns refuse, or be hurt by it."""
    codes = np.frombuffer(data, np.uint8)
    controls = int(np.count_nonzero(codes < ord(" ")))
    if controls != ends and controls != ends + data.count(b"\r\n"):
        return True
    columns = tuple(layout.columns.values())
    if any(column in WHOLE for column in columns) and (b"0x" in data or b"0X" in data):
        return True
    if columns[0] in (DEVICE, NAME, ANYTHING) and BOM in data:
        return True
    if b" " in data and any(padding in b"\n%b\n" % data for padding in _PADDED):
        return True
    return large_exponent(data)


def _table(data: bytes, layout: ColumnLayout) -> pa.Table | None:
    """A table of all lines, or None where some line is not sound."""
    types = {name: column.type for name, column in layout.columns.items()}
    if not data or data.isspace():
        return pa.table({name: pa.array([], kind) for name, kind in types.items()})
    if b'"' in data or b"\x00" in data:
        return None
    table = _parsed(data, layout, types)
    if table is None and ISO_TIME in layout.columns.values():
        finest = pa.timestamp("ns", "UTC")  # more than six digits: Arrow has no other way
        finer = {n: finest if t == ISO_TIME.type else t for n, t in types.items()}
        table = _parsed(data, layout, finer)
    return table


def _parsed(data: bytes, layout: ColumnLayout, types: dict[str, pa.DataType]) -> pa.Table | None:
    may_be_empty = any(column in MAY_BE_EMPTY for column in layout.columns.values())
    try:
        return arrow_csv.read_csv(
            pa.BufferReader(data),
            read_options=arrow_csv.ReadOptions(
                column_names=list(types), use_threads=False, block_size=len(data) + 1
            ),
            parse_options=arrow_csv.ParseOptions(quote_char=False),
            convert_options=arrow_csv.ConvertOptions(
                column_types=types,
                timestamp_parsers=[arrow_csv.ISO8601],
                null_values=[""] if may_be_empty else [],
                strings_can_be_null=False,
            ),
        )
    except (pa.ArrowException, OSError):
        return None


MAX_SECTIONS = 100
"""How often the columns may change in a block of lines."""
_TOO_MANY = f"the columns change more than {MAX_SECTIONS} times: send each table by itself"


class _Section(NamedTuple):
    """Lines under a header: those of a layout, or (None) those that are refused for a reason."""

    layout: ColumnLayout | None
    reason: str
    header: bytes
    lines: bytes
    first_row: int


class TextDecoder:
    """Decodes the blocks of one input, one after the other.

    Args:
        layout: what the columns of the first lines are; None: they are refused.
        reason: why they are refused.
        header: the line that said so.
        headed: whether a header may stand in the middle.
    """

    def __init__(
        self,
        layout: ColumnLayout | None,
        reason: str = "",
        header: bytes = b"",
        headed: bool = True,
    ) -> None:
        self._layout, self._reason, self._header = layout, reason, header
        self._headed = headed

    def decode(self, data: bytes, context: DecodeContext) -> Decoded:
        """Read a block of lines."""
        if self._layout is not None:
            sound = decode_sound(data, self._layout, context)
            if sound is not None:
                return sound
        refusals = Refusals(context.single)
        parts = []
        for section in self._sections(data, context.first_row):
            layout, lines, row = section.layout, section.lines, section.first_row
            if layout is None:
                whole = section.header + b"\n" + lines if section.header else lines
                count = lines_in(lines)
                refusals.add(refused_whole(whole, row, "header", section.reason, count))
            elif lines.strip():
                part = decode_lines(lines, layout, context._replace(first_row=row))
                refusals.extend(part.refused)
                parts.append(part)
        return merge([p.batch for p in parts], [p.rows for p in parts], refusals.rows())

    def _sections(self, data: bytes, first_row: int) -> Iterator[_Section]:
        """The block, cut where its columns change; the last section's header stays for the next."""
        pieces: list[bytes] = []
        start, row, sections = 0, first_row, 0
        for begin, end in _headers_in(data) if self._headed else ():
            header = data[begin:end].rpartition(b"\n")[2].rstrip(b"\r")
            names = header_of(header) or ()
            layout = layout_of(names)
            pieces.append(data[start:begin])
            start = min(end + 1, len(data))
            skipped = data[begin:start].count(b"\n")
            if layout is not None and layout is self._layout:
                pieces.append(b"\n" * skipped)
                continue
            lines = b"".join(pieces)
            yield _Section(self._layout, self._reason, self._header, lines, row)
            row += lines.count(b"\n") + skipped
            pieces, sections = [], sections + 1
            self._layout, self._reason = layout, "" if layout else unknown(names)
            self._header = header
            if sections == MAX_SECTIONS:
                self._layout, self._reason = None, _TOO_MANY
                break
        lines = b"".join([*pieces, data[start:]])
        yield _Section(self._layout, self._reason, self._header, lines, row)


def _headers_in(data: bytes) -> Iterator[tuple[int, int]]:
    """Where the headers in the middle of lines begin and end, with the title above them."""
    low, seen = data.lower(), dict[bytes, bool]()
    place = low.find(b"time")
    while place >= 0:
        begin = low.rfind(b"\n", 0, place) + 1
        end = low.find(b"\n", place)
        end = len(low) if end < 0 else end
        line = low[begin:end]
        if line not in seen:
            seen[line] = any(name in TIMES for name in header_of(line) or ())
        if seen[line]:
            above = low.rfind(b"\n", 0, max(0, begin - 1)) + 1
            titled = begin > 0 and is_title(low[above : begin - 1])
            yield (above if titled else begin), end
        place = low.find(b"time", end)
