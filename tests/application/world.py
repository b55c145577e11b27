"""The made-up homes: who there is, how much each draws when, and the time that it is there."""

from __future__ import annotations

import math
import zlib

HOUR = 3_600_000
DAY = 24 * HOUR
START = 1_763_830_800_000  # Saturday 2025-11-22 17:00 UTC
SPEED = 30  # of the event time against the clock on the wall
HOMES = [f"H{i:03d}" for i in range(1, 51)]
BURSTS = {"H003": 23, "H017": 40}  # minutes before START: an oven, a heater


def chance(*what: object) -> float:
    """A number in [0, 1) that depends only on what it is for."""
    return zlib.crc32(repr(what).encode()) / 2**32


def size(device: str) -> float:
    return 0.5 + 2.2 * chance(device) ** 2


def kw(device: str, t_ms: int) -> float:
    hour = t_ms % DAY / HOUR
    shape = (
        0.28
        + 0.9 * math.exp(-(((hour - 19) / 2.6) ** 2))
        + 0.4 * math.exp(-(((hour - 7.5) / 1.4) ** 2))
    )
    began = BURSTS.get(device)
    burst = 8.6 if began is not None and t_ms >= START - began * 60_000 else 0.0
    return size(device) * shape * (0.75 + 0.5 * chance(device, t_ms // 60_000)) + burst
