"""Durable appends, side by side with a raw write + fdatasync of the same bytes.

python benchmarks/append.py [folder]

One caller, one commit per batch of 1,000 readings. The raw peer appends the same bytes to a file on
the same disk and syncs; the two take turns in blocks, so that both meet the same noise.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles

import numpy as np

from energyguard.clock import SYSTEM
from energyguard.codecs.records import pack
from energyguard.log import LATEST, Records, TopicPartition
from energyguard.log.sqlite.log import SqliteLog
from energyguard.model.readings import batch_of

TOPIC = "energy_readings"
READINGS, BLOCKS, APPENDS = 1_000, 20, 100
SMALL = Records([None] * 8, [b"x" * 100] * 8, partitions=range(8))


def batches() -> list[Records]:
    """A block of appends as a fleet of 1,000 households would make them."""
    noise = np.random.default_rng(1)
    devices = [f"H{i:04d}" for i in range(READINGS)]
    made = []
    for tick in range(APPENDS):
        times = [1_757_160_000_000 + 15_000 * tick] * READINGS
        values = (noise.random(READINGS) * 1e7).astype(int).tolist()
        parts = pack(batch_of(devices, "energy_kwh", times, values), 8)
        places, packed = zip(*parts, strict=True)
        made.append(Records([None] * len(packed), packed, partitions=places))
    return made


def seconds(work: Callable[[Records], object], block: list[Records]) -> list[float]:
    """How long each append of a block took."""
    took = []
    for records in block:
        began = SYSTEM.monotonic()
        work(records)
        took.append(SYSTEM.monotonic() - began)
    return took


def raw_writer(path: Path) -> Callable[[Records], object]:
    """Write and sync: what no log can beat by much."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def write(records: Records) -> None:
        os.write(file, b"".join(value or b"" for value in records.values))
        os.fdatasync(file)

    return write


def throughput(folder: Path) -> None:
    block = batches()
    size = sum(len(value or b"") for records in block for value in records.values) / len(block)
    print(f"{size / READINGS:.1f} bytes per reading, {size:.0f} bytes per append")
    log = SqliteLog(folder / "log.db")
    raw = raw_writer(folder / "raw")
    ours: list[list[float]] = []
    theirs: list[list[float]] = []
    for _ in range(BLOCKS):
        ours.append(seconds(lambda records: log.append(TOPIC, records), block))
        theirs.append(seconds(raw, block))
    for name, runs in (("log", ours), ("raw", theirs)):
        flat = [x for run in runs for x in run]
        cuts = quantiles(flat, n=100)
        print(
            f"{name}: {len(flat) * READINGS / sum(flat):,.0f} readings/s, an append "
            f"p50 {cuts[49] * 1e3:.2f} p99 {cuts[98] * 1e3:.2f} max {max(flat) * 1e3:.1f} ms"
        )
    ratios = [sum(b) / sum(a) for a, b in zip(ours, theirs, strict=True)]
    whole = sum(map(sum, theirs)) / sum(map(sum, ours))
    print(f"log against raw: {whole:.0%} (median of {BLOCKS} blocks {median(ratios):.0%})")
    small = seconds(lambda records: log.append(TOPIC, records), [SMALL] * 500)
    print(f"8 records of 100 bytes in 8 partitions: p50 {median(small) * 1e3:.2f} ms")
    wal = Path(f"{log.path}-wal").stat().st_size
    print(f"file {log.path.stat().st_size >> 20} MB, WAL {wal >> 20} MB")
    log.close()


APPENDER = """
import struct, sys
from energyguard.clock import SYSTEM
from energyguard.log import Records
from energyguard.log.sqlite.log import SqliteLog
log = SqliteLog(sys.argv[1])
for _ in range(500):
    SYSTEM.sleep(0.01)
    now = struct.pack("d", SYSTEM.monotonic())
    log.append("energyguard.dead-letters", Records([None], [now]))
log.close()
"""


def latency(folder: Path) -> None:
    """From just before an append in one process to its read in another, every 10 ms."""
    log = SqliteLog(folder / "log.db")
    place = TopicPartition("energyguard.dead-letters", 0)
    position = log.positions(place.topic, LATEST)[place]
    took: list[float] = []
    with subprocess.Popen([sys.executable, "-c", APPENDER, str(log.path)]) as process:
        while len(took) < 500 and (process.poll() is None or took):
            for part in log.read({place: position}, 1000, 1.0):
                now = SYSTEM.monotonic()
                sent = np.frombuffer(b"".join(value or b"" for value in part.values))
                took += (now - sent).tolist()
                position = part.next_offset
    cuts = quantiles(took, n=100)
    print(f"process to process: p50 {cuts[49] * 1e3:.1f} p99 {cuts[98] * 1e3:.1f} ms")
    log.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else ".") as made:
        throughput(Path(made))
        latency(Path(made))
