"""The 1 min appliance files: watts, with the days repeated for each case.

    case,day,timestamp,power,label
    Normal,1,2020-03-19 16:00:00,0,0

``power`` is in W. The same days stand once per case, so a device is a file and a case:
``Fridge_1/Normal``. ``label`` marks the simulated fault and is not read.
"""

from __future__ import annotations

import pyarrow as pa

from energyguard.codecs.columns import (
    ANYTHING,
    NAME,
    NUMBER,
    PLAIN_TIME,
    ColumnLayout,
    TableReadings,
    half_even,
    milliseconds,
    nanos,
    strings,
    under,
)
from energyguard.codecs.dialect import Dialect

WATTS_PER_KW = 1_000


def _parts(table: pa.Table, device: str) -> list[TableReadings]:
    case, time, power = (table.column(name) for name in ("case", "timestamp", "power"))
    named = under(device, case) if device else strings(case)
    kilowatts = half_even(nanos(power), WATTS_PER_KW)
    return [TableReadings("power", named, "power_kw", milliseconds(time), kilowatts)]


LAYOUT = ColumnLayout(
    "appliance",
    {"case": NAME, "day": ANYTHING, "timestamp": PLAIN_TIME, "power": NUMBER, "label": ANYTHING},
    _parts,
    needs_device=True,
)
DIALECT = Dialect(
    name="appliance",
    layout=LAYOUT,
    header=True,
    example=b"case,day,timestamp,power,label\nNormal,1,2020-03-19 16:00:00,65.3,0\n",
)
