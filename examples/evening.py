"""Simulate an evening of 50 homes in memory, and find those that use much.

python examples/evening.py
"""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from energyguard.domains.household.homes import Homes
from energyguard.model.quantities import NANO

TICKS_PER_WINDOW = 60  # 15 minutes of 15 s


def main() -> None:
    """Print each home's first quarter of an hour above 2.0 kWh."""
    start_ms = int(datetime(2026, 11, 22, 16, tzinfo=UTC).timestamp() * 1000)
    times = start_ms + 15_000 * np.arange(4 * 240)
    homes = Homes(count=50, seed=1)
    batch = homes.readings(times)  # an Arrow record batch: device, channel, time, value, sequence
    kwh = np.asarray(batch.column("value")).reshape(times.size, homes.count) / NANO
    total = np.vstack([np.zeros(homes.count), kwh.cumsum(axis=0)])
    window = total[TICKS_PER_WINDOW:] - total[:-TICKS_PER_WINDOW]
    for home in np.flatnonzero((window > 2.0).any(axis=0)):
        first = int(np.argmax(window[:, home] > 2.0))
        end = datetime.fromtimestamp(start_ms / 1000 + 15 * (first + TICKS_PER_WINDOW), UTC)
        print(f"{homes.ids[home]} until {end:%H:%M:%S}: {window[first, home]:.3f} kWh")


if __name__ == "__main__":
    main()
