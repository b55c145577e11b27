"""System D's thermometer: a whole number of degrees a second.

    {"timestamp":"2024-05-19 11:03:12","celsius":17}

Times are UTC. Its readings are those of the device ``thermometer``, channel ``temperature_c``.
"""

from __future__ import annotations

import pyarrow as pa

from energyguard.codecs.columns import (
    NUMBER,
    PLAIN_TIME,
    ColumnLayout,
    TableReadings,
    all_named,
    milliseconds,
    nanos,
)
from energyguard.codecs.dialect import Dialect

DEVICE, CHANNEL = "thermometer", "temperature_c"


def message(timestamp: str, celsius: int) -> bytes:
    """A message as it is written.

    Args:
        timestamp: ``YYYY-MM-DD HH:MM:SS``, UTC.
        celsius: degrees.
    """
    return f'{{"timestamp":"{timestamp}","celsius":{celsius}}}'.encode()


def _parts(table: pa.Table, _: str) -> list[TableReadings]:
    time, celsius = (table.column(name) for name in ("timestamp", "celsius"))
    named = all_named(DEVICE, table.num_rows)
    return [TableReadings("celsius", named, CHANNEL, milliseconds(time), nanos(celsius))]


LAYOUT = ColumnLayout("json", {"timestamp": PLAIN_TIME, "celsius": NUMBER}, _parts)
DIALECT = Dialect(
    name="thermometer",
    layout=LAYOUT,
    fields=("celsius",),
    example=message("2024-05-19 11:03:12", 17) + b"\n",
)
