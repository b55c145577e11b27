"""The tables of the roll-ups of chargers."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from energyguard.domains.charging.records.results import TO_MINOR_UNITS
from energyguard.history.rollup_kind import BUCKET, SMALL_GRANULES
from energyguard.records.tables import NAME, TIME, HistoryTable, TableColumn, memory_table


def _counts(*names: str) -> tuple[TableColumn, ...]:
    return tuple(TableColumn(name, "UInt64") for name in names)


_DAILY = HistoryTable(
    "charging_1d",
    "What happened at a charger in a day. All counts where it began, occupied time where it was.",
    (
        TableColumn("charger", NAME),
        BUCKET,
        TableColumn("stays", "UInt64", "begun"),
        TableColumn("stayed_s", "UInt64", "by these, until they left"),
        TableColumn("occupied_s", "UInt64", "in this bucket, by whomever"),
        TableColumn("charges", "UInt64", "begun"),
        TableColumn("timed", "UInt64", "of these: those whose end is known"),
        TableColumn("charged_s", "UInt64", "by those"),
        TableColumn("energy", "Int64", "of the charges, 1e-9 kWh"),
        TableColumn("cents", "Int64"),
        *_counts("no_charge", "before", "after"),
        *TO_MINOR_UNITS,
    ),
    order_by="(bucket, charger)",
    partition_by="toYear(bucket)",
)
_SMALL = replace(_DAILY, settings=(*SMALL_GRANULES, *_DAILY.settings))
_OCCUPIED_S = ("charger", "occupied_s", "no_charge", "before", "after")
TABLES: Final = (
    replace(
        _SMALL,
        name="charging_1h",
        about="The same in an hour.",
        columns=(
            *_DAILY.columns,
            TableColumn("pieces", "Array(Tuple(UInt16, UInt16))", "occupied seconds, [from, to)"),
        ),
        order_by="(toStartOfDay(bucket), charger, bucket)",
        partition_by="toYYYYMM(bucket)",
    ),
    _SMALL,
    replace(
        _DAILY,
        name="charging_all_1h",
        about="The same of all chargers together in an hour, for curves of everything.",
        columns=tuple(c for c in _DAILY.columns if c.name not in _OCCUPIED_S),
        order_by="bucket",
    ),
    HistoryTable(
        "occupied_1h",
        "How many cars stood at all chargers of a topic in an hour.",
        (
            TableColumn("source", NAME),
            BUCKET,
            TableColumn("seconds", "UInt64", "that are known"),
            TableColumn("total", "Int64", "of the cars in them: the mean is total / seconds"),
            TableColumn("least", "Int64"),
            TableColumn("most", "Int64"),
        ),
        order_by="(bucket, source)",
        partition_by="toYear(bucket)",
    ),
)

WORKING: Final = (
    memory_table(
        "charging_touched",
        "The same of chargers, hour by hour; of the curve of all cars the charger is empty.",
        (TableColumn("charger", "String"), TableColumn("hour", TIME)),
    ),
)
