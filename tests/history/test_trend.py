"""The trend of a channel against the slow way: its line of least squares, and the error of that."""

from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pytest

from energyguard.history import NO_SEQUENCE
from energyguard.history.chdb import ChdbHistory

NOON_MS = 1_716_120_000_000
SECONDS = 600


def test_mean_and_trend_are_those_of_the_line_of_least_squares(tmp_path: Path) -> None:
    history, random = ChdbHistory(tmp_path), Random(1)
    times = [NOON_MS + i * 1000 for i in range(SECONDS)]
    degrees = [10 + i / 300 + random.gauss(0, 1) for i in range(SECONDS)]
    rows = {
        "device": ["thermometer"] * SECONDS,
        "channel": ["temperature_c"] * SECONDS,
        "time": pa.array(times, pa.timestamp("ms", "UTC")),
        "value": pa.array([round(value * 1e9) for value in degrees], pa.int64()),
        "sequence": pa.array([NO_SEQUENCE] * SECONDS, pa.int64()),
        "topic": ["topic-test"] * SECONDS,
        "version": pa.array(range(SECONDS), pa.uint64()),
    }
    for _ in range(2):  # the same rows twice are one row
        history.insert("readings", pa.table(rows))

    def asked(seconds: int) -> dict[str, float | None]:
        end = NOON_MS + seconds * 1000
        names = {"device": "thermometer", "channel": "temperature_c"}
        (row,) = history.query("trend", start_ms=NOON_MS, end_ms=end, **names).to_pylist()
        return dict(row)

    told = asked(SECONDS)
    hours = (np.array(times) - NOON_MS) / 3_600_000
    (slope, _), covariance = np.polyfit(hours, degrees, 1, cov=True)
    assert told["readings"] == SECONDS
    assert told["mean"] == pytest.approx(np.mean(degrees))
    assert (told["lowest"], told["highest"]) == pytest.approx((min(degrees), max(degrees)))
    assert told["slope"] == pytest.approx(slope, rel=1e-6)
    assert told["error"] == pytest.approx(covariance[0, 0] ** 0.5, rel=1e-6)
    assert asked(0) == dict.fromkeys(told, None) | {"readings": 0}
    assert asked(1)["slope"] is None
    assert asked(2)["error"] is None
    assert asked(2)["slope"] is not None
    history.close()
