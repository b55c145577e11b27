"""Delimited text to readings: a block at once where it is sound, else line by line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from energyguard.codecs import Decoded
from energyguard.codecs.assembly import TableRows, assemble
from energyguard.codecs.columns import (
    ANYTHING,
    DEVICE,
    ISO_TIME,
    LARGEST_WHOLE,
    MAX_DEVICE,
    MAY_BE_EMPTY,
    NAME,
    WHOLE,
    ColumnLayout,
    Ints,
)
from energyguard.codecs.limits import PlausibilityLimits
from energyguard.codecs.refusals import Refusals
from energyguard.codecs.row_by_row import decode_row_by_row
from energyguard.model.readings import Verdict

_BOM = b"\xef\xbb\xbf"
_PADDED = (b", ", b" ,", b" \n", b"\n ", b" \r")
_BORDERS = np.frombuffer(b",\n\r", np.uint8)
_LARGE_EXPONENT = re.compile(rb"[+-]?[\d.]+[eE][+-]?\d{3,}")


def decode_lines(
    data: bytes,
    layout: ColumnLayout,
    limits: PlausibilityLimits,
    device: str = "",
    first_row: int = 1,
    single: int | None = None,
) -> Decoded:
    """Read lines without a header. Never raises for what stands in them.

    Args:
        data: lines; the last one may lack its line end.
        layout: what the columns are.
        limits: what is plausible.
        device: the device, where no column names it.
        first_row: the number of the first line in the whole input.
        single: how many refused rows come back one by one; None: all.
    """
    sound = decode_sound(data, layout, limits, device, first_row, single)
    if sound is not None:
        return sound
    refusals = Refusals(single, layout.token(device))
    lines, numbers = decode_row_by_row(data, layout, first_row, refusals)
    table, numbers = _sound_table(lines, numbers, layout, refusals)
    text = _Text(data, layout, limits, device, first_row)
    return text.readings(table, np.array(numbers, np.int64), refusals)


def decode_sound(
    data: bytes,
    layout: ColumnLayout,
    limits: PlausibilityLimits,
    device: str = "",
    first_row: int = 1,
    single: int | None = None,
) -> Decoded | None:
    """The same, at once; None where some line may not be sound."""
    plain = _unquoted(data) if b'"' in data else data
    table = None if plain is None or _doubtful_bytes(plain, layout) else _table(plain, layout)
    if table is None or _doubtful_columns(table, layout):
        return None
    ends = data.count(b"\n") + (not data.endswith(b"\n") and bool(data))
    if ends == table.num_rows:
        rows = np.arange(first_row, first_row + table.num_rows)
    else:
        lines = enumerate(data.split(b"\n"), first_row)
        rows = np.array([row for row, line in lines if line.strip()], np.int64)
        if len(rows) != table.num_rows:
            return None
    text = _Text(data, layout, limits, device, first_row)
    return text.readings(table, rows, Refusals(single, layout.token(device)))


@dataclass(frozen=True, slots=True)
class _Text:
    """Lines of a layout, from a first row on."""

    data: bytes
    layout: ColumnLayout
    limits: PlausibilityLimits
    device: str
    first_row: int

    def readings(self, table: pa.Table, number: Ints, refusals: Refusals) -> Decoded:
        """Readings of a sound table; what is out of range is refused with its line.

        Args:
            table: the sound lines.
            number: of each its row.
            refusals: what was refused before.
        """
        lines: list[bytes] = []

        def original(place: int) -> bytes:
            if not lines:
                lines.extend(self.data.split(b"\n"))
            return lines[int(number[place]) - self.first_row].removesuffix(b"\r")

        rows = TableRows(number, original, self.layout.time_field, self.limits)
        return assemble(self.layout.parts(table, self.device), rows, refusals)


def _sound_table(
    lines: Sequence[bytes], numbers: Sequence[int], layout: ColumnLayout, refusals: Refusals
) -> tuple[pa.Table, list[int]]:
    """A table of lines that look sound; one that Arrow takes for none is found by halving."""
    table = _table(b"\n".join(lines), layout)
    if table is not None and table.num_rows == len(lines):
        return table, list(numbers)
    if len(lines) == 1:
        what = "the line cannot be read"
        refusals.refuse(numbers[0], Verdict.MALFORMED, "row", what, lines[0])
        return _sound_table([], [], layout, refusals)
    half = len(lines) // 2
    left, left_numbers = _sound_table(lines[:half], numbers[:half], layout, refusals)
    right, right_numbers = _sound_table(lines[half:], numbers[half:], layout, refusals)
    return pa.concat_tables([left, right]), left_numbers + right_numbers


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


def _doubtful_bytes(data: bytes, layout: ColumnLayout) -> bool:
    """Whether Arrow may take what the patterns of columns refuse, or be hurt by it."""
    codes = np.frombuffer(data, np.uint8)
    ends = data.count(b"\n")
    controls = int(np.count_nonzero(codes < ord(" ")))
    if controls != ends and controls != ends + data.count(b"\r\n"):
        return True
    columns = tuple(layout.columns.values())
    if any(column in WHOLE for column in columns) and (b"0x" in data or b"0X" in data):
        return True
    if columns[0] in (DEVICE, NAME, ANYTHING) and _BOM in data:
        return True
    if b" " in data and any(padding in b"\n%b\n" % data for padding in _PADDED):
        return True
    return (b"e" in data or b"E" in data) and _has_large_exponent(data, codes)


def _has_large_exponent(data: bytes, codes: npt.NDArray[np.uint8]) -> bool:
    """Whether a number has an exponent of three digits or more: one of nine ends the process."""
    raised = (codes[1:-1] | 32) == ord("e")
    raised &= codes[:-2] <= ord("9")
    raised &= codes[2:] <= ord("9")
    for place in (np.flatnonzero(raised) + 1).tolist():
        start = 1 + max(data.rfind(border, 0, place) for border in (b",", b"\n"))
        if _LARGE_EXPONENT.match(data, start):
            return True
    return False


def _doubtful_columns(table: pa.Table, layout: ColumnLayout) -> bool:
    """Whether a name is empty or too long, or a field is empty that must not be."""
    for (_, column), values in zip(layout.columns.items(), table.columns, strict=True):
        if values.null_count and column not in MAY_BE_EMPTY:
            return True
        if column.among is not None and not pc.all(pc.is_in(values, column.among)).as_py():
            return True
        if column in WHOLE and len(values):
            span = pc.min_max(values).as_py()
            if max(span["max"] or 0, -(span["min"] or 0)) > LARGEST_WHOLE:
                return True
        if column in (DEVICE, NAME) and len(values):
            span = pc.min_max(pc.utf8_length(values)).as_py()
            if span["max"] > MAX_DEVICE or (column is DEVICE and span["min"] < 1):
                return True
    return False


def _table(data: bytes, layout: ColumnLayout) -> pa.Table | None:
    """A table of all lines, or None where some line is not sound."""
    types = {name: column.type for name, column in layout.columns.items()}
    if not data.strip():
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
