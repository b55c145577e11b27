"""Records of ``energyguard.corrections``: what people say of readings, kept for ever."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from energyguard.model import topics
from energyguard.records.contract import TopicRecord, doc
from energyguard.records.tables import NAME, HistoryTable, RowMapping, TableColumn

WITHDRAWN: Final = topics.CORRECTIONS.name
"""The topic of a row of the table ``readings`` that says that a reading does not count."""


class Correction(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Readings of a device's channel, or of an import, are wrong or have another value."""

    id: str
    at_ms: Annotated[int, doc("When it was said, wall time.", "ms")]
    by: str
    why: str = ""
    device: str = ""
    channel: str = ""
    start_ms: Annotated[int, doc("From the readings of this time on.", "ms")] = 0
    end_ms: Annotated[int, doc("The first ms after them.", "ms")] = 0
    of_sequence: Annotated[
        int | None, doc("Of several readings of a time the one with this sequence; none: all.")
    ] = None
    new_value: Annotated[
        str, doc("A decimal in the channel's unit; empty: they count as if never sent.")
    ] = ""
    import_id: Annotated[str, doc("Instead of a device: all readings of this import.")] = ""
    undoes: Annotated[str, doc("Instead of all that: the correction that it takes back.")] = ""

    @property
    def says_wrong(self) -> bool:
        """Whether the readings count as if they had never been sent."""
        return not self.new_value and not self.undoes


CORRECTIONS_TABLE = HistoryTable(
    "corrections",
    "What people say of readings; which of it holds, `undoes` says.",
    (
        TableColumn("id", "String"),
        TableColumn("device", NAME),
        TableColumn("channel", NAME),
        TableColumn("start_ms", "Int64"),
        TableColumn("end_ms", "Int64"),
        TableColumn("value", "String"),
        TableColumn("import_id", "String"),
        TableColumn("undoes", "String"),
        TableColumn("by", "String"),
        TableColumn("at_ms", "Int64", "wall time"),
        TableColumn("why", "String"),
        TableColumn("offset", "Int64", "in the topic: later ones count before earlier"),
    ),
    order_by="(id)",
)
CORRECTION = TopicRecord(
    topics.CORRECTIONS,
    Correction,
    "device, import, or what is undone",
    tables=(RowMapping(CORRECTIONS_TABLE, {"value": "new_value", "offset": "#offset"}),),
)
