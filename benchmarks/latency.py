"""How soon an alert reaches a person: from the crossing reading to its event on the live stream.

    python -m benchmarks.latency --seconds 60 --rate 50000

Open loop: appends of 250 readings at fixed times, whether or not the system keeps up; the clock of
a crossing starts when its append was *due*, not when it was done. Worker, history and web process
are real and run beside the generator.

An append is durable before it is answered, so a disk that stalls stalls everything; how long this
disk takes for one block beside all that is printed too. `TMPDIR=/dev/shm` takes the disk out.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import httpx
import numpy as np
import pyarrow as pa

from benchmarks.crossings import Crossing, stages, table
from benchmarks.roles import running
from energyguard.access.tokens import Tokens
from energyguard.intake.gateway import Gateway
from energyguard.log import open_log
from energyguard.model.readings import batch_of
from energyguard.model.topics import DAY_MS, ENERGY_READINGS

BATCH = 250
START_MS = 1_757_116_800_000
HOUSEHOLDS = 1_000
CROSSINGS_A_SECOND = 5
TICK_APPENDS = HOUSEHOLDS // BATCH  # so many appends are a reading of every home
KNOWN_AFTER = 5  # readings of a home that crosses before it does
CROSSING_NANO = 1_000_000_000  # what the meter of a home can use within a minute; and before it,
BEFORE_NANO = 350_000_000  # each time: the last is above 2 kWh in 15 minutes, the others are not


class Listener(threading.Thread):
    """Reads the live stream and notes when each device's first alert came."""

    def __init__(self, url: str, token: str) -> None:
        super().__init__(daemon=True)
        self.url, self.token = url, token
        self.came: dict[str, float] = {}
        self.ready = threading.Event()

    def run(self) -> None:
        """Until the server goes away."""
        headers = {"Authorization": f"Bearer {self.token}"}
        address = f"{self.url.rstrip('/')}/api/v1/live?kinds=alert"
        try:
            with httpx.stream("GET", address, headers=headers, timeout=None) as answer:
                for line in answer.iter_lines():
                    self.ready.set()
                    if line.startswith("data: ") and '"device":"X' in line:
                        now = time.perf_counter()
                        self.came.setdefault(json.loads(line[6:])["device"], now)
        except httpx.HTTPError:
            return


class Disk(threading.Thread):
    """Writes a block twenty times a second and notes how long the disk took for it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self.file = os.open(folder / "disk", os.O_CREAT | os.O_WRONLY)
        self.took: list[float] = []
        self.over = threading.Event()

    def run(self) -> None:
        """Until told that it is over."""
        while not self.over.wait(0.05):
            start = time.perf_counter()
            os.pwrite(self.file, bytes(4096), 0)
            os.fdatasync(self.file)
            self.took.append(time.perf_counter() - start)
        os.close(self.file)


def send(url: str, seconds: float, rate: float, turn: int = 0) -> dict[str, Crossing]:
    """Append on schedule; give for each crossing device when its append was due and done.

    Runs in a process of its own, so that the listener's clock waits for nobody. A later turn goes
    on in the next day, with other crossings.
    """
    log = open_log(url)
    intake = Gateway(log)
    names = [f"H{i:04d}" for i in range(HOUSEHOLDS)]
    rng = np.random.default_rng(3)
    value = (rng.gamma(2.0, 0.004, HOUSEHOLDS) * 1e5).astype(np.int64) * 10_000
    appends = int(seconds * rate / BATCH)
    every = max(1, int(rate / BATCH / CROSSINGS_A_SECOND))
    due: dict[str, Crossing] = {}
    start_ms = START_MS + turn * DAY_MS
    start = time.perf_counter()
    for i in range(appends):
        when = start + i * BATCH / rate
        number = np.arange(i * BATCH, (i + 1) * BATCH)
        home, tick = number % HOUSEHOLDS, number // HOUSEHOLDS
        values = value[home].copy()
        crosses = ""
        devices = [names[h] for h in home.tolist()]
        for back in range(KNOWN_AFTER + 1):  # its rhythm is known when it crosses
            crossing, left = divmod(i + back * TICK_APPENDS + 1, every)
            if left or crossing <= KNOWN_AFTER * TICK_APPENDS:
                continue
            slot = crossing % BATCH
            devices[slot] = f"X{turn}{crossing:07d}"
            values[slot] = BEFORE_NANO if back else CROSSING_NANO
            if not back:
                crosses = devices[slot]
        batch = batch_of(pa.array(devices), "energy_kwh", start_ms + tick * 15_000, values)
        if (wait := when - time.perf_counter()) > 0:
            time.sleep(wait)
        begun = time.perf_counter()
        intake.submit(batch, ENERGY_READINGS.name)
        if crosses:
            due[crosses] = Crossing(when, begun, time.perf_counter())
    log.close()
    return due


def main(seconds: float, rate: float) -> None:
    """One run; prints the percentiles."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        token = Tokens(folder).create("benchmark")
        generator = ProcessPoolExecutor(1, get_context("spawn"))
        with generator, running(folder, ("worker", "history", "serve")):
            url = json.loads((folder / "run" / "serve.json").read_text())["url"]
            listener = Listener(url, token)
            listener.start()
            listener.ready.wait(20)
            disk = Disk(folder)
            disk.start()
            due = generator.submit(send, f"sqlite:///{folder}/log.db", seconds, rate).result()
            until = time.perf_counter() + 10
            while len(listener.came) < len(due) and time.perf_counter() < until:
                time.sleep(0.05)
            disk.over.set()
            disk.join()
            log = open_log(f"sqlite:///{folder}/log.db")
            took_by_stage = stages(log, due, listener.came)
            log.close()
    took = took_by_stage["in all"]
    print(f"{rate:,.0f} readings/s in appends of {BATCH}, {len(due)} crossings, {len(took)} came")
    beside = np.array(disk.took) * 1000
    print(f"{'':5} {'alert':>9} {'disk, one block':>18}")
    for percent in (50, 90, 99, 100):
        alert, block = np.percentile(took, percent), np.percentile(beside, percent)
        print(f"p{percent:<4} {alert:6.1f} ms {block:15.1f} ms")
    print(table(took_by_stage))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rate", type=float, default=50_000, help="readings a second")
    options = parser.parse_args()
    main(options.seconds, options.rate)
