"""The tables of the embedded history: the raw ones of ``records/``, roll-ups, and working tables.

A row of a roll-up says what happened in a bucket of time. It is replaced as a whole by the row
inserted last; nothing is ever added to one (``rollup/*.sql``).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from energyguard.records.catalog import TABLES
from energyguard.records.tables import (
    NAME,
    TIME,
    TIMES_CODEC,
    HistoryTable,
    TableColumn,
    memory_table,
)

_BUCKET = TableColumn("bucket", TIME, codec=TIMES_CODEC)
_SMALL_GRANULES = ("index_granularity = 4096",)


def _small(table: HistoryTable) -> HistoryTable:
    return replace(table, settings=(*_SMALL_GRANULES, *table.settings))


def _counts(*names: str) -> tuple[TableColumn, ...]:
    return tuple(TableColumn(name, "UInt64") for name in names)


_DAILY = HistoryTable(
    "rollup_1d",
    "What a device's channel did in a day.",
    (
        TableColumn("device", NAME),
        TableColumn("channel", NAME),
        _BUCKET,
        TableColumn("topic", NAME),
        TableColumn("kwh", "Int64", "1e-9 kWh; 0 for channels without energy"),
        TableColumn("counted", "UInt64", "readings"),
        *(
            TableColumn(name, "Int64")
            for name in ("first_ms", "last_ms", "first", "last", "lowest", "highest")
        ),
        TableColumn("total", "Float64", "of the values: the mean is total / counted"),
    ),
    order_by="(device, channel, bucket)",
    partition_by="toYear(bucket)",
)


def _finer(name: str, about: str, sorted_by: str) -> HistoryTable:
    return replace(
        _small(_DAILY),
        name=name,
        about=f"The same in {about}.",
        order_by=f"({sorted_by}(bucket), device, channel, bucket)",
        partition_by="toYYYYMM(bucket)",
    )


WINDOW_ROLLUPS: Final = (
    _finer("rollup_1m", "a minute", "toStartOfHour"),
    _finer("rollup_15m", "15 minutes", "toStartOfDay"),
    _finer("rollup_1h", "an hour", "toStartOfDay"),
    _DAILY,
)

_CHARGING_DAILY = HistoryTable(
    "charging_1d",
    "What happened at a charger in a day. All counts where it began, occupied time where it was.",
    (
        TableColumn("charger", NAME),
        _BUCKET,
        TableColumn("stays", "UInt64", "begun"),
        TableColumn("stayed_s", "UInt64", "by these, until they left"),
        TableColumn("occupied_s", "UInt64", "in this bucket, by whomever"),
        TableColumn("charges", "UInt64", "begun"),
        TableColumn("timed", "UInt64", "of these: those whose end is known"),
        TableColumn("charged_s", "UInt64", "by those"),
        TableColumn("energy", "Int64", "of the charges, 1e-9 kWh"),
        TableColumn("cents", "Int64"),
        *_counts("no_charge", "before", "after"),
    ),
    order_by="(bucket, charger)",
    partition_by="toYear(bucket)",
)
_OCCUPIED_S = ("charger", "occupied_s", "no_charge", "before", "after")
CHARGING_ROLLUPS: Final = (
    replace(
        _small(_CHARGING_DAILY),
        name="charging_1h",
        about="The same in an hour.",
        columns=(
            *_CHARGING_DAILY.columns,
            TableColumn("pieces", "Array(Tuple(UInt16, UInt16))", "occupied seconds, [from, to)"),
        ),
        order_by="(toStartOfDay(bucket), charger, bucket)",
        partition_by="toYYYYMM(bucket)",
    ),
    _small(_CHARGING_DAILY),
    replace(
        _CHARGING_DAILY,
        name="charging_all_1h",
        about="The same of all chargers together in an hour, for curves of everything.",
        columns=tuple(c for c in _CHARGING_DAILY.columns if c.name not in _OCCUPIED_S),
        order_by="bucket",
    ),
    HistoryTable(
        "occupied_1h",
        "How many cars stood at all chargers of a topic in an hour.",
        (
            TableColumn("source", NAME),
            _BUCKET,
            TableColumn("seconds", "UInt64", "that are known"),
            TableColumn("total", "Int64", "of the cars in them: the mean is total / seconds"),
            TableColumn("least", "Int64"),
            TableColumn("most", "Int64"),
        ),
        order_by="(bucket, source)",
        partition_by="toYear(bucket)",
    ),
)

_WHAT = tuple(TableColumn(name, "String") for name in ("device", "channel", "kind"))


def _ms(*names: str) -> tuple[TableColumn, ...]:
    return tuple(TableColumn(name, "Int64") for name in names)


WORKING: Final = (
    memory_table(
        "touched",
        "What is to be replaced; empty between two roll-ups.",
        _WHAT + _ms("lo_ms", "hi_ms"),
    ),
    memory_table(
        "spans",
        "What is read for it, and what is replaced, [from, to).",
        _WHAT + _ms("read_from", "read_to", "from_ms", "to_ms"),
    ),
    memory_table(
        "charging_touched",
        "The same of chargers, hour by hour; of the curve of all cars the charger is empty.",
        (TableColumn("charger", "String"), TableColumn("hour", TIME)),
    ),
)
ALL: Final = (*TABLES.values(), *WINDOW_ROLLUPS, *CHARGING_ROLLUPS, *WORKING)
