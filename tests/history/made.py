"""Rows for tests of the history."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pyarrow as pa

from energyguard.history import NO_SEQUENCE
from energyguard.history.chdb import ChdbHistory
from energyguard.history.client import CARD
from energyguard.history.door import HistoryServer
from energyguard.history.rollups import RollUps

T0 = 1_757_116_800_000
"""2025-09-06T00:00:00Z."""
DAY = {"start_ms": T0, "end_ms": T0 + 86_400_000}

SCHEMA = pa.schema(
    [
        ("device", pa.string()),
        ("channel", pa.string()),
        ("time", pa.timestamp("ms", "UTC")),
        ("value", pa.int64()),
        ("sequence", pa.int64()),
        ("topic", pa.string()),
        ("version", pa.uint64()),
    ]
)


def readings(
    rows: Iterable[tuple[str, int, int]], channel: str = "energy_kwh", first: int = 0
) -> pa.Table:
    """Rows of `readings` from (device, ms after T0, value), in log order from position `first`."""
    made = [
        (device, channel, T0 + ms, value, NO_SEQUENCE, "energy_readings", 2**64 - 1 - first - i)
        for i, (device, ms, value) in enumerate(rows)
    ]
    columns = [[row[i] for row in made] for i in range(len(SCHEMA))]
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, SCHEMA, strict=True)], SCHEMA)


def alert_rows(*events: tuple[str, str, str, int]) -> pa.Table:
    """Rows of `alerts` from (id, device, state, ms after T0)."""
    fixed = {
        "rule": "household-prod", "channel": "energy_kwh", "severity": "warning",
        "observed": 2_100_000_000, "expected": 2_000_000_000, "peak": 2_100_000_000,
        "unit": "kWh", "topic": "energy_readings", "about": "H1 passed 2.0 kWh in 15 minutes",
    }  # fmt: skip
    return pa.Table.from_pylist(
        [
            fixed
            | {"id": name, "device": device, "state": state, "time_ms": T0 + ms, "since_ms": T0}
            | {"window_start_ms": T0, "window_end_ms": T0 + 900_000}
            for name, device, state, ms in events
        ]
    )


@contextmanager
def served(data_dir: Path, *tables: pa.Table) -> Iterator[None]:
    """A data folder's history with some readings, rolled up, and its door open to commands."""
    with closing(ChdbHistory(data_dir / "history")) as history:
        rollups = RollUps(history)
        for table in tables:
            history.insert("readings", table)
            rollups.mark("readings", table)
        rollups.settle()
        with closing(HistoryServer(history, "127.0.0.1", 0, data_dir / CARD)):
            yield
