"""System A's floor readings: four sensors of a floor in one JSON object.

    {"piano":1,"sensore1_kwh":1000.315,"sensore2_kw":6.2,"sensore3_corrente":16.8,
     "sensore3_tensione":231.5,"timestamp":"2024-05-19T11:03:12.123456+00:00"}

Newer senders add ``delta_kwh``, by which the counter has risen as they reckon, and where they made
a spike ``delta_kwh_multiplier``. A floor is the device ``p1``, ``p2`` or ``p3``; each of its
numbers is a reading of a channel of its own.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
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
    nanos,
)
from energyguard.model.fixed import from_nano

FLOOR = Column(pa.int64(), r"[123]", "a floor: 1, 2 or 3", pa.array([1, 2, 3]))
DEVICES: Mapping[str, int] = {"p1": 1, "p2": 2, "p3": 3}
CHANNELS: Mapping[str, str] = {
    "sensore1_kwh": "energy_register_kwh",
    "sensore2_kw": "power_kw",
    "sensore3_corrente": "current_a",
    "sensore3_tensione": "voltage_v",
    "delta_kwh": "delta_kwh",
    "delta_kwh_multiplier": "delta_kwh_multiplier",
}
"""Which channel a field is. The last two may be missing."""
MAY_BE_MISSING = ("delta_kwh", "delta_kwh_multiplier")


def floor_json(floor: int, timestamp: str, nano: Mapping[str, int]) -> bytes:
    """A floor reading as its senders write it.

    Args:
        floor: 1, 2 or 3.
        timestamp: ISO 8601 with an offset.
        nano: by channel, in 1e-9 of its unit; those that may be missing may be missing.
    """
    numbers = [f'"{f}":{from_nano(nano[c])}' for f, c in CHANNELS.items() if c in nano]
    return f'{{"piano":{floor},{",".join(numbers)},"timestamp":"{timestamp}"}}'.encode()


def _parts(table: pa.Table, _: str) -> list[TableReadings]:
    time = milliseconds(table.column("timestamp"))
    floor = table.column("piano").combine_chunks().cast(pa.string())
    device = pc.binary_join_element_wise("p", floor, "")
    parts = []
    for field, channel in CHANNELS.items():
        column = table.column(field)
        if not column.null_count:
            parts.append(TableReadings(field, device, channel, time, nanos(column), least=0))
        elif column.null_count < len(column):
            rows = np.flatnonzero(column.is_valid().to_numpy())
            named = device.take(pa.array(rows))
            value = nanos(column.drop_null())
            parts.append(
                TableReadings(field, named, channel, time[rows], value, rows=rows, least=0)
            )
    return parts


LAYOUT = ColumnLayout(
    "json",
    {
        "timestamp": ISO_TIME,
        "piano": FLOOR,
        **{name: MAYBE_NUMBER if name in MAY_BE_MISSING else NUMBER for name in CHANNELS},
    },
    _parts,
)
