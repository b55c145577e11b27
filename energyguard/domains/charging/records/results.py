"""Records of system D's four results: sessions, violations, profits, and the total of cars.

Times are ``YYYY-MM-DD HH:MM:SS`` in UTC. Amounts are decimals that stay exact: who reads has them
as ``Decimal``, who writes gives their digits (``msgspec.Raw``). What is not system D's stands in
the headers.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Generic, TypeVar

import msgspec

from energyguard.domains.charging import topics
from energyguard.records.contract import RecordHeaders, TopicRecord, doc
from energyguard.records.tables import (
    COUNTS_CODEC,
    MAYBE_TIME,
    NAME,
    TIME,
    TIMES_CODEC,
    HistoryTable,
    RowMapping,
    TableColumn,
)

Number = TypeVar("Number")
_THOUSANDTH = "0.001 of the currency"


class FullSession(msgspec.Struct, Generic[Number], gc=False):
    """A car's stay, from its coming to its leaving. What did not happen is null."""

    charger_id: str
    start_parking: str
    plate: str | None
    start_session: str | None
    user_id: str | None
    price: Annotated[Number | None, doc("", "the currency/kWh")]
    start_recharging: str | None
    energy_delivered: Annotated[Number | None, doc("A power, as system D has it.", "kW")]
    end_recharging: str | None
    end_session: str | None
    end_parking: str | None


class LimitBroken(msgspec.Struct, gc=False):
    """A car stood for too long; its stay as far as it is known by then."""

    charger_id: str
    user_id: str | None
    plate: str | None
    start_parking: str
    start_session: str | None
    end_session: str | None
    end_parking: str | None
    violation: Annotated[str, doc("Which limit, in system D's words.")]


class TransactionProfit(msgspec.Struct, Generic[Number], gc=False):
    """What a user pays for a charge."""

    charger_id: str
    user_id: str
    start_recharging: str
    end_recharging: str
    total_energy_delivered: Annotated[Number, doc("To nine decimals.", "kWh")]
    profit: Annotated[Number, doc("To the cent.", "the currency")]


class TotalOccupied(msgspec.Struct, gc=False):
    """How many cars stand at all chargers of a topic, in a second."""

    timestamp: str
    occupied: int


class SessionHeaders(RecordHeaders, frozen=True, gc=False):
    """What is known besides of a stay."""

    id: str
    quality: Annotated[str, doc("`complete`, or what was inferred and why.")]
    topic: Annotated[str, doc("The topic of its signals.")]
    revision: Annotated[str, doc("Of a record told again: 2 and more; the highest counts.")] = ""
    withdrawn: Annotated[str, doc("1: there is no such record any more, or at another time.")] = ""


class ViolationHeaders(RecordHeaders, frozen=True, gc=False):
    """Of which stay it is, and when."""

    id: str
    stay: Annotated[str, doc("The id of the stay.")]
    topic: Annotated[str, doc("The topic of its signals.")]
    time: Annotated[str, doc("When the limit was broken.", "s")]
    revision: Annotated[str, doc("Of a record told again: 2 and more; the highest counts.")] = ""
    withdrawn: Annotated[str, doc("1: there is no such record any more, or at another time.")] = ""


class ProfitHeaders(RecordHeaders, frozen=True, gc=False):
    """Of which stay it is, and the bill in a currency without cents, or with thousandths."""

    id: str
    stay: Annotated[str, doc("The id of the stay.")]
    topic: Annotated[str, doc("The topic of its signals.")]
    revision: Annotated[str, doc("Of a record told again: 2 and more; the highest counts.")] = ""
    withdrawn: Annotated[str, doc("1: there is no such record any more, or at another time.")] = ""
    to_whole: Annotated[
        str, doc("Profit and this: the bill in whole units (yen). None: 0.", _THOUSANDTH)
    ] = ""
    to_thousandth: Annotated[str, doc("The same in thousandths (dinars).", _THOUSANDTH)] = ""


class TotalHeaders(RecordHeaders, frozen=True, gc=False):
    """Of which topic it is."""

    id: str
    topic: Annotated[str, doc("The topic of the signals.")]


REVISION = (
    TableColumn(
        "revision", "UInt64", "of rows with one id the highest counts; imports begin with 0"
    ),
    TableColumn("withdrawn", "UInt8", "1: there is no such row any more"),
)
HIGHEST = "revision, withdrawn"
TO_MINOR_UNITS = (
    TableColumn("to_whole", "Int64", "0.001 of the currency: with cents the bill in whole units"),
    TableColumn("to_thousandth", "Int64", "the same: with cents the bill in thousandths"),
)
"""What rounding once to another minor unit differs by; 0 where cents are all that is known."""
STAYS_TABLE = HistoryTable(
    "stays",
    "Cars that stood at a charger and are gone: `full-sessions`, and what was imported.",
    (
        TableColumn("id", "String"),
        TableColumn("source", NAME, "the topic of its signals, or of which export it is"),
        TableColumn("charger", NAME),
        TableColumn("start_parking", TIME, codec=TIMES_CODEC),
        TableColumn("plate", "String", "pseudonyms; empty: not known", person=True),
        TableColumn("start_session", MAYBE_TIME),
        TableColumn("user", "String", person=True),
        TableColumn("price", "Nullable(Int64)", "1e-9 of the currency/kWh", scale=10**9),
        TableColumn("start_recharging", MAYBE_TIME),
        TableColumn("power", "Nullable(Int64)", "1e-9 kW", scale=10**9),
        TableColumn("end_recharging", MAYBE_TIME),
        TableColumn("end_session", MAYBE_TIME),
        TableColumn("end_parking", TIME),
        TableColumn("quality", NAME, "complete, or what was inferred and why"),
        *REVISION,
    ),
    order_by="(toStartOfDay(start_parking), charger, start_parking, id)",
    version=HIGHEST,
    partition_by="toYYYYMM(start_parking)",
    indexes=("ends end_parking TYPE minmax GRANULARITY 1",),
)
"""The index finds who stood there at a time, whenever they came."""
CHARGES_TABLE = HistoryTable(
    "charges",
    "Charges that are paid: `transaction-profit`, and what was imported.",
    (
        TableColumn("id", "String"),
        TableColumn("stay", "String"),
        TableColumn("source", NAME),
        TableColumn("charger", NAME),
        TableColumn("user", "String", person=True),
        TableColumn("start", TIME, codec=TIMES_CODEC),
        TableColumn("end", MAYBE_TIME, "where an export does not tell it: null"),
        TableColumn("energy", "Int64", "1e-9 kWh", scale=10**9),
        TableColumn("cents", "Int64", "0.01 of the currency", scale=100),
        *REVISION,
        *TO_MINOR_UNITS,
    ),
    order_by="(toStartOfDay(start), charger, start, id)",
    version=HIGHEST,
    partition_by="toYYYYMM(start)",
    indexes=("ends ifNull(end, start) TYPE minmax GRANULARITY 1",),
)
VIOLATIONS_TABLE = HistoryTable(
    "violations",
    "Limits that cars broke: `violations`.",
    (
        TableColumn("id", "String"),
        TableColumn("stay", "String"),
        TableColumn("source", NAME),
        TableColumn("charger", NAME),
        TableColumn("time", TIME, codec=TIMES_CODEC),
        TableColumn("kind", NAME),
        TableColumn("plate", "String", person=True),
        TableColumn("user", "String", person=True),
        TableColumn("start_parking", TIME),
        TableColumn("start_session", MAYBE_TIME),
        TableColumn("end_session", MAYBE_TIME),
        TableColumn("end_parking", MAYBE_TIME),
        *REVISION,
    ),
    order_by="(toStartOfDay(time), charger, time, id)",
    version=HIGHEST,
    partition_by="toYYYYMM(time)",
)
OCCUPIED_TABLE = HistoryTable(
    "occupied",
    "How many cars stood at the end of each second: `total-occupied`.",
    (
        TableColumn("source", NAME, "the topic of the signals: a region, say"),
        TableColumn("time", TIME, codec=TIMES_CODEC),
        TableColumn("occupied", "Int64", codec=COUNTS_CODEC),
    ),
    order_by="(time, source)",
    partition_by="toYYYYMM(time)",
)

_COMMON = {
    "id": "@id", "source": "@topic", "charger": "charger_id", "user": "user_id",
    "revision": "@revision", "withdrawn": "@withdrawn",
}  # fmt: skip
_STAYS = RowMapping(STAYS_TABLE, _COMMON | {"power": "energy_delivered", "quality": "@quality"})
_VIOLATIONS = RowMapping(
    VIOLATIONS_TABLE, _COMMON | {"stay": "@stay", "time": "@time", "kind": "violation"}
)
_CHARGES = RowMapping(
    CHARGES_TABLE,
    _COMMON
    | {
        "stay": "@stay",
        "start": "start_recharging",
        "end": "end_recharging",
        "energy": "total_energy_delivered",
        "cents": "profit",
        "to_whole": "@to_whole",
        "to_thousandth": "@to_thousandth",
    },
)
FULL_SESSION, RESTATED_SESSION = (
    TopicRecord(topic, FullSession[Decimal], "charger", SessionHeaders, tables=(_STAYS,))
    for topic in (topics.FULL_SESSIONS, topics.RESTATED_SESSIONS)
)
VIOLATION, RESTATED_VIOLATION = (
    TopicRecord(topic, LimitBroken, "charger", ViolationHeaders, tables=(_VIOLATIONS,))
    for topic in (topics.VIOLATIONS, topics.RESTATED_VIOLATIONS)
)
PROFIT, RESTATED_PROFIT = (
    TopicRecord(topic, TransactionProfit[Decimal], "charger", ProfitHeaders, tables=(_CHARGES,))
    for topic in (topics.TRANSACTION_PROFIT, topics.RESTATED_PROFIT)
)
TOTAL = TopicRecord(
    topics.TOTAL_OCCUPIED,
    TotalOccupied,
    "topic",
    TotalHeaders,
    tables=(RowMapping(OCCUPIED_TABLE, {"source": "@topic", "time": "timestamp"}),),
)
