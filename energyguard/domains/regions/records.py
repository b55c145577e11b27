"""Records of ``energyguard.places``: where a home is, drawn or said once and kept."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from energyguard.domains.regions.topics import PLACES
from energyguard.records.contract import TopicRecord, doc
from energyguard.records.tables import NAME, HistoryTable, RowMapping, TableColumn


class Place(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a home is."""

    device: str
    postal_code: Annotated[str, doc("Five digits.")]
    region: Annotated[str, doc("The federal state, ISO 3166-2: `DE-BE`.")]
    city: str = ""
    edge: Annotated[str, doc("The edge that sends it.")] = ""
    group: Annotated[str, doc("Its homes are shown together or not at all; empty: not shown.")] = ""
    group_size: Annotated[int, doc("How many homes the group has when it is whole.")] = 0
    from_ms: Annotated[int, doc("From when on it counts in the group, event time.", "ms")] = 0
    drawn: Annotated[bool, doc("From the seeded list, not from the operator's file.")] = False


PLACES_TABLE = HistoryTable(
    "places",
    "Where homes stand, and in which group each counts: `energyguard.places`; the last row holds.",
    (
        TableColumn("device", "String"),
        TableColumn("region", NAME, "ISO 3166-2; empty: not counted"),
        TableColumn("postal_code", "String"),
        TableColumn("home_group", "String", "its homes are shown together or not at all"),
        TableColumn("group_size", "Int64", "how many homes the group has when it is whole"),
        TableColumn("from_ms", "Int64", "from when on it counts in the group, event time"),
    ),
    order_by="device",
)
PLACE = TopicRecord(
    PLACES,
    Place,
    "device",
    tables=(RowMapping(PLACES_TABLE, {"home_group": "group"}),),
)
RECORDS: tuple[TopicRecord[Any], ...] = (PLACE,)
