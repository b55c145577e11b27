"""Records whose values are JSON as rows of the tables that their declarations name.

A column comes from a field, a header or the record's place. What it needs to fit is in the types:
texts of times become seconds, decimals whole numbers, people their pseudonyms.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from enum import IntEnum
from functools import cache
from operator import attrgetter
from typing import Any, TypeAlias, get_type_hints

import msgspec
import numpy as np
import pyarrow as pa

from energyguard.codecs.seconds import seconds
from energyguard.domain import load
from energyguard.errors import Malformed, Rejected
from energyguard.history.people import People
from energyguard.log.records import Fetched
from energyguard.records.contract import TopicRecord
from energyguard.records.schemas import fields
from energyguard.records.tables import MAYBE_TIME, TIME, TIME_MS, RowMapping, TableColumn
from energyguard.telemetry import logger

LATEST_S = 4_102_444_800
"""2100: nothing is kept under a time beyond it."""
_TIMES = (pa.timestamp("s", "UTC"), pa.timestamp("ms", "UTC"))
_DEFAULTS: Mapping[str, str] = {"quality": "complete", "revision": "1", "withdrawn": "0"}
_log = logger("history")

Read: TypeAlias = Callable[[Any], Any]


class _Rows:
    """The rows of one table: columns from values, from headers, and from places in the log."""

    def __init__(self, mapping: RowMapping, people: People, kind: Any) -> None:
        self.mapping, self.places = mapping, list[int]()
        named = [(c, mapping.source(c)) for c in mapping.table.columns]
        self._fields = [(c, s) for c, s in named if s[0] not in "@#"]
        self._headers = [(c, s[1:]) for c, s in named if s[0] == "@"]
        self._reads = [_field(s, c, people, kind) for c, s in self._fields]
        self._values: list[tuple[Any, ...]] = []
        self._texts: list[tuple[Any, ...]] = []

    def add(self, value: Any, fetched: Fetched, i: int) -> None:
        """Take a record.

        Raises:
            Rejected: something does not fit into its column.
        """
        wanted = self.mapping.only_if
        if wanted and not getattr(value, wanted):
            return
        values = tuple([read(value) for read in self._reads])
        if self._headers:
            found = dict(fetched.headers[i])
            texts = [_header(c, name, found, fetched, i) for c, name in self._headers]
            self._texts.append(tuple(texts))
        self._values.append(values)
        self.places.append(i)

    def table(self, fetched: Fetched) -> pa.Table:
        """The rows; those with a time that no history holds are left out and said."""
        columns: dict[str, Sequence[Any]] = {}
        for named, rows in ((self._fields, self._values), (self._headers, self._texts)):
            filled = zip(*rows, strict=True) if rows else [()] * len(named)
            columns |= {c.name: values for (c, _), values in zip(named, filled, strict=True)}
        for column in self.mapping.table.columns:
            if column.name not in columns:
                columns[column.name] = self._place(self.mapping.source(column), fetched)
        schema = self.mapping.table.schema
        table = pa.table([_column(columns[f.name], f.type) for f in schema], schema)
        good = np.ones(len(self.places), bool)
        for times in table.itercolumns():
            if times.type in _TIMES:
                scale = 1000 if times.type == _TIMES[1] else 1
                time = times.cast(pa.int64()).fill_null(0).to_numpy()
                good &= (time >= 0) & (time < LATEST_S * scale)
        for row in np.flatnonzero(~good).tolist():
            unreadable(fetched, self.places[row], "a time before 1970, or of 2100 or later")
        return table if good.all() else table.filter(pa.array(good))

    def _place(self, source: str, fetched: Fetched) -> Sequence[Any]:
        if source == "#offset":
            return [fetched.offsets[i] for i in self.places]
        return [getattr(fetched, source[1:])] * len(self.places)


def tables_of(fetched: Fetched, record: TopicRecord[Any], people: People) -> dict[str, pa.Table]:
    """The rows that records become, by table; what cannot be read is left out and said."""
    decode: Callable[[bytes], Any] = record.decode
    kind: Any = record.value
    if record.rows_from:
        decode, kind = _reader(record.rows_from)
    tables = [_Rows(mapping, people, kind) for mapping in record.tables]
    for i, data in enumerate(fetched.values):
        if data is None:
            continue
        try:
            value = decode(data)
            for rows in tables:
                rows.add(value, fetched, i)
        except (msgspec.DecodeError, UnicodeDecodeError, Rejected, ValueError) as error:
            unreadable(fetched, i, str(error))
    return {rows.mapping.table.name: rows.table(fetched) for rows in tables}


def _field(source: str, column: TableColumn, people: People, kind: Any) -> Read:
    """How a column is had from a value of a kind: as it is, or made to fit; None: it has none."""
    if not hasattr(kind, source):
        return lambda _: "" if column.person else None
    get = attrgetter(source)
    if column.person:
        return lambda value: people.pseudonym(get(value) or "")
    if "DateTime" in column.kind and _is_text(source, kind):
        if column.kind == MAYBE_TIME:
            return lambda value: None if (at := get(value)) is None else seconds(at)
        unit = 1000 if column.kind == TIME_MS else 1
        return lambda value: seconds(get(value) or "") * unit
    if column.scale > 1:
        return lambda value: _scaled(get(value), column.scale)
    if _is_number_of(source, kind):
        return lambda value: get(value).name.lower()
    return get


def _scaled(value: Any, scale: int) -> Any:
    return round(value * scale) if isinstance(value, Decimal) else value


def _is_text(source: str, kind: Any) -> bool:
    """Whether a field is a text: a time as system D writes it, not seconds."""
    return any(field.name == source and field.kind is str for field in fields(kind))


def _is_number_of(source: str, kind: Any) -> bool:
    """Whether a field is one of some that have numbers: rows have its name."""
    found = _hints(kind).get(source) if isinstance(kind, type) else None
    return isinstance(found, type) and issubclass(found, IntEnum)


@cache
def _hints(kind: Any) -> Mapping[str, Any]:
    return get_type_hints(kind)


@cache
def _reader(reference: str) -> tuple[Callable[[bytes], Any], type]:
    """What ``rows_from`` refers to, and the struct that it makes."""
    read = load(reference)
    return read, get_type_hints(read)["return"]


def _header(
    column: TableColumn, name: str, found: Mapping[str, bytes], fetched: Fetched, i: int
) -> Any:
    """A header of a record; without an ``id``, its place in the log is one."""
    text = found.get(name, b"").decode(errors="replace")
    if column.kind == TIME:
        return _counted(name, text)
    if column.kind.startswith("UInt"):
        return _counted(name, text or _DEFAULTS.get(name, ""))
    if column.kind == "Int64":
        return -_counted(name, text[1:]) if text.startswith("-") else _counted(name, text or "0")
    if text or name != "id":
        return text or _DEFAULTS.get(name, "")
    return f"{fetched.topic}/{fetched.partition}/{fetched.offsets[i]}"


def _counted(header: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise Malformed(f"header {header}: {text!r} is no whole number", header)
    return int(text)


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
