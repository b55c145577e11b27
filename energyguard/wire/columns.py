"""The columns of delimited text: how each is recognised, converted and explained.

One table serves the fast way (Arrow converts a whole block), the careful way (a regular expression
tells which lines are sound) and the sentence that a bad line gets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]

LONGEST_DEVICE = 128
_SIGNED = r"[+-]?\d{1,15}"
_CLOCK = r"\d{4}-\d\d-\d\d[T ]\d\d(?::\d\d(?::\d\d(?:\.\d{1,9})?)?)?"


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """A kind of column: its Arrow type, what a sound field looks like, what to say of another.

    ``among`` has the values that there may be, where the type has more.
    """

    type: pa.DataType
    pattern: str
    wanted: str
    among: pa.Array | None = None


ISO_TIME = Column(
    pa.timestamp("us", "UTC"),
    _CLOCK + r"(?:Z|[+-]\d\d(?::?\d\d)?)",
    "a time such as 2025-09-06T17:54:02Z",
)
PLAIN_TIME = Column(pa.timestamp("ms"), _CLOCK, "a time in UTC")
EPOCH_MS = Column(pa.int64(), _SIGNED, "a time in ms since 1970")
DEVICE = Column(
    pa.string(), r"[^,\"\x00-\x1f]{1,128}", f"a name of 1 to {LONGEST_DEVICE} characters"
)
NAME = Column(pa.string(), r"[^,\"\x00-\x1f]{0,128}", "a name")
NUMBER = Column(
    pa.decimal128(28, 9), r"[+-]?(?:\d{1,18}(?:\.\d{0,9})?|\.\d{1,9})", "a finite decimal number"
)
LONG_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,9})?", re.ASCII)
NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
MAYBE_NUMBER = Column(NUMBER.type, f"(?:{NUMBER.pattern})?", NUMBER.wanted)
INTEGER = Column(pa.int64(), _SIGNED, "a whole number")
SEQUENCE = Column(pa.int64(), r"\d{0,18}", "a whole number or nothing")
MAY_BE_EMPTY = (SEQUENCE, MAYBE_NUMBER)
ANYTHING = Column(pa.string(), r"[^,\x00]*", "text")


def milliseconds(column: pa.ChunkedArray) -> Ints:
    """A column of times in ms since 1970; what is finer is cut off."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    time = np.asarray(array.cast(pa.int64()).to_numpy(zero_copy_only=False), np.int64)
    return time // 1000 if pa.types.is_timestamp(array.type) and array.type.unit == "us" else time


def nanos(column: pa.ChunkedArray) -> Ints:
    """A decimal column with nine places as int64 in 1e-9: the low words of the decimals.

    Values beyond an int64 become its largest or smallest, so that they are out of range.
    """
    array = column.combine_chunks()
    words = np.frombuffer(array.buffers()[1], np.int64)[2 * array.offset :][: 2 * len(array)]
    low, high = words[0::2], words[1::2]
    if (high == (low >> 63)).all():
        return low
    clipped = np.where(high < 0, np.iinfo(np.int64).min, np.iinfo(np.int64).max)
    return np.where(high == (low >> 63), low, clipped)


def half_even(value: Ints, by: int) -> Ints:
    """Whole numbers divided by an even number, halves to even, without a float."""
    whole, rest = np.divmod(value, by)
    up = (rest > by // 2) | ((rest == by // 2) & (whole % 2 == 1))
    return np.asarray(whole + up, np.int64)


def sixty_fourth(text: str) -> str:
    """A field as a sentence shows it: short."""
    return repr(text if len(text) <= 64 else text[:61] + "…")


@dataclass(frozen=True, slots=True)
class Part:
    """Some readings of a table, of one channel or of several; ``field`` held the value.

    ``rows`` tells in which rows they stand (None: there is one in each); ``least`` is the least
    value that their senders may send, where that is more than what the channel may have.
    """

    field: str
    device: pa.Array
    channel: str | pa.Array
    time: Ints
    value: Ints
    sequence: pa.Array | None = None
    rows: Ints | None = None
    least: int | None = None

    @property
    def place(self) -> Ints | slice:
        """The rows in which they stand, as an index."""
        return slice(None) if self.rows is None else self.rows

    def rows_at(self, place: int) -> int:
        """The row of a reading."""
        return place if self.rows is None else int(self.rows[place])


@dataclass(frozen=True, slots=True)
class Layout:
    """Columns of delimited text, and how a table of them becomes readings."""

    shape: str
    columns: Mapping[str, Column]
    parts: Callable[[pa.Table, str], list[Part]]
    time_field: str = "timestamp"


def strings(column: pa.ChunkedArray) -> pa.Array:
    """A column of text in one piece."""
    return column.combine_chunks()


def under(stem: str, column: pa.ChunkedArray) -> pa.Array:
    """Device names below a file's name: ``Fridge_1/Normal``."""
    return pc.binary_join_element_wise(stem, strings(column), "/")


def all_named(name: str, n: int) -> pa.Array:
    """One device for all rows."""
    return pa.repeat(pa.scalar(name, pa.string()), n)
