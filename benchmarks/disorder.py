"""What readings out of order cost, as a stream and as a whole file: processor time a reading.

    python -m benchmarks.disorder [--readings 100000] [--devices 1000]

The stream: devices of 15 s whose readings are late by up to a minute or seven, a few or every
second of them, none near its limit, with episodes followed. The file: the same meters in order,
newest first and shuffled, through ``evaluate``. The first third of a stream is not counted.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.evaluate import write
from energyguard.model.readings import Ints, batch_from, batch_of
from energyguard.offline.evaluate import evaluate
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.rules.registry import open_book
from energyguard.stream.windows.operator import WindowOperator

START_MS, STEP_MS = 1_757_116_800_000, 15_000
CHANNELS = ("energy_kwh", "energy_register_kwh", "power_kw")
LATE = ((0.0, 1), (0.05, 60_000), (0.5, 60_000), (0.5, 400_000))
BATCH = 20_000


def jittered(channel: str, devices: int, ticks: int, share: float, late_ms: int) -> list[Ints]:
    """Device, time and value of readings as they come: a share of them late by up to a time."""
    rng = np.random.default_rng(1)
    times = START_MS + np.arange(ticks)[:, None] * STEP_MS + rng.integers(0, 5_000, (1, devices))
    use = rng.integers(100, 900, (ticks, devices)) * 10_000
    values = {"energy_register_kwh": 10**12 + np.cumsum(use, axis=0), "power_kw": use * 240}
    late = (rng.random(times.shape) < share) * rng.integers(0, late_ms, times.shape)
    order = np.argsort((times + late).ravel(), kind="stable")
    key = np.tile(np.arange(devices), ticks)
    return [column.ravel()[order] for column in (key, times, values.get(channel, use))]


def stream(channel: str, devices: int, readings: int, share: float, late_ms: int) -> float:
    """Microseconds a reading."""
    columns = jittered(channel, devices, readings // devices, share, late_ms)
    names = pa.array([f"H{n:04d}" for n in range(devices)])
    rule = ThresholdRule(
        id="quarter", channels=(channel,), window_ms=900_000, slide_ms=STEP_MS,
        raise_above=2 * 10**9, clear_at=10**9,
    )  # fmt: skip
    windows = WindowOperator("replay.disorder", [rule])
    spent, counted = 0.0, 0
    for start in range(0, len(columns[0]), BATCH):
        key, at, value = (column[start : start + BATCH] for column in columns)
        batch = batch_from(batch_of(names.take(pa.array(key)), channel, at, value))
        began = time.process_time()
        windows.process(batch)
        if start >= len(columns[0]) // 3:
            spent, counted = spent + time.process_time() - began, counted + len(batch)
    return 1e6 * spent / counted


def files(devices: int, readings: int) -> None:
    """Print what a file costs in three orders."""
    rule = open_book([], []).get("household-prod")
    with tempfile.TemporaryDirectory() as folder, Path(os.devnull).open("wb") as out:
        path = Path(folder) / "readings.csv"
        write(path, readings, devices, 0.02)
        header, *lines = path.read_text().splitlines(keepends=True)
        shuffled = np.random.default_rng(2).permutation(len(lines)).tolist()
        for name, order in (
            ("in order", lines), ("newest first", lines[::-1]),
            ("shuffled", [lines[n] for n in shuffled]),
        ):  # fmt: skip
            path.write_text(header + "".join(order))
            began = time.process_time()
            evaluate(rule, [path], out)
            print(f"file {name:<12} {1e6 * (time.process_time() - began) / readings:6.2f} µs")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readings", type=int, default=100_000)
    parser.add_argument("--devices", type=int, default=1_000)
    options = parser.parse_args()
    for channel in CHANNELS:
        for share, late_ms in LATE:
            cost = stream(channel, options.devices, options.readings, share, late_ms)
            late = f"{share:4.0%} late by up to {late_ms // 1000:3} s"
            print(f"stream {channel:<20} {late} {cost:6.2f} µs", flush=True)
    files(options.devices, 5 * options.readings)
