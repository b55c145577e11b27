"""Records of ``energy_alerts``: a window over its threshold, exactly as system C has it."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Final

import msgspec

from energyguard.model import topics
from energyguard.records.contract import RecordHeaders, TopicRecord, doc
from energyguard.records.tables import NAME, TIME_MS, HistoryTable, RowMapping, TableColumn


class EnergyAlert(msgspec.Struct, frozen=True):
    """A window over its threshold."""

    household_id: str
    window_start: Annotated[str, doc("`YYYY-MM-DD HH:MM:SS`, UTC.")]
    window_end: Annotated[str, doc("The same.")]
    kwh: Annotated[Decimal, doc("The energy in the window.", "kWh")]
    rule: Annotated[str, doc("`kwh>2.0 over 15 minutes`")]
    mode: str


class EnergyAlertHeaders(RecordHeaders, frozen=True, gc=False):
    """The window's id: who reads the same again finds the same record."""

    id: str


WINDOW_ALERTS_TABLE = HistoryTable(
    "window_alerts",
    "The records of `energy_alerts`: one per window over a threshold.",
    (
        TableColumn("id", "String"),
        TableColumn("device", NAME),
        TableColumn("window_start", TIME_MS),
        TableColumn("window_end", TIME_MS),
        TableColumn("kwh", "Int64", "1e-9 kWh", scale=10**9),
        TableColumn("rule", NAME),
        TableColumn("mode", NAME),
    ),
    order_by="(window_end, id)",
)

ENERGY_ALERT = TopicRecord(
    topics.ENERGY_ALERTS,
    EnergyAlert,
    "household",
    EnergyAlertHeaders,
    tables=(RowMapping(WINDOW_ALERTS_TABLE, {"id": "@id", "device": "household_id"}),),
)
BEFORE: Final = tuple(
    f'{"{" if number == 0 else ","}"{name}":'
    for number, name in enumerate(EnergyAlert.__struct_fields__)
)
"""What is written before each value of a record, for writers of many at once."""


def identity(rule: str, household: str, end_ms: int) -> str:
    """The id of a window: who reads the same again finds the same record."""
    return f"{rule}/{household}/{end_ms}"
