"""Readings ahead of time are set aside by a person: raw rows stay, default ranges pass them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from energyguard.cli.ask.quality import counted, judged, put_aside
from energyguard.clock import ManualClock
from energyguard.history.chdb import ChdbHistory
from energyguard.history.newest import newest_ms
from energyguard.history.people import People
from energyguard.intake.gateway import Gateway
from energyguard.log import Log, open_log
from energyguard.model.readings import batch_of
from energyguard.model.topics import ENERGY_READINGS, METER_READINGS
from energyguard.sinks.archive import Archive

T0 = 1_757_116_800_000
YEARS = 5 * 365 * 86_400_000


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    opened = open_log(f"sqlite:///{tmp_path}/log.db", ManualClock(T0))
    yield opened
    opened.close()


@pytest.mark.parametrize("topic", [ENERGY_READINGS.name, METER_READINGS.name])
def test_what_is_set_aside_ends_no_default_range(log: Log, tmp_path: Path, topic: str) -> None:
    history = ChdbHistory(tmp_path / "history")
    try:
        archive = Archive(history, log, 0.1, People(tmp_path))
        times = [T0, T0 + 1000, T0 + YEARS]
        Gateway(log, ManualClock(T0)).submit(
            batch_of(["H1"] * 3, "energy_kwh", times, [10**9] * 3), topic
        )
        archive.step(0)
        archive.settle()
        of_any = topic == ENERGY_READINGS.name
        found = counted(history, T0 + 10_000, judged(history), of_any_topic=of_any)
        assert found["time_ms"].to_pylist() == [T0 + YEARS]
        put_aside(log, found)
        archive.step(0)
        archive.settle()
        assert judged(history) == {("H1", "energy_kwh"): [T0 + YEARS]}
        assert newest_ms(history.query, T0 + 2 * YEARS) == T0 + 1000
        assert counted(history, T0, judged(history), of_any_topic=True).num_rows == 2
        rows = history.query("all_readings", device="", start_ms=0, end_ms=2 * (T0 + YEARS))
        assert rows.num_rows == 3
    finally:
        history.close()
