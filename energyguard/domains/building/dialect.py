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
from energyguard.records.floors import (
    CHANNELS,
    FLOOR_PATTERN,
    MAX_FLOOR,
    MAY_BE_MISSING,
    floor_json,
)

FLOOR = Column(
    pa.int64(),
    FLOOR_PATTERN,
    f"a floor: a whole number from 1 to {MAX_FLOOR}",
    pa.array(range(1, MAX_FLOOR + 1), pa.int64()),
)


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
_READING = {
    "energy_register_kwh": 1_000_315_000_000,
    "power_kw": 6_200_000_000,
    "current_a": 16_800_000_000,
    "voltage_v": 231_500_000_000,
}
DIALECT = Dialect(
    name="building",
    layout=LAYOUT,
    fields=("piano", *(name for name in CHANNELS if name.startswith("sensore"))),
    example=floor_json(1, "2024-05-19T11:03:12.123456+00:00", _READING) + b"\n",
)
