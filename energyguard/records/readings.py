"""Topics of readings: packed batches, or messages as their senders write them.

The columns of a batch are those of ``model/readings.py``; ``codecs/records.py`` packs them.
"""

from __future__ import annotations

from typing import Annotated

from energyguard.model import topics
from energyguard.model.topics import Topic
from energyguard.records.contract import Encoding, RecordHeaders, TopicRecord, doc
from energyguard.records.tables import (
    COUNTS_CODEC,
    NAME,
    TIME_MS,
    TIMES_CODEC,
    HistoryTable,
    RowMapping,
    TableColumn,
)
from energyguard.topics import DOMAIN_READINGS

_WRITTEN = {
    "packed_by": "packed-by", "import_id": "import", "import_file": "import-file",
    "import_by": "import-by",
}  # fmt: skip


class ReadingHeaders(RecordHeaders, frozen=True, gc=False, rename=_WRITTEN):
    """How readings came to be there."""

    tick: Annotated[str, doc("Of a simulator: the event time of its last tick in them.", "ms")] = ""
    backfill: Annotated[str, doc("`1`: of the past; they move no clock and alert nobody.")] = ""
    packed_by: Annotated[str, doc("`worker`: packed of messages that had no key.")] = ""
    import_id: Annotated[str, doc("Of the import of a file that brought them.")] = ""
    import_file: Annotated[str, doc("The name of that file.")] = ""
    import_by: Annotated[str, doc("Who imported it.")] = ""


class LateHeaders(RecordHeaders, frozen=True, gc=False):
    """How readings ended, and where they lay."""

    verdict: Annotated[
        str,
        doc(
            "`late`, `duplicate`, `conflicting`, `ahead`; `accepted`: counted, but not in windows "
            "that were closed before."
        ),
    ]
    topic: Annotated[str, doc("The topic that they came in.")]
    partition: str
    offset: Annotated[str, doc("Of the first of them.")]


READINGS_TABLE = HistoryTable(
    "readings",
    "Readings. Of two with one identity, the first in log order has the larger version and stays.",
    (
        TableColumn("device", NAME),
        TableColumn("channel", NAME),
        TableColumn("time", TIME_MS, codec=TIMES_CODEC),
        TableColumn("value", "Int64", "1e-9 of the channel's unit", COUNTS_CODEC),
        TableColumn("sequence", "Int64", "the smallest Int64: the sender gives none", COUNTS_CODEC),
        TableColumn("topic", NAME),
        TableColumn("version", "UInt64", "largest less (offset * 2^20 + place)", COUNTS_CODEC),
    ),
    order_by="(toStartOfHour(time), device, channel, time, sequence)",
    partition_by="toYYYYMM(time)",
    version="version",
    settings=(
        "index_granularity = 4096", "fsync_after_insert = 1", "fsync_part_directory = 1"
    ),
)  # fmt: skip
"""Sorted by hour first, so that what is read together is near each other: a device's day is 24
short runs. The index knows ``toStartOfHour(time)`` and does not conclude it from ``time``: queries
say both."""
LATE_TABLE = HistoryTable(
    "late",
    "Readings that no window counted: late, duplicate, conflicting, ahead.",
    (
        TableColumn("topic", NAME),
        TableColumn("partition", "Int32"),
        TableColumn("offset", "Int64"),
        TableColumn("place", "Int32", "of the reading in the late record"),
        TableColumn("verdict", NAME),
        TableColumn("device", NAME),
        TableColumn("channel", NAME),
        TableColumn("time_ms", "Int64"),
        TableColumn("value", "Int64", "1e-9 of the channel's unit"),
        TableColumn("sequence", "Int64", "the smallest Int64: the sender gives none"),
    ),
    order_by="(topic, partition, offset, place)",
)


def _of(topic: Topic) -> TopicRecord[object]:
    rows = (RowMapping(READINGS_TABLE),)
    return TopicRecord(topic, None, "device, or none", ReadingHeaders, Encoding.PACKED, rows)


READINGS = tuple(
    map(
        _of,
        (
            topics.ENERGY_READINGS,
            topics.METER_READINGS,
            topics.BUILDING_READINGS,
            topics.REPLAY_READINGS,
            topics.EDGE_READINGS,
            *DOMAIN_READINGS,
            topics.REPARTITIONED,
        ),
    )
)
LATE_READINGS = TopicRecord[object](
    topics.LATE, None, "", LateHeaders, Encoding.PACKED, (RowMapping(LATE_TABLE),)
)
