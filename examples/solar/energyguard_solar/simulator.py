"""An inverter that follows the sun: a half sine from 6 to 18 o'clock UTC, with some clouds."""

from __future__ import annotations

from datetime import UTC, datetime
from math import pi, sin
from random import Random

from energyguard.simulators.steps import Steps
from energyguard_solar import SOLAR

PEAK_W = 5_000


def message_after(_: bytes | None, seed: int, second: int) -> bytes:
    """What the inverter sends at a second."""
    sun = max(0.0, sin((second % 86_400 / 3_600 - 6) / 12 * pi))
    watts = round(PEAK_W * sun * Random(f"{seed}/{second}").uniform(0.9, 1), 1)
    time = f"{datetime.fromtimestamp(second, UTC):%Y-%m-%dT%H:%M:%SZ}"
    return f'{{"time":"{time}","inverter":"roof","ac_watts":{watts}}}'.encode()


STEPS = Steps(SOLAR, "roof", message_after)
