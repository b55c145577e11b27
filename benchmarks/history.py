"""How fast rows go into the history, and how long the page's questions take meanwhile.

    python -m benchmarks.history [millions of readings, default 50]

Fills a folder with readings of 1,000 homes, 15 s apart, as the archive does (inserts of 131,072
rows, roll-ups every 5 s), then asks the page's questions while inserts go on at full speed and, a
second time, at 300,000 readings/s.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from energyguard.history.chdb import ChdbHistory
from energyguard.history.rollups import RollUps
from energyguard.sinks.archive import FULL_ROWS

SETTLE_S = 5.0  # as an archive with that much to do
HOMES = 1000
TICK_MS = 15_000
START_MS = 1_757_116_800_000
HOUR = 3_600_000
ROUNDS = 20


def batch(number: int) -> pa.Table:
    """The rows of one insert: all homes, tick by tick."""
    place = np.arange(number * FULL_ROWS, (number + 1) * FULL_ROWS)
    names = pa.array([f"H{i:04d}" for i in range(HOMES)])
    text = pa.DictionaryArray.from_arrays
    zero = pa.array(np.zeros(FULL_ROWS, np.int32))
    return pa.table(
        {
            "device": text(pa.array((place % HOMES).astype(np.int32)), names),
            "channel": text(zero, ["energy_kwh"]),
            "time": pa.array(START_MS + place // HOMES * TICK_MS, pa.timestamp("ms", "UTC")),
            "value": pa.array(10_000_000 + place * 7919 % 40_000_000),
            "sequence": pa.array(np.full(FULL_ROWS, -(2**63))),
            "topic": text(zero, ["energy_readings"]),
            "version": pa.array(np.uint64(2**64 - 1) - place.astype(np.uint64)),
        }
    )


class Feed:
    """Inserts and settles as the archive does; counts what each costs."""

    def __init__(self, history: ChdbHistory) -> None:
        self.history, self.rollups = history, RollUps(history)
        self.number = 0
        self.inserting = self.settling = 0.0
        self._settled, self._settle_after = time.monotonic(), SETTLE_S

    def push(self) -> None:
        """Insert the next batch; roll up when it is time."""
        rows = batch(self.number)
        started = time.monotonic()
        self.history.insert("readings", rows)
        inserted = time.monotonic()
        self.rollups.mark("readings", rows)
        if self.rollups.full or inserted - self._settled >= self._settle_after:
            self.rollups.settle()
            self._settled = time.monotonic()
            self._settle_after = max(SETTLE_S, (self._settled - inserted) / 2)
        self.number += 1
        self.inserting += inserted - started
        self.settling += time.monotonic() - inserted


def questions(end_ms: int) -> dict[str, Callable[[ChdbHistory], pa.Table]]:
    """What the page asks, at the end of the data."""
    day = {"start_ms": end_ms - 24 * HOUR, "end_ms": end_ms}
    hour = {"start_ms": end_ms - HOUR, "end_ms": end_ms}
    week = {"start_ms": end_ms - 7 * 24 * HOUR, "end_ms": end_ms}
    one = {"device": "H0017"}
    kwh = {"channel": "energy_kwh"}
    window = {"window_ms": 900_000, "slide_ms": 15_000}
    return {
        "readings 1 h": lambda h: h.query("readings", limit=500, **one, **kwh, **hour),
        "devices": lambda h: h.query("devices", device=""),
        "series device 24 h": lambda h: h.query("series", step_ms=900_000, **one, **kwh, **day),
        "series all 24 h": lambda h: h.query("series", step_ms=HOUR, device="", **kwh, **day),
        "window_sums 6 h": lambda h: h.query(
            "window_sums", start_ms=end_ms - 6 * HOUR, end_ms=end_ms, **one, **window
        ),
        "top 24 h": lambda h: h.query("top", by="kwh", n=10, without="", **day),
        "heatmap 7 d": lambda h: h.query(
            "heatmap", zone="UTC", step_ms=3_600_000, by="kwh", n=20, without="", **week
        ),
        "readings_per_minute 1 h": lambda h: h.query("readings_per_minute", **hour),
        "alerts_over_time 24 h": lambda h: h.query("alerts_over_time", step_ms=HOUR, **day),
        "alerts 24 h": lambda h: h.query("alerts", limit=200, **day),
        "totals 24 h": lambda h: h.query("totals", **day),
    }


def ask(history: ChdbHistory, feed: Feed, rate: float | None) -> None:
    """Ask every question many times while rows come in at a rate (None: as fast as they can)."""
    stop = threading.Event()

    def insert() -> None:
        due = time.monotonic()
        while not stop.is_set():
            feed.push()
            due += FULL_ROWS / rate if rate else 0.0
            stop.wait(max(0.0, due - time.monotonic()))

    first, started = feed.number, time.monotonic()
    thread = threading.Thread(target=insert)
    thread.start()
    took: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        end_ms = START_MS + feed.number * FULL_ROWS // HOMES * TICK_MS
        for name, question in questions(end_ms).items():
            asked = time.monotonic()
            question(history)
            took.setdefault(name, []).append(time.monotonic() - asked)
    stop.set()
    thread.join()
    done = (feed.number - first) * FULL_ROWS / (time.monotonic() - started)
    print(f"questions while {done / 1e6:.2f} M readings/s are inserted and rolled up:")
    for name, seconds in took.items():
        p50, p95 = np.percentile(seconds, [50, 95]) * 1000
        print(f"  {name:26} p50 {p50:7.1f} ms   p95 {p95:7.1f} ms")
    every = np.percentile([s for seconds in took.values() for s in seconds], 95) * 1000
    print(f"  {'all of them':26} {'':14} p95 {every:7.1f} ms")


def main() -> None:
    """Fill, then ask twice."""
    total = int(float(sys.argv[1] if len(sys.argv) > 1 else "50") * 1e6)
    with tempfile.TemporaryDirectory() as folder:
        history = ChdbHistory(Path(folder))
        feed = Feed(history)
        started, cpu = time.monotonic(), time.process_time()
        while feed.number * FULL_ROWS < total:
            feed.push()
        feed.rollups.settle()
        wall, cpu = time.monotonic() - started, time.process_time() - cpu
        rows = feed.number * FULL_ROWS
        size = sum(f.stat().st_size for f in Path(folder).rglob("*") if f.is_file())
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{rows / 1e6:.1f} M readings of {HOMES} homes")
        print(f"insert alone               {rows / feed.inserting / 1e6:7.2f} M readings/s")
        print(f"processor time of all that {cpu:7.1f} s")
        print(f"insert and roll-ups        {rows / wall / 1e6:7.2f} M readings/s")
        print(f"cores at 300 k readings/s  {cpu / rows * 300_000:7.2f} (merges included)")
        print(f"bytes a reading            {size / rows:7.1f}")
        print(f"peak memory                {peak:7.0f} MB")
        ask(history, feed, None)
        ask(history, feed, 300_000)
        history.close()


if __name__ == "__main__":
    main()
