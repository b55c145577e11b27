"""Household files as system E has them, of simulated homes."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from energyguard.domains.regions.simulator.generated import lines_of, simulated
from energyguard.domains.regions.simulator.recordings import Recording

REAL = Path(__file__).parents[4] / "shared" / "data" / "household_2s"
"""The real ones, which do not ship with the product."""


@lru_cache(maxsize=1)
def homes() -> Sequence[Recording]:
    """A day of three homes; the sun shines on the second."""
    return simulated(3, 1)


def cut(home: Recording, from_s: int, to_s: int) -> Recording:
    """The rows of some seconds of the day."""
    start_ms = int(home.time_ms[0]) // 86_400_000 * 86_400_000
    rows = home.between(start_ms + from_s * 1000, start_ms + to_s * 1000)
    return replace(
        home, time_ms=home.time_ms[rows], power_mw=home.power_mw[rows], energy=home.energy[rows]
    )


def write(
    folder: Path,
    home: Recording,
    *,
    titled: bool = True,
    millis: bool = False,
    packed: bool = False,
) -> Path:
    """A home's file, which has its name."""
    text = "".join(lines_of(home, titled=titled, millis=millis)).encode()
    path = folder / f"{home.node}.csv{'.gz' if packed else ''}"
    path.write_bytes(gzip.compress(text) if packed else text)
    return path
