"""Columns of an Arrow table as those of lines: the same border, whatever type a column has."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.codecs.columns import (
    ANYTHING,
    DEVICE,
    EMPTY_FIELD,
    EPOCH_MS,
    LARGEST_WHOLE,
    NAME,
    SEQUENCE,
    SPACES,
    Column,
    Ints,
    sixty_fourth,
    tidy_time,
)
from energyguard.codecs.text.row_by_row import BEYOND
from energyguard.errors import Malformed
from energyguard.model.days import ms_of
from energyguard.model.quantities import NANO, to_nano
from energyguard.model.readings import Verdict

Bools = npt.NDArray[np.bool_]
_EXACT_BELOW = 2.0**51
"""Below it a float times 1e9 is nearer to the right whole number than to any other."""
_NEAR_A_TIE = 1e-3
_INT64 = np.iinfo(np.int64)
_BEYOND_ALL_TIMES = _INT64.max // 1_000
_PATTERN = r'\A[^,"\x00-\x1f]{%d,128}\z'


class Converted(NamedTuple):
    """A column as a layout has it, and which of its values are refused for what they are."""

    column: pa.Array
    bad: Bools
    why: Callable[[int], tuple[Verdict, str]]


def convert(array: pa.Array, name: str, column: Column, nano: bool) -> Converted:
    """A column of a table as a column of a layout.

    Args:
        array: as it came.
        name: its name.
        column: what it is to be.
        nano: whether whole numbers of values count 1e-9 of the unit.

    Raises:
        Malformed: no value of this type can be one of that column.
    """
    if column in (DEVICE, NAME):
        return _names(array, name, column)
    if column is EMPTY_FIELD and array.null_count < len(array):
        raise Malformed("a column without a name holds something", name)
    if column in (ANYTHING, EMPTY_FIELD):
        return Converted(pa.nulls(len(array), pa.string()), np.zeros(len(array), bool), _never)
    if column is SEQUENCE:
        return _sequences(array, name)
    if pa.types.is_timestamp(column.type) or column is EPOCH_MS:
        return _times(array, name, column)
    return _numbers(array, name, column, nano)


def plain(array: pa.Array) -> pa.Array:
    """An array without dictionaries and runs."""
    if isinstance(array, pa.RunEndEncodedArray):
        array = pc.run_end_decode(array)
    if isinstance(array, pa.DictionaryArray):
        array = array.dictionary.take(array.indices)
    return array


def size_of(array: pa.Array) -> int:
    """How many bytes of text an array holds once it is plain, without making it so."""
    if isinstance(array, pa.RunEndEncodedArray):
        starts = np.concatenate([[0], array.run_ends.to_numpy()[:-1]])
        runs = np.clip(array.run_ends.to_numpy() - starts, 0, None)
        values = array.values
        if isinstance(values, pa.DictionaryArray):
            values = plain(values)
        return int(np.dot(_lengths(values)[: len(runs)], runs[: len(values)]))
    if isinstance(array, pa.DictionaryArray):
        of_each = _lengths(array.dictionary)
        used = array.indices.drop_null().to_numpy()
        return int(of_each[used].sum()) if len(of_each) else 0
    return int(array.nbytes)


def _lengths(values: pa.Array) -> Ints:
    if not _is_text(values.type):
        return np.full(len(values), 16, np.int64)
    lengths = pc.binary_length(values.cast(pa.large_string()))
    return np.asarray(pc.fill_null(lengths, 0).to_numpy(zero_copy_only=False), np.int64)


def _is_text(kind: pa.DataType) -> bool:
    view = pa.types.is_string_view(kind)
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or view)


def _names(array: pa.Array, name: str, column: Column) -> Converted:
    if not _is_text(array.type):
        raise Malformed(f"{name} is {array.type}, not text", name)
    text = pc.utf8_trim(pc.fill_null(array.cast(pa.string()), ""), SPACES)
    sound = pc.match_substring_regex(text, _PATTERN % (column is DEVICE))
    missing = _nulls(array)

    def why(place: int) -> tuple[Verdict, str]:
        cell = text[place].as_py()
        if missing[place] or not cell:
            return Verdict.MALFORMED, f"{name} is {'missing' if missing[place] else 'empty'}"
        return Verdict.MALFORMED, f"{name} is not {column.wanted}: {sixty_fourth(cell)}"

    return Converted(text, missing | ~sound.to_numpy(zero_copy_only=False), why)


def _sequences(array: pa.Array, name: str) -> Converted:
    kind = array.type
    if pa.types.is_null(kind):
        return Converted(pa.nulls(len(array), pa.uint64()), np.zeros(len(array), bool), _never)
    if not pa.types.is_integer(kind):
        raise Malformed(f"{name} is {kind}, not whole numbers", name)
    low = pc.less(array, 0) if pa.types.is_signed_integer(kind) else pa.repeat(False, len(array))
    high = (
        pc.greater(array, LARGEST_WHOLE) if kind.bit_width == 64 else pa.repeat(False, len(array))
    )
    bad = pc.fill_null(pc.or_(low, high), False)
    kept = pc.if_else(bad, pa.scalar(None, kind), array).cast(pa.uint64())

    def why(place: int) -> tuple[Verdict, str]:
        return Verdict.MALFORMED, f"{name} is not a whole number or nothing: {array[place]}"

    return Converted(kept, bad.to_numpy(zero_copy_only=False), why)


def _times(array: pa.Array, name: str, column: Column) -> Converted:
    missing = _nulls(array)
    unreadable = np.zeros(len(array), bool)
    kind = array.type
    if pa.types.is_timestamp(kind):
        ms = _to_ms(_ints(array), kind.unit)
    elif pa.types.is_date(kind):
        ms = _to_ms(_ints(array.cast(pa.timestamp("s"))), "s")
    elif pa.types.is_integer(kind):
        ms = _ints(array)
    elif _is_text(kind):
        ms, unreadable = _parsed(array, plain_utc=column.type.tz is None)
    else:
        raise Malformed(f"{name} is {kind}, not a time", name)
    if pa.types.is_timestamp(column.type):
        times = pa.array(ms, pa.int64()).cast(pa.timestamp("ms", column.type.tz))
    else:
        times = pa.array(ms, pa.int64())

    def why(place: int) -> tuple[Verdict, str]:
        if missing[place]:
            return Verdict.MALFORMED, f"{name} is missing"
        cell = sixty_fourth(str(array[place].as_py()))
        return Verdict.MALFORMED, f"{name} is not {column.wanted}: {cell}"

    return Converted(times, missing | unreadable, why)


def _to_ms(values: Ints, unit: str) -> Ints:
    """Times of a unit in ms, finer ones cut; what no calendar has stays beyond all of them."""
    if unit == "s":
        return np.clip(values, -_BEYOND_ALL_TIMES, _BEYOND_ALL_TIMES) * 1_000
    return values // {"ms": 1, "us": 1_000, "ns": 1_000_000}[unit]


def _parsed(array: pa.Array, plain_utc: bool) -> tuple[Ints, Bools]:
    """Times written as text, and which cannot be read."""
    ms, bad = np.zeros(len(array), np.int64), np.zeros(len(array), bool)
    for place, cell in enumerate(array.to_pylist()):
        text = tidy_time((cell or "").strip(SPACES))
        try:
            when = datetime.fromisoformat(text + "Z" if plain_utc and text[-1:] != "Z" else text)
            ms[place] = ms_of(when)
            bad[place] = when.tzinfo is None or "T" not in text
        except (ValueError, OverflowError):
            bad[place] = True
    return ms, bad


def _numbers(array: pa.Array, name: str, column: Column, nano: bool) -> Converted:
    missing = _nulls(array)
    kind = array.type
    if pa.types.is_integer(kind):
        value, beyond = _whole(array, 1 if nano else NANO)
    elif pa.types.is_float64(kind):
        value, beyond = nanos_of_floats(array)
    elif pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        value, beyond = _one_by_one(array, np.ones(len(array), bool))
    else:
        raise Malformed(f"{name} is {kind}, not numbers", name)

    def why(place: int) -> tuple[Verdict, str]:
        if missing[place]:
            return Verdict.MALFORMED, f"{name} is missing"
        return Verdict.OUT_OF_RANGE, f"{name} {BEYOND}: {sixty_fourth(str(array[place].as_py()))}"

    empty = missing if column.pattern.endswith("?") else np.zeros(len(array), bool)
    return Converted(_decimals(value, empty), beyond | (missing & ~empty), why)


def _decimals(value: Ints, empty: Bools) -> pa.Array:
    """Numbers in 1e-9 as decimals with nine places."""
    words = np.stack([value, value >> 63], axis=1)
    kind = pa.decimal128(28, 9)
    valid = None
    if empty.any():
        valid = pa.array(~empty).buffers()[1]
    return pa.Array.from_buffers(kind, len(value), [valid, pa.py_buffer(words.tobytes())])


def _whole(array: pa.Array, factor: int) -> tuple[Ints, Bools]:
    """Whole numbers times a factor, and which are beyond an int64 then."""
    low, high = _INT64.min // factor + 1, _INT64.max // factor
    kind, beyond = array.type, np.zeros(len(array), bool)
    if kind.bit_width == 64 and pa.types.is_unsigned_integer(kind):
        beyond = pc.fill_null(pc.greater(array, high), False).to_numpy(zero_copy_only=False)
        array = pc.if_else(pa.array(beyond), pa.scalar(0, kind), array)
    value = _ints(array)
    beyond = beyond | (value < low) | (value > high)
    return np.where(beyond, 0, value) * factor, beyond


def nanos_of_floats(array: pa.Array) -> tuple[Ints, Bools]:
    """Floats in 1e-9, as the shortest decimals that stand for them, and which are beyond it."""
    number = pc.fill_null(array, 0.0).to_numpy(zero_copy_only=False)
    with np.errstate(all="ignore"):
        scaled = number * float(NANO)
        plain_ones = np.abs(scaled) < _EXACT_BELOW
        tie = np.abs(np.abs(scaled - np.trunc(scaled)) - 0.5) < _NEAR_A_TIE
    by_hand = ~plain_ones | tie
    value = np.rint(np.where(by_hand, 0.0, scaled)).astype(np.int64)
    if not by_hand.any():
        return value, by_hand
    exact, beyond = _one_by_one(array, by_hand)
    return np.where(by_hand, exact, value), beyond


def _one_by_one(array: pa.Array, chosen: Bools) -> tuple[Ints, Bools]:
    """The chosen numbers in 1e-9, each by its decimal, and which are beyond it."""
    value, beyond = np.zeros(len(array), np.int64), np.zeros(len(array), bool)
    single = pa.types.is_floating(array.type) and not pa.types.is_float64(array.type)
    kind: Any = {16: np.float16, 32: np.float32}[array.type.bit_width] if single else None
    for place in np.flatnonzero(chosen).tolist():
        cell = array[place].as_py()
        if cell is None:
            continue
        try:
            number = Decimal(str(kind(cell))) if kind else cell
            value[place] = to_nano(number)
        except (ValueError, InvalidOperation, OverflowError):
            beyond[place] = True
    return value, beyond


def _ints(array: pa.Array) -> Ints:
    """Whole numbers, nulls as 0."""
    ints = pc.fill_null(array.cast(pa.int64()), 0)
    return np.asarray(ints.to_numpy(zero_copy_only=False), np.int64)


def _nulls(array: pa.Array) -> Bools:
    return np.asarray(array.is_null().to_numpy(zero_copy_only=False), np.bool_)


def _never(place: int) -> tuple[Verdict, str]:
    return Verdict.MALFORMED, f"row {place}"
