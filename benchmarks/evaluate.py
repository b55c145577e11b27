"""`evaluate` from a CSV file: readings a second for both rules, beside reading the file alone.

    python -m benchmarks.evaluate --readings 5000000 --households 1000 [--only beside]

The file is made by a seeded generator: a few homes are over the threshold now and then. *rules*:
the last line alerts in every window. *cadences*: slower meters, intervals and registers, a reading
each 15 s to each hour, with episodes and silences followed (``--episodes``). What a slow meter
costs is a window that closes, for every slide and home: so it says nanoseconds of those, too.
*beside*: the same file in Polars and DuckDB (``benchmarks/window_sums.py``). The figures of the
first two are the best of ``--runs``, taken in turn; *s* is processor time, of all threads.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from benchmarks.window_sums import side_by_side
from energyguard.codecs.files import read_blocks
from energyguard.codecs.text.csv import encode
from energyguard.model.readings import batch_of
from energyguard.offline.evaluate import evaluate
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.rules.registry import open_book

START_MS = 1_757_116_800_000
TICK_MS = 15_000
CADENCES_S = (15, 60, 900, 1_800, 3_600)
ALERTING = {"household-demo": 0.02, "household-prod": 0.06}
"""The share of homes that are loud, by rule: the share of windows that alert is printed."""


def write(
    path: Path,
    readings: int,
    households: int,
    loud: float,
    tick_ms: int = TICK_MS,
    channel: str = "energy_kwh",
) -> None:
    """Ticks of all homes: quiet ones far below any threshold, the loud ones up and down."""
    rng = np.random.default_rng(11)
    names = pa.array([f"H{i:03d}" for i in range(households)])
    ticks, register = readings // households, np.zeros(households, np.int64)
    with path.open("wb") as out:
        if channel != "energy_kwh":
            out.write(b"timestamp,device,channel,value\n")
        for first in range(0, ticks, 200):
            tick = np.arange(first, min(first + 200, ticks))
            value = rng.integers(100, 900, (len(tick), households))
            shout = rng.random(households) < loud
            value[:, shout] += 4_000
            if channel != "energy_kwh":
                value = register + np.cumsum(value, axis=0)
                register = value[-1]
            batch = batch_of(
                names.take(pa.array(np.tile(np.arange(households), len(tick)))),
                channel,
                np.repeat(START_MS + tick * tick_ms, households),
                value.ravel() * 10_000,
            )
            out.write(encode(batch, places=5))


class Took(NamedTuple):
    """What one evaluation took, and the rows that it wrote."""

    wall_s: float
    processor_s: float
    written: int


def timed(path: Path, rule: str, *, episodes: bool = False) -> Took:
    """One evaluation; its rows go nowhere."""
    chosen = open_book([], []).get(rule)
    with Path(os.devnull).open("wb") as out:
        wall, processor = time.perf_counter(), time.process_time()
        result = evaluate(chosen, [path], out, episodes=episodes)
        return Took(time.perf_counter() - wall, time.process_time() - processor, result.written)


def cadences(readings: int, households: int, runs: int) -> None:
    """Print the table of slower meters."""
    prod = open_book([], []).get("household-prod")
    assert isinstance(prod, ThresholdRule)
    slide_s = prod.slide_ms // 1000
    for channel in prod.channels:
        fastest = 0.0
        for step_s in CADENCES_S:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "readings.csv"
                write(path, readings, households, 0.0, step_s * 1000, channel)
                turns = [timed(path, prod.id, episodes=True) for _ in range(runs)]
            seconds = min(took.processor_s for took in turns)
            wall = min(took.wall_s for took in turns)
            fastest = fastest or seconds
            closed = readings * (step_s // slide_s)
            print(
                f"{channel:<19} each {step_s:>4} s: {readings / wall / 1e6:5.2f} M readings/s, "
                f"{1e6 * seconds / readings:6.3f} µs of a processor a reading, "
                f"{seconds / fastest:5.2f} times the first; "
                f"{1e9 * max(0.0, seconds - fastest) / closed:5.2f} ns more a home and window",
                flush=True,
            )


def by_rule(readings: int, households: int, runs: int) -> None:
    """Print the table of rules."""
    windows = readings  # a window per home and slide, and a reading per home and slide
    with tempfile.TemporaryDirectory() as folder:
        for rule, loud in (*ALERTING.items(), ("household-demo", 1.0)):
            path = Path(folder) / "readings.csv"
            write(path, readings, households, loud)
            turns, read = [], float("inf")
            for _ in range(runs):
                start = time.perf_counter()
                for _ in read_blocks(path):
                    pass
                read = min(read, time.perf_counter() - start)
                turns.append(timed(path, rule))
            best = min(took.wall_s for took in turns)
            print(
                f"{rule:<15} {readings / best / 1e6:5.2f} M readings/s "
                f"({min(took.processor_s for took in turns):.2f} s), "
                f"{100 * turns[0].written / windows:6.2f} % of windows alert; "
                f"reading the file alone {readings / read / 1e6:5.2f} M/s "
                f"(ratio {read / best:.2f})",
                flush=True,
            )


def beside(readings: int, households: int, runs: int) -> None:
    """Print the table of others."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "readings.csv"
        write(path, readings, households, ALERTING["household-prod"])
        side_by_side(path, runs)


TABLES = {"rules": by_rule, "cadences": cadences, "beside": beside}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readings", type=int, default=5_000_000)
    parser.add_argument("--households", type=int, default=1_000)
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--only", choices=TABLES)
    options = parser.parse_args()
    for name, table in TABLES.items():
        if options.only in (None, name):
            table(
                options.readings // (5 if name == "cadences" else 1),
                options.households,
                options.runs,
            )
