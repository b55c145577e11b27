"""Hours that a device lacks, by the rhythm in which it sends."""

from __future__ import annotations

from pathlib import Path

from energyguard.history.chdb import ChdbHistory
from energyguard.history.rollups import RollUps
from tests.history.made import T0, readings

HOUR = 3_600_000
KWH = 10**9


def test_each_device_is_judged_by_its_own_rhythm(tmp_path: Path) -> None:
    """What sends each six hours lacks nothing between; one that is left out is missing."""
    hourly = [("hourly", h * HOUR, KWH) for h in range(48) if h not in (10, 11, 30)]
    slow = [("slow", h * HOUR, KWH) for h in range(0, 48, 6) if h != 24]
    history = ChdbHistory(tmp_path / "history")
    rollups, rows = RollUps(history), readings([*hourly, *slow])
    history.insert("readings", rows)
    rollups.mark("readings", rows)
    rollups.settle()
    found = history.query("missing", device="", start_ms=T0, end_ms=T0 + 48 * HOUR).to_pylist()
    history.close()
    stretches = [
        (row["device"], round(row["start"].timestamp() * 1000 - T0) // HOUR, row["hours"])
        for row in found
    ]
    assert stretches == [("hourly", 10, 2), ("hourly", 30, 1), ("slow", 19, 11)]
