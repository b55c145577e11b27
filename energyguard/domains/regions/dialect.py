"""System E's messages of ``power_topic``: the power of a home, and when it was measured.

    {"node_id":"household_1","power_value":249050,"timestamp":1577145601982,"energy":90823166859000}

``power_value`` is in mW, of either sign. ``timestamp`` is in ms since 1970, or text (UTC, where it
says no offset). ``energy`` counts what came in since the meter was made, in 1e-10 kWh, as in system
E's files; it may be missing. E's own adapter sends no ``timestamp``: such a message is refused, as
nobody but its sender knows when that was.
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

import msgspec
import numpy as np
import pyarrow as pa

from energyguard.codecs.columns import (
    DEVICE,
    EVENT_TIME,
    NUMBER,
    SEQUENCE,
    ColumnLayout,
    TableReadings,
    half_even,
    milliseconds,
    readings_of,
    strings,
)
from energyguard.codecs.dialect import Dialect
from energyguard.model.quantities import MW_PER_KW

TENTHS_PER_NANO = 10
"""1e-10 kWh, of which registers are counted, in 1e-9 kWh."""


@lru_cache(maxsize=65_536)
def _quoted(node: str) -> str:
    return msgspec.json.encode(node).decode()


def message(node: str, power_mw: int | Decimal, time_ms: int, energy: int | None = None) -> bytes:
    """A message of ``power_topic``.

    Args:
        node: the home.
        power_mw: its power, mW.
        time_ms: when that was measured, ms since 1970 UTC.
        energy: its register, 1e-10 kWh; None: it has none.
    """
    register = "" if energy is None else f',"energy":{energy}'
    text = f'{{"node_id":{_quoted(node)},"power_value":{power_mw},"timestamp":{time_ms}{register}}}'
    return text.encode()


def _parts(table: pa.Table, _: str) -> list[TableReadings]:
    time = milliseconds(table.column("timestamp"))
    node = strings(table.column("node_id"))
    power = readings_of(table, "power_value", "power_kw", node, time, per=MW_PER_KW)
    energy = table.column("energy").combine_chunks()
    rows = np.flatnonzero(energy.is_valid().to_numpy(zero_copy_only=False))
    nano = half_even(milliseconds(energy.drop_null()), TENTHS_PER_NANO)
    register = TableReadings(
        "energy", node.take(pa.array(rows)), "energy_register_kwh", time[rows], nano, rows=rows
    )
    return [register, power]


LAYOUT = ColumnLayout(
    "json",
    {"node_id": DEVICE, "power_value": NUMBER, "timestamp": EVENT_TIME, "energy": SEQUENCE},
    _parts,
)
DIALECT = Dialect(
    name="power",
    layout=LAYOUT,
    fields=("node_id", "power_value"),
    example=message("household_1", 249_050, 1_577_145_601_982, 90_823_166_859_000)
    + b"\n"
    + message("household_2", -1_204_330, 1_577_145_602_014)
    + b"\n",
)
