"""System A's floor readings: each number of a floor's object is a reading of its own channel.

``records/floors.py`` has the object.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from energyguard.codecs.columns import (
    ISO_TIME,
    MAYBE_NUMBER,
    NUMBER,
    Column,
    ColumnLayout,
    TableReadings,
    milliseconds,
    readings_of,
)
from energyguard.codecs.dialect import Dialect
from energyguard.records.floors import CHANNELS, MAY_BE_MISSING

FLOOR = Column(pa.int64(), r"[123]", "a floor: 1, 2 or 3", pa.array([1, 2, 3]))


def _parts(table: pa.Table, _: str) -> list[TableReadings]:
    time = milliseconds(table.column("timestamp"))
    floor = table.column("piano").combine_chunks().cast(pa.string())
    device = pc.binary_join_element_wise("p", floor, "")
    return [
        readings_of(table, field, channel, device, time, lowest=0)
        for field, channel in CHANNELS.items()
    ]


LAYOUT = ColumnLayout(
    "json",
    {
        "timestamp": ISO_TIME,
        "piano": FLOOR,
        **{name: MAYBE_NUMBER if name in MAY_BE_MISSING else NUMBER for name in CHANNELS},
    },
    _parts,
)
DIALECT = Dialect(
    name="building",
    layout=LAYOUT,
    fields=("piano", *(name for name in CHANNELS if name.startswith("sensore"))),
    example=(
        b'{"piano":1,"sensore1_kwh":1000.315,"sensore2_kw":6.2,"sensore3_corrente":16.8,'
        b'"sensore3_tensione":231.5,"timestamp":"2024-05-19T11:03:12.123456+00:00"}\n'
    ),
)
