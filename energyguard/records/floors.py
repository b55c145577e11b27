"""System A's floor readings: four sensors of a floor in one JSON object.

    {"piano":1,"sensore1_kwh":1000.315,"sensore2_kw":6.2,"sensore3_corrente":16.8,
     "sensore3_tensione":231.5,"timestamp":"2024-05-19T11:03:12.123456+00:00"}

Newer senders add ``delta_kwh``, by which the counter has risen as they reckon, and where they made
a spike ``delta_kwh_multiplier``. Floor 1 is the device ``p1``, floor 12 the device ``p12``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from energyguard.model.quantities import from_nano

MAX_FLOOR: Final = 999
"""The highest floor that there may be; the lowest is 1."""
FLOOR_PATTERN: Final = r"[1-9]\d{0,2}"
"""A floor's number as text."""
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
_DEVICE = re.compile(f"p({FLOOR_PATTERN})", re.ASCII)


def device_of(floor: int) -> str:
    """The device that a floor is."""
    return f"p{floor}"


def floor_of(device: str) -> int | None:
    """The floor that a device is; None: it is none."""
    found = _DEVICE.fullmatch(device)
    return None if found is None else int(found[1])


def floor_json(floor: int, timestamp: str, nano: Mapping[str, int]) -> bytes:
    """A floor reading as its senders write it.

    Args:
        floor: 1 to ``MAX_FLOOR``.
        timestamp: ISO 8601 with an offset.
        nano: by channel, in 1e-9 of its unit; those that may be missing may be missing.
    """
    numbers = [f'"{f}":{from_nano(nano[c])}' for f, c in CHANNELS.items() if c in nano]
    return f'{{"piano":{floor},{",".join(numbers)},"timestamp":"{timestamp}"}}'.encode()
