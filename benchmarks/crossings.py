"""Where a crossing waits on its way: to be appended, for the worker, for the live stream."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from energyguard.log import EARLIEST, Log
from energyguard.model.topics import ALERTS

PERCENTILES = (50, 90, 99)


class Crossing(NamedTuple):
    """When the append of a crossing was due, when it was begun, and when it was durable (s)."""

    due: float
    begun: float
    appended: float


def stages(
    log: Log, crossings: Mapping[str, Crossing], came: Mapping[str, float]
) -> dict[str, np.ndarray]:
    """Milliseconds of each crossing that came, by stage; the log's times are exact to one."""
    written = _written(log)
    found = [name for name in crossings if name in came and name in written]
    due, begun, appended = np.array([crossings[name] for name in found]).T
    alert, seen = (np.array([of[name] for name in found]) for of in (written, came))
    took = {
        "sender": begun - due,
        "append": appended - begun,
        "worker": alert - appended,
        "stream": seen - alert,
        "in all": seen - due,
    }
    return {name: each * 1000 for name, each in took.items()}


def table(took: Mapping[str, np.ndarray]) -> str:
    """A line of percentiles for each stage."""
    lines = (
        f"  {name:8}"
        + " ".join(f"p{percent} {np.percentile(ms, percent):7.1f}" for percent in PERCENTILES)
        + f" most {ms.max():7.1f} ms"
        for name, ms in took.items()
    )
    return "\n".join(lines)


def _written(log: Log) -> dict[str, float]:
    """When the first record about each device was appended, by this process's clock."""
    shift = time.time() - time.perf_counter()
    at = dict(log.positions(ALERTS.name, EARLIEST))
    written: dict[str, float] = {}
    while fetched := log.read(at, 4096, 0.0):
        for part in fetched:
            at[part.at] = part.next_offset
            for value, ms in zip(part.values, part.timestamps_ms, strict=True):
                if value:
                    device = json.loads(value).get("device", "")
                    written.setdefault(device, ms / 1000 - shift)
    return written
