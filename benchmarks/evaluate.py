"""`evaluate` from a CSV file: readings a second for both rules, beside reading the file alone.

    python -m benchmarks.evaluate --readings 5000000 --households 1000

The file is made by a seeded generator: a few homes are over the threshold now and then. The last
line of the first table alerts in every window. The second table has slower meters: a reading each
15 s to each hour, with episodes and silences followed (``--episodes``). What a slow meter costs is
a window that closes, for every slide and home: so it says nanoseconds of those, too. Each figure
is the best of ``--runs``, taken in turn.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from energyguard.codecs.csv import encode
from energyguard.codecs.files import read_blocks
from energyguard.model.readings import batch_of
from energyguard.offline.evaluate import evaluate
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.rules.registry import open_book

START_MS = 1_757_116_800_000
TICK_MS = 15_000
CADENCES_S = (15, 60, 900, 1_800, 3_600)
ALERTING = {"household-demo": 0.02, "household-prod": 0.06}
"""The share of homes that are loud, by rule: the share of windows that alert is printed."""


def write(path: Path, readings: int, households: int, loud: float, tick_ms: int = TICK_MS) -> None:
    """Ticks of all homes: quiet ones far below any threshold, the loud ones up and down."""
    rng = np.random.default_rng(11)
    names = pa.array([f"H{i:03d}" for i in range(households)])
    ticks = readings // households
    with path.open("wb") as out:
        for first in range(0, ticks, 200):
            tick = np.arange(first, min(first + 200, ticks))
            value = rng.integers(100, 900, (len(tick), households))
            shout = rng.random(households) < loud
            value[:, shout] += 4_000
            batch = batch_of(
                names.take(pa.array(np.tile(np.arange(households), len(tick)))),
                "energy_kwh",
                np.repeat(START_MS + tick * tick_ms, households),
                value.ravel() * 10_000,
            )
            out.write(encode(batch, places=5))


def timed(path: Path, rule: str, *, episodes: bool = False) -> tuple[float, int]:
    """Seconds and rows of one evaluation; its rows go nowhere."""
    chosen = open_book([], []).get(rule)
    with Path(os.devnull).open("wb") as out:
        start = time.perf_counter()
        result = evaluate(chosen, [path], out, episodes=episodes)
        return time.perf_counter() - start, result.written


def cadences(readings: int, households: int, runs: int) -> None:
    """Print the table of slower meters."""
    demo = open_book([], []).get("household-demo")
    assert isinstance(demo, ThresholdRule)
    slide_s = demo.slide_ms // 1000
    fastest = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for step_s in CADENCES_S:
            path = Path(folder) / "readings.csv"
            write(path, readings, households, 0.0, step_s * 1000)
            seconds = min(timed(path, "household-demo", episodes=True)[0] for _ in range(runs))
            fastest = fastest or seconds
            closed = readings * (step_s // slide_s)
            print(
                f"a reading each {step_s:>4} s: {1e6 * seconds / readings:6.3f} µs a reading, "
                f"{seconds / fastest:5.2f} times the first; "
                f"{1e9 * max(0.0, seconds - fastest) / closed:5.2f} ns more a home and window"
            )


def main(readings: int, households: int, runs: int) -> None:
    """Print the table."""
    windows = readings  # a window per home and slide, and a reading per home and slide
    with tempfile.TemporaryDirectory() as folder:
        for rule, loud in (*ALERTING.items(), ("household-demo", 1.0)):
            path = Path(folder) / "readings.csv"
            write(path, readings, households, loud)
            best, read = float("inf"), float("inf")
            for _ in range(runs):
                start = time.perf_counter()
                for _ in read_blocks(path):
                    pass
                read = min(read, time.perf_counter() - start)
                seconds, over = timed(path, rule)
                best = min(best, seconds)
            print(
                f"{rule:<15} {readings / best / 1e6:5.2f} M readings/s, "
                f"{100 * over / windows:6.2f} % of windows alert; "
                f"reading the file alone {readings / read / 1e6:5.2f} M/s "
                f"(ratio {read / best:.2f})"
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readings", type=int, default=5_000_000)
    parser.add_argument("--households", type=int, default=1_000)
    parser.add_argument("--runs", type=int, default=2)
    options = parser.parse_args()
    main(options.readings, options.households, options.runs)
    cadences(options.readings // 5, options.households, options.runs)
