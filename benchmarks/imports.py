"""Real exports of charging networks into the log: how many rows a second.

    python -m benchmarks.imports                     # Dundee's three files, where they are
    python -m benchmarks.imports --rows 50000        # a made-up export of the same form

Each run is the whole command, `energyguard import sessions`, with a data folder of its own.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random
from statistics import median

DUNDEE = Path(__file__).parents[2] / "shared" / "data" / "ev_sessions_dundee"
HEAD = (
    "Charging event,CP ID,Connector,Start Date,Start Time,End Date,End Time,Total kWh,Cost,Site,"
    "Group,Model"
)


def made_up(path: Path, rows: int) -> Path:
    """An export of so many rows, the same each time."""
    random = Random(1)
    with path.open("w") as file:
        file.write(HEAD + "\n")
        for event in range(rows):
            day, hour, minute = random.randint(1, 28), random.randint(0, 20), random.randint(0, 59)
            month, charger = random.randint(1, 12), random.randint(50_000, 50_060)
            kwh = round(random.uniform(0, 20), 3)
            date = f"{day:02}/{month:02}/2018"
            file.write(
                f"{event},{charger},1,{date},{hour:02}:{minute:02},"
                f'{date},{hour + 3:02}:{minute:02},{kwh},0,"Site {charger % 20}",'
                "Group,APT 22kW Dual Outlet\n"
            )
    return path


def main() -> None:
    """Import a few times, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=0)
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = sorted(DUNDEE.glob("*.csv.gz"))
        if asked.rows or not files:
            files = [made_up(Path(folder) / "export.csv", asked.rows or 50_000)]
        took, said = [], ""
        for run in range(asked.runs):
            command = [sys.executable, "-m", "energyguard", "import", "sessions", *map(str, files)]
            began = time.perf_counter()
            done = subprocess.run(
                [*command, "--data-dir", f"{folder}/{run}"],
                check=True,
                capture_output=True,
                text=True,
            )
            took.append(time.perf_counter() - began)
            said = done.stdout.strip().splitlines()[-1]
        rows = int(said.split()[0].replace(",", ""))
        print(said)
        print(
            f"{median(took):.2f} s (best {min(took):.2f}, worst {max(took):.2f}) of {asked.runs}:"
            f" {rows / median(took):,.0f} rows/s with the start of the program"
        )


if __name__ == "__main__":
    main()
