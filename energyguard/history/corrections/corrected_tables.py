"""Tables of what was corrected: the readings as they were sent, and which records imports brought.

In the table ``readings`` is what counts. Of a reading that was ever corrected it has one more row,
which replaces the one that was sent: the value that counts, or, under the topic ``WITHDRAWN``, that
none does. The table ``sent_readings`` has all that was sent of it.
"""

from __future__ import annotations

from typing import Final

from energyguard.records.readings import READINGS_TABLE
from energyguard.records.tables import NAME, HistoryTable, TableColumn, memory_table

LAST_VERSION: Final = 2**64 - 1
"""Of rows that replace others; of equal versions the one inserted last stays."""
SENT_READINGS: Final = HistoryTable(
    "sent_readings",
    "Readings as they were sent, of those that were ever corrected.",
    (
        *READINGS_TABLE.columns,
        TableColumn("correction", NAME, "the one that counts now; empty: none does any more"),
    ),
    order_by="(device, channel, time, sequence, topic, version)",
    settings=READINGS_TABLE.settings,
)
IMPORT_RECORDS: Final = HistoryTable(
    "import_records",
    "Which records imports of files brought.",
    (
        TableColumn("import_id", NAME),
        TableColumn("topic", NAME),
        TableColumn("partition", "Int32"),
        TableColumn("offset", "Int64"),
        TableColumn("file", NAME),
        TableColumn("by", NAME),
        TableColumn("at_ms", "Int64", "of the append"),
        TableColumn("readings", "Int64"),
        TableColumn("first_ms", "Int64", "the oldest reading"),
        TableColumn("last_ms", "Int64", "the newest"),
    ),
    order_by="(import_id, topic, partition, offset)",
)
CORRECTING: Final = memory_table(
    "correcting",
    "Whose readings are looked at now, [from, to).",
    (
        TableColumn("device", "String"),
        TableColumn("channel", "String"),
        TableColumn("from_ms", "Int64"),
        TableColumn("to_ms", "Int64"),
    ),
)
