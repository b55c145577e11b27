"""`evaluate` beside bare window sums of the same file in Polars and DuckDB, where these are there.

    uv pip install polars duckdb
    python -m benchmarks.evaluate --only beside --runs 7

They read the file, add up each device's last quarter of an hour at each reading, and keep the sums
over the level: no verdicts, no lateness, no records are written. All have two threads; each runs in
a process of its own, in turn. Seconds are those of the work, without the start of a process and
what is imported; *memory* is the most that the process had.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import NamedTuple

from energyguard.offline.evaluate import evaluate
from energyguard.rules.registry import open_book

THREADS = 2
RULE, WINDOW_S, LEVEL_KWH = "household-prod", 900, 2.0
COLUMNS = {"timestamp": "TIMESTAMP", "device": "VARCHAR", "kwh": "DOUBLE"}


class Turn(NamedTuple):
    """What one run took."""

    wall_s: float
    processor_s: float
    memory_mb: float
    over: int


def by_energyguard(path: Path) -> Callable[[], int]:
    """The rule, its records written to nowhere."""
    chosen = open_book([], []).get(RULE)

    def run() -> int:
        with Path(os.devnull).open("wb") as out:
            return evaluate(chosen, [path], out).written

    return run


def by_polars(path: Path) -> Callable[[], int]:
    """Sums at each reading."""
    os.environ["POLARS_MAX_THREADS"] = str(THREADS)
    import polars

    def run() -> int:
        rows = polars.read_csv(path, has_header=False, new_columns=[*COLUMNS])
        time_of = polars.col("timestamp").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_unit="ms")
        kwh = polars.col("kwh").rolling_sum_by("timestamp", f"{WINDOW_S}s").over("device")
        sums = rows.with_columns(time_of).select("timestamp", "device", kwh)
        return int(sums.filter(polars.col("kwh") > LEVEL_KWH).height)

    return run


def by_duckdb(path: Path) -> Callable[[], int]:
    """Sums at each reading."""
    import duckdb

    window = f"RANGE BETWEEN INTERVAL '{WINDOW_S - 1} seconds' PRECEDING AND CURRENT ROW"
    question = f"""
        SELECT timestamp, device, kwh FROM (
            SELECT timestamp, device,
                sum(kwh) OVER (PARTITION BY device ORDER BY timestamp {window}) AS kwh
            FROM read_csv('{path}', header = false, columns = {COLUMNS}))
        WHERE kwh > {LEVEL_KWH}"""

    def run() -> int:
        with duckdb.connect(config={"threads": THREADS}) as connection:
            return int(connection.sql(question).to_arrow_table().num_rows)

    return run


CONTENDERS = {"EnergyGuard": by_energyguard, "Polars": by_polars, "DuckDB": by_duckdb}


def turn(name: str, path: Path) -> Turn:
    """One run; to be called in a process of its own."""
    run = CONTENDERS[name](path)
    wall, processor = time.perf_counter(), time.process_time()
    over = run()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    return Turn(wall, processor, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, over)


def side_by_side(path: Path, runs: int) -> None:
    """Print a line for each that is installed: medians of runs in turn."""
    names = [name for name in CONTENDERS if name == "EnergyGuard" or find_spec(name.lower())]
    turns: dict[str, list[Turn]] = {name: [] for name in names}
    for _ in range(runs):
        for name in names:
            with get_context("spawn").Pool(1) as pool:
                turns[name].append(pool.apply(turn, (name, path)))
    found = {name: Turn(*map(median, zip(*turns[name], strict=True))) for name in names}
    ours = found["EnergyGuard"]
    for name, one in found.items():
        print(
            f"{name:<11} {one.wall_s:5.2f} s, {one.processor_s:5.2f} s of a processor, "
            f"{one.memory_mb:5.0f} MB, {one.over:,.0f} over; EnergyGuard takes "
            f"{ours.wall_s / one.wall_s:4.2f} times its time, "
            f"{ours.processor_s / one.processor_s:4.2f} of the processor's, "
            f"{ours.memory_mb / one.memory_mb:4.2f} of the memory"
        )
