"""Lines of InfluxDB's protocol as columns: a block of plain lines at once, no line by itself.

A line is plain if it has no escape, no quote and no comment, and a time. The places of spaces,
commas and equals signs say where its parts are; Arrow cuts them out and makes numbers of them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from energyguard.codecs.assembly import large_exponent
from energyguard.codecs.columns import Ints
from energyguard.dialects.influx.lines import LineNames
from energyguard.dialects.values import NamedValues

Bytes = npt.NDArray[np.uint8]
_ODD = np.zeros(256, np.bool_)
_ODD[list(b'"\\#\r\t\0')] = True
_SPACE, _COMMA, _EQUALS, _LINE_END = b" ,=\n"
_INTEGER = np.isin(np.arange(256), list(b"iu"))
_DIGIT = np.isin(np.arange(256), list(b"0123456789."))


def read_columns(data: bytes, first_row: int, names: LineNames) -> NamedValues | None:
    """Values of lines, each with its time as sent; None: not all of them are plain.

    Args:
        data: whole lines.
        first_row: the number of the first.
        names: gets their names.
    """
    codes = np.frombuffer(data, np.uint8)
    parts = _lines(codes)
    if parts is None or large_exponent(data):
        return None
    start, left, right, end = parts
    fields = _fields(codes, left, right)
    if fields is None:
        return None
    line, name_start, equals, value_end = fields
    last = codes[value_end - 1]
    number_end = value_end - _INTEGER[last]
    if not (_DIGIT[codes[number_end - 1]] & (number_end > equals + 1)).all():
        return None  # a switch, or no number
    try:
        time = _cut(data, right + 1, end).cast(pa.string()).cast(pa.int64()).to_numpy()
        texts = _cut(data, equals + 1, number_end).cast(pa.string())
        number = texts.cast(pa.float64()).to_numpy()
    except pa.ArrowInvalid:
        return None
    series = _cut(data, start, left).dictionary_encode()
    field = _cut(data, name_start, equals).dictionary_encode()
    width = len(field.dictionary)
    pairs = series.indices.to_numpy().astype(np.int64)[line] * width + field.indices.to_numpy()
    found, inverse = np.unique(pairs, return_inverse=True)
    series_names, field_names = _texts(series), _texts(field)
    if b"" in field_names or any(_is_odd(text) for text in series_names):
        return None
    places = [names.place(series_names[p // width], field_names[p % width]) for p in found.tolist()]
    return NamedValues(
        names.all,
        np.array(places, np.int64)[inverse],
        time[line],
        number,
        first_row + line,
        lambda place: data[start[line[place]] : end[line[place]]],
    )


def _lines(codes: Bytes) -> tuple[Ints, Ints, Ints, Ints] | None:
    """Of each line its start, its two spaces and its end; None: not all of them are so."""
    if _ODD[codes].any():
        return None
    end = np.flatnonzero(codes == _LINE_END)
    if codes[-1] != _LINE_END:
        end = np.append(end, len(codes))
    start = np.concatenate([[0], end[:-1] + 1])
    spaces = np.flatnonzero(codes == _SPACE)
    if len(spaces) != 2 * len(end):
        return None
    left, right = spaces[0::2], spaces[1::2]
    if not ((start < left) & (left + 1 < right) & (right + 1 < end)).all():
        return None
    return start, left, right, end


def _fields(codes: Bytes, left: Ints, right: Ints) -> tuple[Ints, Ints, Ints, Ints] | None:
    """Of each field its line, its start, its equals sign and its end; None: some are not so."""
    marks = np.flatnonzero((codes == _COMMA) | (codes == _EQUALS))
    line = np.searchsorted(right, marks)
    inside = line < len(right)
    inside[inside] = marks[inside] > left[line[inside]]
    marks, line = marks[inside], line[inside]
    is_equals = codes[marks] == _EQUALS
    equals, line = marks[is_equals], line[is_equals]
    commas = marks[~is_equals]
    if len(equals) != len(commas) + len(left):
        return None
    name_start = np.sort(np.concatenate([left + 1, commas + 1]))
    value_end = np.sort(np.concatenate([right, commas]))
    if not ((name_start < equals) & (equals < value_end)).all():
        return None
    return line, name_start, equals, value_end


def _is_odd(series: bytes) -> bool:
    """Whether a measurement or a tag is missing."""
    measurement, *tags = series.split(b",")
    return not measurement or any(
        tag.count(b"=") != 1 or tag[0] == _EQUALS or tag[-1] == _EQUALS for tag in tags
    )


def _cut(data: bytes, start: Ints, end: Ints) -> pa.Array:
    """Parts of bytes, in order and apart, as an array of bytes."""
    offsets = np.empty(2 * len(start), np.int32)
    offsets[0::2], offsets[1::2] = start, end
    both = pa.Array.from_buffers(
        pa.binary(), 2 * len(start) - 1, [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    )
    return both.take(pa.array(np.arange(0, 2 * len(start) - 1, 2)))


def _texts(encoded: pa.DictionaryArray) -> list[bytes]:
    return encoded.dictionary.to_pylist()  # type: ignore[no-any-return]
