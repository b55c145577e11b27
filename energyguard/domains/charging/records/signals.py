"""Records of ``charger-station-signals``: signals in three shapes, which their fields tell."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Generic, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from energyguard.domains.charging import topics
from energyguard.records.contract import RecordHeaders, TopicRecord, doc
from energyguard.records.tables import (
    COUNTS_CODEC,
    NAME,
    TIME,
    TIMES_CODEC,
    HistoryTable,
    RowMapping,
    TableColumn,
)

Number = TypeVar("Number")


class SignalMessage(msgspec.Struct, Generic[Number], gc=False):
    """All fields of the three shapes; numbers are ``Decimal`` to read, digits to write."""

    timestamp: Annotated[
        str | int | float,
        doc("`YYYY-MM-DD HH:MM:SS`, UTC; or ISO 8601; or s or ms since 1970 UTC."),
    ]
    charger_id: str
    vehicle_detected: Annotated[bool | UnsetType, doc("A car comes, or leaves.")] = UNSET
    plate: Annotated[
        str | UnsetType,
        doc("As the camera reads it, 16 characters at most; of a sensor that reads none: nothing."),
    ] = UNSET
    user_id: Annotated[
        str | int | UnsetType, doc("As the reader gives it: an RFID, a contract, a number.")
    ] = UNSET
    price: Annotated[
        Number | UnsetType, doc("Nine decimals at most, perhaps negative.", "the currency/kWh")
    ] = UNSET
    user_connection: Annotated[bool | UnsetType, doc("A user begins a session, or ends.")] = UNSET
    recharging: Annotated[bool | UnsetType, doc("A charge begins, or ends.")] = UNSET
    energy_delivered: Annotated[
        Number | UnsetType, doc("A power, as system D has it; above 1,000 it is in W.", "kW")
    ] = UNSET
    register_kwh: Annotated[Number | UnsetType, doc("What the meter shows.", "kWh")] = UNSET
    unit: Annotated[str | UnsetType, doc("Of `energy_delivered`: kW or W.")] = UNSET
    connector_id: Annotated[
        str | int | UnsetType, doc("Which plug, where a charger has several: each has a bay.")
    ] = UNSET


class SignalHeaders(RecordHeaders, frozen=True, gc=False, rename={"first": "from"}):
    """What a simulator notes."""

    run: Annotated[str, doc("Its name, `/` and when it started in s.")] = ""
    first: Annotated[str, doc("The first second of the append.", "s")] = ""
    tick: Annotated[str, doc("The event time of the last second of the append.", "ms")] = ""


SIGNALS_TABLE = HistoryTable(
    "signals",
    "Raw signals of chargers, every one that could be read, also those that changed nothing.",
    (
        TableColumn("topic", NAME),
        TableColumn("partition", "Int32"),
        TableColumn("offset", "Int64", codec=COUNTS_CODEC),
        TableColumn("charger", NAME),
        TableColumn("time", TIME, codec=TIMES_CODEC),
        TableColumn("kind", NAME, "arrive, connect, start, stop, disconnect, leave"),
        TableColumn("who", "String", "pseudonym of a plate or of a user; empty: none", person=True),
        TableColumn("value", "Int64", "of a user: the price, of a start: the power in kW; 1e-9"),
        TableColumn("register", "Nullable(Int64)", "1e-9 kWh, where the charger sends it"),
    ),
    order_by="(toStartOfDay(time), charger, time, topic, partition, offset)",
    partition_by="toYYYYMM(time)",
)

_ROWS = RowMapping(
    SIGNALS_TABLE,
    {
        "topic": "#topic",
        "partition": "#partition",
        "offset": "#offset",
        "time": "second",
        "value": "amount",
    },
)
SIGNAL, REGION_SIGNAL = (
    TopicRecord(
        topic,
        SignalMessage[Decimal],
        "charger",
        SignalHeaders,
        tables=(_ROWS,),
        rows_from="energyguard.domains.charging.codec:signal",
    )
    for topic in (topics.SIGNALS, topics.REGION_SIGNALS)
)
