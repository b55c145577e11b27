"""JSON objects of one kind, a block at once: text to columns to readings, if all of it is sound."""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as arrow_json

from energyguard.codecs import Decoded
from energyguard.codecs.assembly import (
    TableRows,
    assemble,
    doubtful_columns,
    large_exponent,
)
from energyguard.codecs.columns import (
    DEVICE,
    NAME,
    SPACES,
    ColumnLayout,
    cast_times,
)
from energyguard.codecs.context import DecodeContext
from energyguard.codecs.headers import layout_of_object
from energyguard.codecs.refusals import Refusals

_END, _CLOSES, _OPENS, _QUOTE, _COMMA = b'\n}{",'
_SPACES = (b" ", b"\t", b"\r", b"\n")
_BETWEEN = re.compile(rb"\}\s*,\s*\{")
MAX_FIRST_OBJECT = 4_096
"""Bytes of a first object that is still one of a layout's plain fields."""
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])


def decode_sound_json(data: bytes, context: DecodeContext) -> Decoded | None:
    """Read lines or an array at once; None: some object may not be sound, or is of another kind."""
    lines = _lines(data.removesuffix(b"\n"))
    if lines is None:
        return None
    codes = np.frombuffer(lines, np.uint8)
    ends = np.flatnonzero(codes == _END)
    if not ((codes[ends - 1] == _CLOSES).all() and (codes[ends + 1] == _OPENS).all()):
        return None
    layout = _layout(lines[: ends[0]] if len(ends) else lines)
    if layout is None or (layout.needs_device and not context.device):
        return None
    table = _table(lines, codes, len(ends) + 1, layout)
    if table is None or doubtful_columns(table, layout):
        return None
    number = np.arange(context.first_row, context.first_row + table.num_rows)
    rows = TableRows(number, lambda _: b"", layout.time_field, context.limits)
    decoded = assemble(layout.parts(table, context.device), rows, Refusals())
    return None if decoded.refused else decoded


def _lines(text: bytes) -> bytes | None:
    """Objects a line each, of lines or of an array; None: they do not stand so."""
    if text[:1] == b"[" and text[-1:] == b"]":
        inside = text[1:-1].strip()
        if any(space in inside for space in _SPACES):
            text, between = _BETWEEN.subn(b"}\n{", inside)
            if between != text.count(b"\n"):
                return None
        else:
            text = inside.replace(b"},{", b"}\n{")
    return text if text[:1] == b"{" and text[-1:] == b"}" else None


def _layout(line: bytes) -> ColumnLayout | None:
    """The layout of the first object; it holds for all, as others have fields that it has not."""
    if len(line) > MAX_FIRST_OBJECT:
        return None
    try:
        return _layout_of(tuple(_OBJECT.decode(line)))
    except (ValueError, RecursionError):  # msgspec's own are among them
        return None


@lru_cache(maxsize=64)
def _layout_of(names: tuple[str, ...]) -> ColumnLayout:
    return layout_of_object(frozenset(names))


def _table(
    lines: bytes, codes: npt.NDArray[np.uint8], count: int, layout: ColumnLayout
) -> pa.Table | None:
    """Objects as a table; None: one of them has something else than the layout's plain fields.

    Arrow takes numbers in quotes, what follows an object on its line, and a name with a comma: so
    the quotes and commas that there must be are counted. Numbers become decimals at once.
    """
    if b"\\" in lines or b"\x00" in lines or large_exponent(lines):
        return None
    kinds = {name: pa.string() if c.is_text else c.type for name, c in layout.columns.items()}
    try:
        lines.decode()
        table = arrow_json.read_json(
            pa.BufferReader(lines),
            arrow_json.ReadOptions(use_threads=False, block_size=len(lines) + 1),
            arrow_json.ParseOptions(
                explicit_schema=pa.schema(list(kinds.items())), unexpected_field_behavior="error"
            ),
        )
        filled = {name: table.num_rows - table.column(name).null_count for name in kinds}
        texts = sum(filled[name] for name, kind in kinds.items() if kind == pa.string())
        fields = sum(filled.values())
        if (
            table.num_rows != count
            or np.count_nonzero(codes == _QUOTE) != 2 * (fields + texts)
            or np.count_nonzero(codes == _COMMA) != fields - count
            or (any(space in lines for space in _SPACES[:2]) and _padded(table, layout))
        ):
            return None
        return pa.table({n: cast_times(table.column(n), c) for n, c in layout.columns.items()})
    except (pa.ArrowException, ValueError):
        return None


def _padded(table: pa.Table, layout: ColumnLayout) -> bool:
    """Whether a name has spaces round it, which do not belong to it."""
    names = [table.column(n) for n, column in layout.columns.items() if column in (DEVICE, NAME)]
    return not all(pc.all(pc.equal(pc.utf8_trim(n, SPACES), n)).as_py() for n in names)
