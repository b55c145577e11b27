"""Through the whole system: append, worker, alerts committed, history; generator on the same cores.

    python -m benchmarks.system --seconds 300 --rate 400000 --households 1000

Starts the real roles ``worker`` and ``history`` as processes on a folder of their own, appends
readings at the rate asked (0: as fast as it can) and prints what was sustained: readings over the
time from the first append until the worker has committed and the history has inserted the last.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from subprocess import Popen

import numpy as np
import psutil
import pyarrow as pa

from benchmarks.roles import running
from energyguard.intake.gateway import Gateway
from energyguard.log import LATEST, Log, open_log
from energyguard.model.readings import batch_of
from energyguard.model.topics import ENERGY_READINGS

START_MS = 1_757_116_800_000
TICK_MS = 15_000
GROUPS = ("worker", "history")
TOPIC = ENERGY_READINGS.name


def behind(log: Log) -> dict[str, int]:
    """How many records each group has not read yet."""
    ends = log.positions(TOPIC, LATEST)
    return {
        group: sum(ends[at] - position for at, position in log.positions(TOPIC, group).items())
        for group in GROUPS
    }


class Generator:
    """Readings of all homes, tick after tick; a few homes are loud enough to alert."""

    def __init__(self, households: int) -> None:
        rng = np.random.default_rng(7)
        self.names = pa.array([f"H{i:06d}" for i in range(households)])
        self.values = (rng.gamma(2.0, 0.005, (64, households)) * 1e5).astype(np.int64) * 10_000
        self.values[:, :: max(1, households // 20)] += 40_000_000
        self.households = households

    def batch(self, first: int, count: int) -> pa.RecordBatch:
        """Readings number ``first`` and on, in the order of time."""
        number = np.arange(first, first + count)
        home, tick = number % self.households, number // self.households
        return batch_of(
            self.names.take(pa.array(home)),
            "energy_kwh",
            START_MS + tick * TICK_MS,
            self.values[tick % 64, home],
        )


def run(seconds: float, rate: float, households: int, batch: int) -> None:
    """One run; prints a line a second or so, and the figures at the end."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log = open_log(f"sqlite:///{folder}/log.db")
        with running(folder, GROUPS) as roles:
            measure(log, roles, Generator(households), seconds, rate, batch)
        log.close()


def measure(
    log: Log,
    roles: dict[str, Popen[bytes]],
    made: Generator,
    seconds: float,
    rate: float,
    batch: int,
) -> None:
    """Append, wait for the last to be through, print."""
    intake = Gateway(log)
    watched = {name: psutil.Process(process.pid) for name, process in roles.items()}
    watched["generator"] = psutil.Process(os.getpid())
    used = {name: sum(p.cpu_times()[:2]) for name, p in watched.items()}
    start = time.perf_counter()
    sent, said = 0, start
    while (now := time.perf_counter()) - start < seconds:
        if rate and sent > (now - start) * rate:
            time.sleep(0.002)
            continue
        intake.submit(made.batch(sent, batch), TOPIC)
        sent += batch
        if now - said > 10:
            said = now
            lag = ", ".join(f"{g} {n}" for g, n in behind(log).items())
            print(f"{now - start:5.0f} s  {sent / (now - start):,.0f}/s appended, behind: {lag}")
    appended = time.perf_counter() - start
    while any(behind(log).values()):
        time.sleep(0.05)
    through = time.perf_counter() - start
    print(f"{sent:,} readings of {made.households:,} homes, {batch:,} an append")
    print(f"appended   {sent / appended:>12,.0f} readings/s")
    print(f"sustained  {sent / through:>12,.0f} readings/s until the last was through")
    for name, process in watched.items():
        cpu = (sum(process.cpu_times()[:2]) - used[name]) / through
        print(f"{name:<10} {cpu:6.2f} cores, {process.memory_info().rss / 2**20:,.0f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--rate", type=float, default=0, help="readings a second; 0: flat out")
    parser.add_argument("--households", type=int, default=1_000)
    parser.add_argument("--batch", type=int, default=20_000)
    options = parser.parse_args()
    run(options.seconds, options.rate, options.households, options.batch)
