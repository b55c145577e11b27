"""How fast homes are simulated: in memory, and as system C's lines.

python benchmarks/simulate.py
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from threading import Event

import numpy as np

from energyguard.domains.household.homes import Homes, Profile
from energyguard.domains.household.simulate import Run, write_csv

START_MS = 1_757_116_800_000
READINGS = 2_000_000


def rate(readings: int, work: Callable[[], object]) -> float:
    """Readings a second, best of three."""
    took = []
    for _ in range(3):
        start = time.perf_counter()
        work()
        took.append(time.perf_counter() - start)
    return readings / min(took)


def measure(profile: Profile, count: int) -> None:
    homes = Homes(count=count, profile=profile)
    homes.readings(np.array([START_MS]))  # traits and ids are made once
    ticks = READINGS // count
    run = Run(homes=homes, start_ms=START_MS, ticks=ticks)
    at_once = np.array_split(START_MS + 15_000 * np.arange(ticks), -(-ticks // run.ticks_at_once))
    made = rate(READINGS, lambda: [homes.readings(times) for times in at_once])
    lines = rate(READINGS, lambda: write_csv(run, io.BytesIO(), Event()))
    print(f"{profile:10} {count:>7,} homes {made / 1e6:6.1f} M/s {lines / 1e6:6.1f} M lines/s")


def main() -> None:
    for count in (1, 50, 1_000, 100_000):
        measure("listed", count)
        measure("realistic", count)


if __name__ == "__main__":
    main()
