"""The newest time of what is asked for: not what is ahead of every clock."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest

from energyguard.history.chdb import ChdbHistory
from energyguard.history.newest import newest_ms
from energyguard.history.rollups import RollUps
from tests.history.made import T0, readings

HOUR = 3_600_000
YEARS = 5 * 365 * 86_400_000
KWH = 10**9


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChdbHistory]:
    opened = ChdbHistory(tmp_path_factory.mktemp("newest"))
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def empty(history: ChdbHistory) -> None:
    for table in ("readings", "late", "rollup_1m", "rollup_15m", "rollup_1h", "rollup_1d"):
        history.execute(f"TRUNCATE TABLE {table}")


def put(history: ChdbHistory, *rows: tuple[str, int], topic: str = "energy_readings") -> None:
    table = readings([(device, ms, KWH) for device, ms in rows])
    topics = pa.array([topic] * len(rows))
    table = table.set_column(table.column_names.index("topic"), "topic", topics)
    history.insert("readings", table)
    rollups = RollUps(history)
    rollups.mark("readings", table)
    rollups.settle()


def ahead(history: ChdbHistory, device: str, ms: int) -> None:
    """What the worker says of a reading."""
    row = {
        "topic": "energy_readings", "partition": 0, "offset": 1, "place": 0, "verdict": "ahead",
        "device": device, "channel": "energy_kwh", "time_ms": T0 + ms, "value": KWH, "sequence": 0,
    }  # fmt: skip
    history.insert("late", pa.Table.from_pylist([row]))


def test_of_all_of_one_and_of_nobody(history: ChdbHistory) -> None:
    assert newest_ms(history.query, T0) is None
    put(history, ("H1", 0), ("H2", HOUR))
    assert newest_ms(history.query, T0) == T0 + HOUR
    assert newest_ms(history.query, T0, "H1") == T0
    assert newest_ms(history.query, T0, "H1", "power_kw") is None
    assert newest_ms(history.query, T0, "H3") is None


def test_what_is_ahead_of_a_topics_own_clock(history: ChdbHistory) -> None:
    """In another year, and later on the same day: both hide what is true."""
    put(history, ("H1", 0), ("H1", HOUR), ("H1", 5 * HOUR), ("H2", 0), ("H2", YEARS))
    ahead(history, "H2", YEARS)
    assert newest_ms(history.query, T0) == T0 + 5 * HOUR
    ahead(history, "H1", 5 * HOUR)
    assert newest_ms(history.query, T0) == newest_ms(history.query, T0, "H1") == T0 + HOUR
    assert newest_ms(history.query, T0, "H2") == T0


def test_what_a_meter_of_now_has_beyond_the_wall_clock(history: ChdbHistory) -> None:
    put(history, ("H1", 0), ("H1", HOUR), ("H1", YEARS), topic="meter_readings")
    assert newest_ms(history.query, T0 + HOUR) == T0 + HOUR
    assert newest_ms(history.query, T0 + HOUR // 2) == T0
    put(history, ("H2", 2 * HOUR))
    assert newest_ms(history.query, T0) == T0 + 2 * HOUR
