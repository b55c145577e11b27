"""Put readings of your own meter into a log, and read them again.

python examples/own_meter.py [FOLDER]
"""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

from energyguard.codecs.records import unpack
from energyguard.intake.gateway import Gateway
from energyguard.log import EARLIEST, open_log
from energyguard.model.quantities import to_nano
from energyguard.model.readings import batch_of

TOPIC = "meter_readings"
QUARTER_MS = 15 * 60 * 1000


def main(folder: Path) -> None:
    """Write four quarters of an hour, durable when `submit` returns, and print what is there."""
    folder.mkdir(parents=True, exist_ok=True)
    start_ms = 1_795_348_800_000  # 2026-11-22T12:00:00Z
    times = [start_ms + QUARTER_MS * n for n in range(4)]
    kwh = [to_nano(text) for text in ("0.41", "0.38", "1.27", "0.6")]
    with closing(open_log(f"sqlite:///{folder / 'log.db'}")) as log:
        Gateway(log).submit(batch_of(["cellar"] * 4, "energy_kwh", times, kwh), TOPIC)
        for part in log.read(log.positions(TOPIC, EARLIEST), 100, 0.0):
            readings, _ = unpack([value for value in part.values if value])
            for reading in readings.to_pylist():
                print(
                    f"{reading['time']:%H:%M} {reading['device']} {reading['value'] / 1e9:.2f} kWh"
                )


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "energyguard-example"))
