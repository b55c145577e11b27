"""The 2 s household files: a cumulative register and a signed power per line.

    household
    date,timestamp,energy,power,power1,power2,power3
    2019-12-24 00:00:01,1577145601982,90823166859000,249050,98090,111870,39090

``timestamp`` (ms since 1970) decides, ``date`` is for people. ``energy`` counts 1e-10 kWh since the
meter was made, ``power`` is in mW, the sum of three phases; either sign. The title line may be
missing. The device is the name of the file.
"""

from __future__ import annotations

import pyarrow as pa

from energyguard.codecs.columns import (
    EPOCH_MS,
    INTEGER,
    PLAIN_TIME,
    ColumnLayout,
    TableReadings,
    all_named,
    half_even,
    milliseconds,
)
from energyguard.codecs.dialect import Dialect
from energyguard.model.quantities import NANO_KW_PER_MW


def _parts(table: pa.Table, device: str) -> list[TableReadings]:
    time = milliseconds(table.column("timestamp"))
    energy = milliseconds(table.column("energy"))
    power = milliseconds(table.column("power"))
    name = all_named(device, len(time))
    return [
        TableReadings("energy", name, "energy_register_kwh", time, half_even(energy, 10)),
        TableReadings("power", name, "power_kw", time, power * NANO_KW_PER_MW),
    ]


LAYOUT = ColumnLayout(
    "household",
    {
        "date": PLAIN_TIME,
        "timestamp": EPOCH_MS,
        "energy": INTEGER,
        "power": INTEGER,
        "power1": INTEGER,
        "power2": INTEGER,
        "power3": INTEGER,
    },
    _parts,
    needs_device=True,
)
DIALECT = Dialect(
    name="household",
    layout=LAYOUT,
    header=True,
    bare=True,
    title=b"household",
    example=(
        b"household\ndate,timestamp,energy,power,power1,power2,power3\n"
        b"2019-12-24 00:00:01,1577145601982,90823166859000,249050,98090,111870,39090\n"
    ),
)
