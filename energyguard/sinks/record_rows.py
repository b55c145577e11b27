"""Records whose values are JSON as rows of the tables that their declarations name.

A column comes from a field, a header or the record's place. What it needs to fit is in the types:
texts of times become seconds, decimals whole numbers, people their pseudonyms.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from enum import IntEnum
from typing import Any, TypeAlias

import msgspec
import numpy as np
import pyarrow as pa

from energyguard.codecs.charging import seconds, signal
from energyguard.errors import Malformed, Rejected
from energyguard.history.people import People
from energyguard.log.records import Fetched
from energyguard.model.topics import REGION_SIGNALS, SIGNALS
from energyguard.records.contract import TopicRecord
from energyguard.records.tables import NAME, TIME, TIME_MS, RowMapping, TableColumn
from energyguard.telemetry import logger

LATEST_S = 4_102_444_800
"""2100: nothing is kept under a time beyond it."""
_TIMES = (pa.timestamp("s", "UTC"), pa.timestamp("ms", "UTC"))
_DEFAULTS: Mapping[str, str] = {"quality": "complete"}
_log = logger("history")

Place: TypeAlias = tuple[Fetched, int]
"""What was read, and the number of a record in it."""
Read: TypeAlias = Callable[[Any, Place], Any]


def tables_of(fetched: Fetched, record: TopicRecord[Any], people: People) -> dict[str, pa.Table]:
    """The rows that records become, by table; what cannot be read is left out and said."""
    is_signal = record.topic in (SIGNALS, REGION_SIGNALS)
    decode: Callable[[bytes], Any] = signal if is_signal else record.decode
    columns = {
        rows.table.name: [_reader(rows.source(c), c, people) for c in rows.table.columns]
        for rows in record.tables
    }
    found: dict[str, list[tuple[Any, ...]]] = {rows.table.name: [] for rows in record.tables}
    places: dict[str, list[int]] = {name: [] for name in found}
    for i, data in enumerate(fetched.values):
        if data is None:
            continue
        place = fetched, i
        try:
            value = decode(data)
            for rows in record.tables:
                if not rows.only_if or getattr(value, rows.only_if):
                    name = rows.table.name
                    found[name].append(tuple(read(value, place) for read in columns[name]))
                    places[name].append(i)
        except (msgspec.DecodeError, UnicodeDecodeError, Rejected, ValueError) as error:
            unreadable(fetched, i, str(error))
    return {
        rows.table.name: _table(rows, fetched, found[rows.table.name], places[rows.table.name])
        for rows in record.tables
    }


def _reader(source: str, column: TableColumn, people: People) -> Read:
    """How a column is had from a record."""
    fit = _fitting(column, people)
    if source.startswith("#"):
        attribute = source[1:]
        if attribute == "offset":
            return lambda _, place: place[0].offsets[place[1]]
        return lambda _, place: getattr(place[0], attribute)
    if source.startswith("@"):
        header = source[1:]
        if column.kind == TIME:
            return lambda _, place: _counted(header, _header(header, place))
        return lambda _, place: fit(_header(header, place))
    return lambda value, _: fit(getattr(value, source, None))


def _header(name: str, place: Place) -> str:
    """A header of a record; without an ``id``, its place in the log is one."""
    fetched, i = place
    for found, text in fetched.headers[i]:
        if found == name and text:
            return text.decode(errors="replace")
    if name == "id":
        return f"{fetched.topic}/{fetched.partition}/{fetched.offsets[i]}"
    return _DEFAULTS.get(name, "")


def _fitting(column: TableColumn, people: People) -> Callable[[Any], Any]:
    """What makes a value fit into a column."""
    if column.person:
        return lambda value: people.pseudonym(value or "")
    if column.kind == TIME_MS:
        return lambda value: _second(value) * 1000
    if TIME in column.kind:
        needed = column.kind == TIME
        return lambda value: _second(value) if needed or value is not None else None
    if column.scale > 1:
        return lambda value: round(value * column.scale) if isinstance(value, Decimal) else value
    if column.kind == NAME:
        return lambda value: value.name.lower() if isinstance(value, IntEnum) else value
    return lambda value: value


def _second(value: str | int | None) -> int:
    """Seconds since 1970 of a time as system D writes it, or of a number.

    Raises:
        Rejected: it is no time.
    """
    return value if isinstance(value, int) else seconds(value or "")


def _counted(header: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise Malformed(f"header {header}: {text!r} is no second since 1970", header)
    return int(text)


def _table(
    rows: RowMapping, fetched: Fetched, found: Sequence[tuple[Any, ...]], places: Sequence[int]
) -> pa.Table:
    """Rows as a table; those with a time that no history holds are left out and said."""
    schema = rows.table.schema
    columns = zip(*found, strict=True) if found else [()] * len(schema)
    table = pa.table(
        [_column(values, field.type) for values, field in zip(columns, schema, strict=True)],
        schema,
    )
    good = np.ones(len(found), bool)
    for column in table.itercolumns():
        if column.type in _TIMES:
            scale = 1000 if column.type == _TIMES[1] else 1
            time = column.cast(pa.int64()).fill_null(0).to_numpy()
            good &= (time >= 0) & (time < LATEST_S * scale)
    for row in np.flatnonzero(~good).tolist():
        unreadable(fetched, places[row], "a time before 1970, or of 2100 or later")
    return table if good.all() else table.filter(pa.array(good))


def _column(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_dictionary(kind):
        return pa.array(values, pa.string()).dictionary_encode()
    return pa.array(values, kind)


def unreadable(fetched: Fetched, i: int, reason: str) -> None:
    """Say that a record is not kept; where it came in wrong, its dead letter is the worker's."""
    _log.warning(
        "record not archived",
        topic=fetched.topic,
        partition=fetched.partition,
        offset=fetched.offsets[i],
        reason=reason,
    )
