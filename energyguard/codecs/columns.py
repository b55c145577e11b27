"""The columns of delimited text: how each is recognised, converted and explained.

One table serves the fast way (Arrow converts a whole block), the careful way (a regular expression
tells which lines are sound) and the sentence that a bad line gets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.model.quantities import from_nano, to_nano

Ints = npt.NDArray[np.int64]

MAX_DEVICE = 128
_SIGNED = r"-?\d{1,18}"
_CLOCK = r"\d{4}-\d\d-\d\d[T ]\d\d(?::\d\d(?::\d\d(?:\.\d{1,3})?)?)?"
_ANY_CLOCK = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d(?::\d\d(?::\d\d(?:\.\d{1,40})?)?)?) ?([Zz]|[+-][\d:]{2,5})?",
    re.ASCII,
)
_WHOLE = re.compile(r"(?:\+|(-))?0*(\d+)", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TO_MS = len("00:00:00.000")
SPACES = " \t"
"""What may stand round a cell."""


def tidy_time(cell: str) -> str:
    """A time as the patterns have it: `T`, `Z`, no space, cut to milliseconds."""
    found = _ANY_CLOCK.fullmatch(cell)
    if found is None:
        return cell
    date, clock, zone = found.groups()
    return f"{date}T{clock[:_TO_MS]}{(zone or '').upper()}"


def tidy_plain_time(cell: str) -> str:
    """The same of a column in UTC, which may say so."""
    return tidy_time(cell).removesuffix("Z")


def tidy_number(cell: str) -> str:
    """A number rounded to nine places, half to even; what is none, or too large, stays."""
    if SHORT_NUMBER.fullmatch(cell) or not LONG_NUMBER.fullmatch(cell):
        return cell
    try:
        return from_nano(to_nano(Decimal(cell)))
    except ValueError:
        return cell


def tidy_integer(cell: str) -> str:
    """A whole number without a plus and without zeros before it."""
    found = _WHOLE.fullmatch(cell)
    return "".join(found.groups("")) if found else cell


def tidy_event_time(cell: str) -> str:
    """A time in ms since 1970, of such a number or of text; without an offset it is UTC."""
    text = tidy_time(cell)
    if _ANY_CLOCK.fullmatch(text) is None:
        return tidy_integer(cell)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:  # a 30th of February
        return cell
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return str((moment - _EPOCH) // timedelta(milliseconds=1))


def tidy_sequence(cell: str) -> str:
    """The same of a number without a sign."""
    return cell if cell[:1] in ("+", "-") else tidy_integer(cell)


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """A kind of column: its Arrow type, what a sound field looks like, what to say of another.

    ``among`` has the values that there may be, where the type has more; ``tidy`` gives the sound
    field that a cell means; ``is_text`` says whether JSON has it in quotes, ``or_text`` whether it
    may, where else it is a number.
    """

    type: pa.DataType
    pattern: str
    wanted: str
    among: pa.Array | None = None
    tidy: Callable[[str], str] | None = None
    is_text: bool = False
    or_text: bool = False


ISO_TIME = Column(
    pa.timestamp("us", "UTC"),
    _CLOCK + r"(?:Z|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d)?)",
    "a time such as 2025-09-06T17:54:02Z",
    tidy=tidy_time,
    is_text=True,
)
PLAIN_TIME = Column(pa.timestamp("ms"), _CLOCK, "a time in UTC", tidy=tidy_plain_time, is_text=True)
EPOCH_MS = Column(pa.int64(), _SIGNED, "a time in ms since 1970", tidy=tidy_integer)
EVENT_TIME = Column(
    pa.int64(),
    _SIGNED,
    "a time in ms since 1970, or text such as 2019-12-24T00:00:01.982Z",
    tidy=tidy_event_time,
    or_text=True,
)
DEVICE = Column(
    pa.string(), r"[^,\"\x00-\x1f]{1,128}", f"a name of 1 to {MAX_DEVICE} characters", is_text=True
)
NAME = Column(pa.string(), r"[^,\"\x00-\x1f]{0,128}", "a name", is_text=True)
_SHORT = r"[+-]?(?:\d{1,19}(?:\.\d{0,9})?|\.\d{1,9})"
SHORT_NUMBER = re.compile(_SHORT, re.ASCII)
NUMBER = Column(pa.decimal128(28, 9), _SHORT, "a finite decimal number", tidy=tidy_number)
LONG_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,9})?", re.ASCII)
NOT_FINITE = re.compile(r"[+-]?(?:nan|inf|infinity)", re.IGNORECASE)
MAYBE_NUMBER = Column(NUMBER.type, f"(?:{_SHORT})?", NUMBER.wanted, tidy=tidy_number)
INTEGER = Column(pa.int64(), _SIGNED, "a whole number", tidy=tidy_integer)
SEQUENCE = Column(pa.uint64(), r"\d{0,18}", "a whole number or nothing", tidy=tidy_sequence)
WHOLE = (EPOCH_MS, EVENT_TIME, INTEGER, SEQUENCE)
LARGEST_WHOLE = 10**18 - 1
MAY_BE_EMPTY = (SEQUENCE, MAYBE_NUMBER)
EMPTY_FIELD = Column(pa.string(), "", "empty", is_text=True)
ANYTHING = Column(pa.string(), r"[^,\"\x00\r]*", "text", is_text=True)


def milliseconds(column: pa.ChunkedArray) -> Ints:
    """A column of times in ms since 1970; what is finer is cut off."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    time = np.asarray(array.cast(pa.int64()).to_numpy(zero_copy_only=False), np.int64)
    finer = _FINER.get(array.type.unit, 1) if pa.types.is_timestamp(array.type) else 1
    return time // finer if finer > 1 else time


_FINER = {"us": 1_000, "ns": 1_000_000}


def cast_times(texts: pa.ChunkedArray, column: Column) -> pa.ChunkedArray:
    """A column of text as the times that it is to be, finer where they are; any other as it is.

    Raises:
        ArrowException: one is no such time.
    """
    if not pa.types.is_timestamp(column.type):
        return texts
    try:
        return texts.cast(column.type)
    except pa.ArrowInvalid:  # perhaps more than six digits of a second
        return texts.cast(pa.timestamp("ns", column.type.tz))


def nanos(column: pa.ChunkedArray, per: int = 1) -> Ints:
    """A decimal column with nine places as int64 in 1e-9: the low words of the decimals.

    Values beyond an int64 become its largest or smallest, so that they are out of range.

    Args:
        column: without nulls.
        per: how many of the column's unit make one of the channel's, an even number: 1000 of
            W; halves go to even.
    """
    array = column.combine_chunks()
    words = np.frombuffer(array.buffers()[1], np.int64)[2 * array.offset :][: 2 * len(array)]
    low, high = words[0::2], words[1::2]
    fits = high == (low >> 63)
    if fits.all():
        return low if per == 1 else half_even(low, per)
    bounds = np.iinfo(np.int64)
    found = np.where(high < 0, bounds.min, bounds.max) if per == 1 else half_even(low, per)
    for place in np.flatnonzero(~fits).tolist():
        exact = (array[place].as_py() * 10**9 / per).to_integral_value(ROUND_HALF_EVEN)
        found[place] = min(max(int(exact), bounds.min), bounds.max)
    return np.where(fits, low, found) if per == 1 else found


def half_even(value: Ints, by: int) -> Ints:
    """Whole numbers divided by an even number, halves to even, without a float."""
    whole, rest = np.divmod(value, by)
    up = (rest > by // 2) | ((rest == by // 2) & (whole % 2 == 1))
    return np.asarray(whole + up, np.int64)


def sixty_fourth(text: str) -> str:
    """A field as a sentence shows it: short."""
    return repr(text if len(text) <= 64 else text[:61] + "…")


@dataclass(frozen=True, slots=True)
class TableReadings:
    """Some readings of a table, of one channel or of several; ``field`` held the value.

    ``rows`` tells in which rows they stand (None: there is one in each); ``lowest`` is the least
    value that their senders may send, where that is more than what the channel may have.
    """

    field: str
    device: pa.Array
    channel: str | pa.Array
    time: Ints
    value: Ints
    sequence: pa.Array | None = None
    rows: Ints | None = None
    lowest: int | None = None

    @property
    def place(self) -> Ints | slice:
        """The rows in which they stand, as an index."""
        return slice(None) if self.rows is None else self.rows

    def place_of(self, row: int) -> int | None:
        """Where the reading of a row stands; None: the row has none of this part."""
        if self.rows is None:
            return row
        place = int(np.searchsorted(self.rows, row))
        return place if place < len(self.rows) and self.rows[place] == row else None


def readings_of(
    table: pa.Table,
    field: str,
    channel: str,
    device: pa.Array,
    time: Ints,
    *,
    per: int = 1,
    sequence: pa.Array | None = None,
    lowest: int | None = None,
) -> TableReadings:
    """The readings of a column of numbers: none in the rows in which it is empty.

    Args:
        table: the rows.
        field: the column's name.
        channel: of all its readings.
        device: of each row.
        time: of each row.
        per: how many of the column's unit make one of the channel's, as in ``nanos``.
        sequence: of each row.
        lowest: the least value that may be sent, where that is more than the channel's.
    """
    column = table.column(field)
    if not column.null_count:
        return TableReadings(
            field, device, channel, time, nanos(column, per), sequence, lowest=lowest
        )
    rows = np.flatnonzero(column.is_valid().to_numpy())
    at = pa.array(rows)
    value = nanos(column.drop_null(), per)
    sequence = None if sequence is None else sequence.take(at)
    return TableReadings(field, device.take(at), channel, time[rows], value, sequence, rows, lowest)


@dataclass(frozen=True, slots=True, eq=False)
class ColumnLayout:
    """Columns of delimited text, and how a table of them becomes readings."""

    shape: str
    columns: Mapping[str, Column]
    parts: Callable[[pa.Table, str], list[TableReadings]]
    time_field: str = "timestamp"
    needs_device: bool = False  # no column names it: the file's name does, or the sender

    def token(self, device: str) -> str:
        """How a line of it is decoded again, without its header: ``formats.sniff`` reads this."""
        shape = self.shape
        if shape == "csv" and tuple(self.columns) != PLAIN_HEADER:
            shape = f"csv:{','.join(self.columns)}"
        return f"{shape}@{device}" if self.needs_device else shape


PLAIN_HEADER = ("timestamp", "household_id", "energy_kwh")
"""The columns of lines of CSV that have no header."""


def strings(column: pa.ChunkedArray) -> pa.Array:
    """A column of text in one piece."""
    return column.combine_chunks()


def under(stem: str, column: pa.ChunkedArray) -> pa.Array:
    """Device names below a file's name: ``Fridge_1/Normal``."""
    return pc.binary_join_element_wise(stem, strings(column), "/")


def all_named(name: str, n: int) -> pa.Array:
    """One device for all rows."""
    return pa.repeat(pa.scalar(name, pa.string()), n)
