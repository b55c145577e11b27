"""System A's floor readings: four sensors of a floor in one JSON object.

    {"piano":1,"sensore1_kwh":1000.315,"sensore2_kw":6.2,"sensore3_corrente":16.8,
     "sensore3_tensione":231.5,"timestamp":"2024-05-19T11:03:12.123456+00:00"}

Newer senders add ``delta_kwh``, by which the counter has risen as they reckon, and where they made
a spike ``delta_kwh_multiplier``. A floor is the device ``p1``, ``p2`` or ``p3``.
"""

from __future__ import annotations

from collections.abc import Mapping

from energyguard.model.quantities import from_nano

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
