"""Records of chargers as rows of ``charging.sql``; people get their pseudonyms here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec
import numpy as np
import pyarrow as pa

from energyguard.codecs.charging import seconds, signal
from energyguard.history.people import People
from energyguard.log.records import Fetched
from energyguard.model.charging import PRICE_PER_EUR
from energyguard.model.fixed import to_nano
from energyguard.model.stations import BayNow, Charger, Imported
from energyguard.model.topics import (
    BAYS,
    CHARGERS,
    FULL_SESSIONS,
    IMPORTED,
    REGION_SIGNALS,
    SIGNALS,
    TOTAL_OCCUPIED,
    TRANSACTION_PROFIT,
    VIOLATIONS,
)
from energyguard.records.charging import (
    FULL_SESSION_DECODER,
    LIMIT_BROKEN_DECODER,
    PROFIT_DECODER,
    TOTAL_DECODER,
)
from energyguard.sinks.decoded import each, unreadable

LATEST_S = 4_102_444_800
"""2100: nothing is kept under a time beyond it."""

_TIME = pa.timestamp("s", "UTC")
_TEXT = pa.string()
_INT = pa.int64()
_NAME = pa.dictionary(pa.int32(), pa.string())
SCHEMAS: Mapping[str, pa.Schema] = {
    "signals": pa.schema({
        "topic": _NAME, "partition": pa.int32(), "offset": _INT, "charger": _NAME, "time": _TIME,
        "kind": _NAME, "who": _TEXT, "amount": _INT, "register": _INT,
    }),
    "stays": pa.schema({
        "id": _TEXT, "source": _NAME, "charger": _NAME, "start_parking": _TIME, "plate": _TEXT,
        "start_session": _TIME, "user": _TEXT, "price": _INT, "start_recharging": _TIME,
        "power_kw": _INT, "end_recharging": _TIME, "end_session": _TIME, "end_parking": _TIME,
        "quality": _NAME,
    }),
    "charges": pa.schema({
        "id": _TEXT, "stay": _TEXT, "source": _NAME, "charger": _NAME, "user": _TEXT,
        "start": _TIME, "end": _TIME, "energy": _INT, "cents": _INT,
    }),
    "violations": pa.schema({
        "id": _TEXT, "stay": _TEXT, "source": _NAME, "charger": _NAME, "time": _TIME,
        "kind": _NAME, "plate": _TEXT, "user": _TEXT, "start_parking": _TIME,
        "start_session": _TIME, "end_session": _TIME, "end_parking": _TIME,
    }),
    "standing": pa.schema({
        "charger": _TEXT, "source": _NAME, "since": _TIME, "start_parking": _TIME,
    }),
    "occupied": pa.schema({"source": _NAME, "time": _TIME, "occupied": _INT}),
    "chargers": pa.schema({
        "charger": _TEXT, "station": _TEXT, "latitude": pa.float64(), "longitude": pa.float64(),
        "rating_kw": pa.float64(), "topic": _TEXT,
    }),
}  # fmt: skip

Row: TypeAlias = tuple[Any, ...]
Read: TypeAlias = Callable[[Fetched, People], dict[str, pa.Table]]


def _signals(fetched: Fetched, people: People) -> dict[str, pa.Table]:
    def rows() -> Iterator[tuple[int, Row]]:
        for i, told in each(fetched, signal):
            yield i, (
                fetched.topic, fetched.partition, fetched.offsets[i], told.charger, told.second,
                told.kind.name.lower(), people.pseudonym(told.who), told.amount, told.register,
            )  # fmt: skip

    return _tables("signals", fetched, rows())


def _stays(fetched: Fetched, people: People) -> dict[str, pa.Table]:
    def row(value: bytes) -> Row:
        told = FULL_SESSION_DECODER.decode(value)
        price = None if told.price is None else int(told.price * PRICE_PER_EUR)
        return (
            told.charger_id, seconds(told.start_parking), people.pseudonym(told.plate or ""),
            _second(told.start_session), people.pseudonym(told.user_id or ""), price,
            _second(told.start_recharging), told.energy_delivered, _second(told.end_recharging),
            _second(told.end_session), seconds(told.end_parking or ""),
        )  # fmt: skip

    def rows() -> Iterator[tuple[int, Row]]:
        for i, told in each(fetched, row):
            name, source, quality = _said(fetched, i, "id", "topic", "quality")
            yield i, (name, source, *told, quality or "complete")

    return _tables("stays", fetched, rows())


def _violations(fetched: Fetched, people: People) -> dict[str, pa.Table]:
    def row(value: bytes) -> tuple[str, Row]:
        told = LIMIT_BROKEN_DECODER.decode(value)
        return told.charger_id, (
            told.violation, people.pseudonym(told.plate or ""),
            people.pseudonym(told.user_id or ""), seconds(told.start_parking),
            _second(told.start_session), _second(told.end_session), _second(told.end_parking),
        )  # fmt: skip

    def rows() -> Iterator[tuple[int, Row]]:
        for i, (charger, told) in each(fetched, row):
            name, stay, source, time = _said(fetched, i, "id", "stay", "topic", "time")
            if time.isascii() and time.isdigit():
                yield i, (name, stay, source, charger, int(time), *told)
            else:
                unreadable(fetched, i, f"header time: {time!r} is no second since 1970")

    return _tables("violations", fetched, rows())


def _charges(fetched: Fetched, people: People) -> dict[str, pa.Table]:
    def row(value: bytes) -> Row:
        told = PROFIT_DECODER.decode(value)
        return (
            told.charger_id, people.pseudonym(told.user_id), seconds(told.start_recharging),
            seconds(told.end_recharging), to_nano(str(told.total_energy_delivered)),
            int(told.profit * 100),
        )  # fmt: skip

    def rows() -> Iterator[tuple[int, Row]]:
        for i, told in each(fetched, row):
            yield i, (*_said(fetched, i, "id", "stay", "topic"), *told)

    return _tables("charges", fetched, rows())


def _occupied(fetched: Fetched, _: People) -> dict[str, pa.Table]:
    def row(value: bytes) -> Row:
        told = TOTAL_DECODER.decode(value)
        return seconds(told.timestamp), told.occupied

    found = ((i, (*_said(fetched, i, "topic"), *told)) for i, told in each(fetched, row))
    return _tables("occupied", fetched, found)


def _standing(fetched: Fetched, _: People) -> dict[str, pa.Table]:
    def row(value: bytes) -> Row:
        told = _BAY.decode(value)
        return told.charger, told.topic, told.since, told.start_parking

    return _tables("standing", fetched, each(fetched, row))


def _chargers(fetched: Fetched, _: People) -> dict[str, pa.Table]:
    def row(value: bytes) -> Row:
        told = _CHARGER.decode(value)
        return tuple(getattr(told, field.name) for field in SCHEMAS["chargers"])

    return _tables("chargers", fetched, each(fetched, row))


def _imported(fetched: Fetched, people: People) -> dict[str, pa.Table]:
    stays: list[tuple[int, Row]] = []
    charges: list[tuple[int, Row]] = []
    for i, told in each(fetched, _IMPORTED.decode):
        user, name, source = people.pseudonym(told.user), told.identity, told.whose
        begun, ended = told.start_recharging, told.end_recharging
        stays.append((i, (
            name, source, told.charger, told.start_parking, "", None, user, None,
            begun, None, ended, None, told.end_parking, told.quality,
        )))  # fmt: skip
        if told.energy or told.cents is not None:
            begin = told.start_parking if begun is None else begun
            end = ended if begun is not None else None
            charges.append((i, (
                f"{name}/{begin}", name, source, told.charger, user, begin, end,
                told.energy, told.cents or 0,
            )))  # fmt: skip
    return _tables("stays", fetched, stays) | _tables("charges", fetched, charges)


def _tables(
    name: str, fetched: Fetched, rows: Iterator[tuple[int, Row]] | Sequence[tuple[int, Row]]
) -> dict[str, pa.Table]:
    """Rows as a table; those with a time that no history holds are left out and said."""
    schema = SCHEMAS[name]
    found = list(rows)
    columns = zip(*(row for _, row in found), strict=True) if found else [()] * len(schema)
    table = pa.table(
        [_column(values, field.type) for values, field in zip(columns, schema, strict=True)],
        schema,
    )
    good = np.ones(len(found), bool)
    for column in table.itercolumns():
        if column.type == _TIME:
            time = column.cast(_INT).fill_null(0).to_numpy()
            good &= (time >= 0) & (time < LATEST_S)
    for place in np.flatnonzero(~good):
        unreadable(fetched, found[place][0], "a time before 1970, or of 2100 or later")
    return {name: table if good.all() else table.filter(pa.array(good))}


def _column(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_dictionary(kind):
        return pa.array(values, pa.string()).dictionary_encode()
    return pa.array(values, kind)


def _said(fetched: Fetched, i: int, *names: str) -> tuple[str, ...]:
    """Headers of a record; without an ``id``, its place in the log is one."""
    headers = dict(fetched.headers[i])
    place = f"{fetched.topic}/{fetched.partition}/{fetched.offsets[i]}"
    return tuple(
        headers.get(name, place.encode() if name == "id" else b"").decode(errors="replace")
        for name in names
    )


def _second(text: str | None) -> int | None:
    return None if text is None else seconds(text)


_CHARGER = msgspec.json.Decoder(Charger)
_BAY = msgspec.json.Decoder(BayNow)
_IMPORTED = msgspec.json.Decoder(Imported)
READ: Mapping[str, Read] = {
    SIGNALS.name: _signals,
    REGION_SIGNALS.name: _signals,
    FULL_SESSIONS.name: _stays,
    VIOLATIONS.name: _violations,
    TRANSACTION_PROFIT.name: _charges,
    TOTAL_OCCUPIED.name: _occupied,
    BAYS.name: _standing,
    CHARGERS.name: _chargers,
    IMPORTED.name: _imported,
}
