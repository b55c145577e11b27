"""How fast each shape is read: readings a second by one core, as the border takes them.

    python -m benchmarks.decode --readings 1000000

The same seeded readings are written in each shape and read again in blocks, as `replay`,
`evaluate` and the API read them; the figure is the median of ``--runs`` taken in turn. The lines
with faults hold one bad row in a thousand, so that most blocks have some.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import pyarrow as pa

from energyguard.codecs.formats import decode, encode
from energyguard.codecs.records import pack, unpack
from energyguard.model.readings import batch_of

BLOCK = 65_536
START_MS = 1_757_116_800_000


def readings(first: int, count: int) -> pa.RecordBatch:
    """Ticks of a thousand homes."""
    rng = np.random.default_rng(first)
    number = np.arange(first, first + count)
    names = pa.array([f"H{i:04d}" for i in range(1000)])
    return batch_of(
        names.take(pa.array(number % 1000)),
        "energy_kwh",
        START_MS + number // 1000 * 15_000,
        rng.integers(1, 100_000, count) * 10_000,
    )


def household(batch: pa.RecordBatch) -> bytes:
    """Lines of a 2 s file: a counter in 1e-10 kWh, and four powers in mW."""
    values = np.asarray(batch.column("value"))
    times = START_MS + 2000 * np.arange(len(values))
    rows = zip(times.tolist(), np.cumsum(values).tolist(), (values // 1000).tolist(), strict=True)
    lines = [f"2025-09-06 00:00:00,{t},{register},{mw},{mw},0,0" for t, register, mw in rows]
    return b"date,timestamp,energy,power,power1,power2,power3\n" + "\n".join(lines).encode()


def faulty(text: bytes) -> bytes:
    """One line in a thousand has no number."""
    lines = text.split(b"\n")
    lines[500::1000] = [line[:-3] + b"?" for line in lines[500::1000]]
    return b"\n".join(lines)


def main(count: int, runs: int) -> None:
    """Prints a line per shape."""
    batches = [readings(first, BLOCK) for first in range(0, count, BLOCK)]
    texts = {shape: [encode(batch, shape) for batch in batches] for shape in ("csv", "json")}
    shapes = {
        "csv": ("csv", texts["csv"]),
        "csv, 0.1 % bad": ("csv", [faulty(text) for text in texts["csv"]]),
        "json": ("json", texts["json"]),
        "json, 0.1 % bad": ("json", [faulty(text) for text in texts["json"]]),
        "household": ("household", [household(batch) for batch in batches]),
        "arrow": ("arrow", [encode(batch, "arrow") for batch in batches]),
    }
    packed = [[value for _, value in pack(batch, 8)] for batch in batches]
    took: dict[str, list[float]] = {name: [] for name in (*shapes, "packed (the log's)")}
    good: dict[str, int] = {}
    size = {name: sum(map(len, blocks)) for name, (_, blocks) in shapes.items()}
    size["packed (the log's)"] = sum(len(value) for values in packed for value in values)
    for _ in range(runs):
        for name, (shape, blocks) in shapes.items():
            start = time.perf_counter()
            good[name] = sum(decode(b, shape, device="H0001")[1].batch.num_rows for b in blocks)
            took[name].append(time.perf_counter() - start)
        start = time.perf_counter()
        good["packed (the log's)"] = sum(unpack(values)[0].num_rows for values in packed)
        took["packed (the log's)"].append(time.perf_counter() - start)
    print(f"{'shape':<20} {'readings/s':>12} {'MB/s':>7} {'bytes each':>11} {'of csv':>7}")
    base = np.median(took["csv"]) / good["csv"]
    for name, seconds in took.items():
        middle = float(np.median(seconds))
        print(
            f"{name:<20} {good[name] / middle:>12,.0f} {size[name] / middle / 1e6:>7,.0f} "
            f"{size[name] / good[name]:>11.1f} {base * good[name] / middle:>6.2f}x"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readings", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    main(options.readings, options.runs)
