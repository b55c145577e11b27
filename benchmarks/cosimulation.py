"""How long system E's mosaik world takes, from files to the log: the command as people run it.

    python -m benchmarks.cosimulation --homes 50 --hours 24

Files are simulated homes in the form of system E's, 2 s, written first and not counted. The time is
that of the process, from its start until every message is durable in an embedded log.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from energyguard.domains.regions.simulator.generated import FIRST_DAY_MS, lines_of, simulated

SECONDS_A_STEP = 2


def write_files(folder: Path, homes: int) -> None:
    """A day of each home, a file each."""
    for home in simulated(homes, 1):
        (folder / f"{home.node}.csv").write_text("".join(lines_of(home)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--homes", type=int, default=50)
    parser.add_argument("--hours", type=float, default=24)
    parser.add_argument("--step", type=int, default=None, help="simulated seconds between steps")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="energyguard-") as folder:
        data, place = Path(folder, "homes"), Path(folder, "data")
        data.mkdir()
        write_files(data, given.homes)
        span = ("--start", str(FIRST_DAY_MS), "--end", str(round(given.hours * 3600)))
        step = () if given.step is None else ("--step", str(given.step))
        words = ("simulate", "mosaik", "--data", data, "--data-dir", place, *span, *step, "--json")
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "energyguard", *words], check=True, capture_output=True
        )
        took = time.perf_counter() - start
        messages = json.loads(done.stdout)["messages"]
        disk = sum(path.stat().st_size for path in place.glob("log.db*"))
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    expected = given.homes * round(given.hours * 3600 / SECONDS_A_STEP)
    print(
        f"{given.homes} homes, {given.hours:g} h: {took:.1f} s, {messages:,} messages of "
        f"{expected:,}, {messages / took:,.0f} a second, {disk / 2**20:.0f} MiB of log, "
        f"peak {peak:.0f} MiB"
    )


if __name__ == "__main__":
    main()
