"""What a device costs in memory, and a reading in time, where a partition has a million devices.

    python -m benchmarks.million_devices [--devices 1000000] [--hours 2] [--only 15s]

One channel, the rule `household-prod`, alerts followed. Each line is a process of its own, which
takes a reading of every device at each moment, as a worker takes them from the log. *Bytes* are
(RSS at the end - RSS with one device) / devices: ledger, windows, rhythm, names and readings of the
horizon together; below each line what of it the arrays of each part have, the rest is names and
what the allocator keeps. *ns* is processor time a reading, in the last hour.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from collections.abc import Iterator, Mapping
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
import psutil
import pyarrow as pa

from energyguard.model.readings import batch_from, batch_of
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.rules.registry import open_book
from energyguard.stream.windows.operator import WindowOperator

START_MS = 1_772_409_600_000
HOUR_MS = 3_600_000
BATCH = 65_536
WATT_HOUR = 10**6


class Meters(NamedTuple):
    """How devices send."""

    channel: str
    step_ms: int


METERS = {
    "15s": Meters("energy_kwh", 15_000),
    "15min": Meters("energy_kwh", 900_000),
    "hourly": Meters("energy_register_kwh", HOUR_MS),
}


class Cost(NamedTuple):
    """What was measured."""

    bytes_a_device: float
    ns_a_reading: float
    parts: dict[str, float]
    """Bytes of arrays a device, by the part that has them."""


def resident() -> int:
    """Bytes of memory that this process has."""
    return int(psutil.Process().memory_info().rss)


def array_bytes(of: Any, seen: set[int]) -> int:
    """Bytes of the arrays that an object has, each once."""
    if id(of) in seen:
        return 0
    seen.add(id(of))
    if isinstance(of, np.ndarray):
        return of.nbytes if of.base is None else array_bytes(of.base, seen)
    if isinstance(of, Mapping):
        return sum(array_bytes(part, seen) for part in of.values())
    if isinstance(of, (list, tuple)):
        few = of if not of or not isinstance(of[0], str) else ()  # names have no arrays
        return sum(array_bytes(part, seen) for part in few)
    slots = (getattr(of, name, None) for name in getattr(type(of), "__slots__", ()))
    own = [*getattr(of, "__dict__", {}).values(), *slots]
    return sum(array_bytes(part, seen) for part in own)


def parts_of(windows: WindowOperator) -> dict[str, int]:
    """Bytes of arrays by part: of the one channel, and of what all channels share."""
    (lane,) = windows.lanes.values()
    seen: set[int] = set()
    found = {
        f"lane.{name}": array_bytes(part, seen)
        for name, part in vars(lane).items()
        if name != "places"
    }
    found |= {name: array_bytes(part, seen) for name, part in vars(windows).items()}
    return found


def batches(meters: Meters, devices: int, hours: float) -> Iterator[tuple[int, pa.RecordBatch]]:
    """Time and readings: a moment after the other, all devices in each, a batch's worth at once."""
    chance = np.random.default_rng(5)
    names = pa.array([f"meter-{n:07d}" for n in range(devices)])
    used = np.zeros(devices, np.int64)
    for time_ms in range(0, int(hours * HOUR_MS) + 1, meters.step_ms):
        use = chance.integers(0, 4, devices) * WATT_HOUR * max(1, meters.step_ms // 15_000)
        used += use
        value = used if meters.channel == "energy_register_kwh" else use
        for first in range(0, devices, BATCH):
            part = slice(first, min(first + BATCH, devices))
            times = np.full(part.stop - first, START_MS + time_ms)
            some = names.slice(first, part.stop - first)
            yield time_ms, batch_of(some, meters.channel, times, value[part])


def measure(meters: Meters, devices: int, hours: float) -> Cost:
    """Feed an operator; to be called in a process of its own."""
    rule = open_book([], []).get("household-prod")
    assert isinstance(rule, ThresholdRule)
    windows = WindowOperator("energy_readings", [rule.with_fields(channels=(meters.channel,))])
    windows.process(batch_from(batch_of(["first"], meters.channel, [START_MS - HOUR_MS], [0])))
    before, spent, readings = resident(), 0.0, 0
    for time_ms, batch in batches(meters, devices, hours):
        begun = time.process_time()
        windows.process(batch_from(batch))
        if time_ms > (hours - 1) * HOUR_MS:
            spent += time.process_time() - begun
            readings += batch.num_rows
    cost = (resident() - before) / devices
    parts = {name: size / devices for name, size in parts_of(windows).items()}
    return Cost(cost, spent / max(readings, 1) * 1e9, parts)


def main() -> None:
    """Print a line for each kind of meter."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--devices", type=int, default=1_000_000)
    parser.add_argument("--hours", type=float, default=2)
    parser.add_argument("--only", choices=METERS)
    options = parser.parse_args()
    spawn = multiprocessing.get_context("spawn")
    print(f"{options.devices:,} devices, {options.hours:g} h of event time")
    for name, meters in METERS.items():
        if options.only in (None, name):
            with spawn.Pool(1) as pool:
                cost = pool.apply(measure, (meters, options.devices, options.hours))
            print(f"{name:>7}: {cost.bytes_a_device:6.0f} bytes, {cost.ns_a_reading:5.0f} ns")
            for part, size in sorted(cost.parts.items(), key=itemgetter(1), reverse=True):
                if size >= 1:
                    print(f"{size:15.0f} {part}")


if __name__ == "__main__":
    main()
