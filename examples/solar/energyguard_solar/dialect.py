"""An inverter's message: {"time":"2026-06-21T12:00:00Z","inverter":"roof","ac_watts":3215.5}."""

from __future__ import annotations

import pyarrow as pa

from energyguard.codecs.columns import (
    DEVICE,
    ISO_TIME,
    NUMBER,
    ColumnLayout,
    TableReadings,
    milliseconds,
    readings_of,
    strings,
)
from energyguard.codecs.dialect import Dialect


def _readings(table: pa.Table, _: str) -> list[TableReadings]:
    time, inverter = milliseconds(table.column("time")), strings(table.column("inverter"))
    return [readings_of(table, "ac_watts", "power_kw", inverter, time, per=1_000, lowest=0)]


COLUMNS = {"time": ISO_TIME, "inverter": DEVICE, "ac_watts": NUMBER}
DIALECT = Dialect(
    name="solar",
    layout=ColumnLayout("json", COLUMNS, _readings, time_field="time"),
    fields=("ac_watts",),
    example=b'{"time":"2026-06-21T12:00:00Z","inverter":"roof","ac_watts":3215.5}\n',
)
