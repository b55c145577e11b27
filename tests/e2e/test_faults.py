"""kill -9 of each role under load, at random moments: nothing lost, nothing twice, same bytes."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from energyguard.errors import Unavailable
from energyguard.history.client import HistoryClient
from energyguard.log import Log, open_log
from energyguard.model.topics import ENERGY_ALERTS, ENERGY_READINGS
from energyguard.sources.household import Homes
from energyguard.wire.packed import pack, unpack
from tests.e2e.processes import (
    HOMES,
    START_MS,
    TICK_MS,
    Load,
    Role,
    roles,
    until,
    wait_for_worker,
)
from tests.e2e.undisturbed import progress, readings, rows, undisturbed

KILLS = pytest.mark.parametrize(
    "kills", [5, pytest.param(50, marks=pytest.mark.slow)], ids=lambda n: f"{n} kills"
)
LONGEST_LIFE_S = 1.5


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    opened = open_log(f"sqlite:///{tmp_path / 'data' / 'log.db'}")
    yield opened
    opened.close()


def kill_often(role: Role, kills: int) -> None:
    """kill -9 at random moments of a life, the first ones of it among them."""
    moments = random.Random(f"{role.name}/{kills}")
    for _ in range(kills):
        role.wait_until_there()
        time.sleep(moments.uniform(0.0, LONGEST_LIFE_S))
        role.kill()
        role.start_again()
    role.wait_until_there()


def same_alerts(log: Log, topic: str, tmp_path: Path) -> int:
    """The window alerts are those of an undisturbed run, byte by byte; how many they are."""
    expected = undisturbed(log, topic, tmp_path / "undisturbed.db")
    got = rows(log, ENERGY_ALERTS.name)
    assert got == expected
    many = sum(map(len, got.values()))
    assert many > 100, "too few for this to say anything"
    assert len({headers for part in got.values() for *_, headers in part}) == many
    return many


def history_has(data_dir: Path, load: Load, alerts: int) -> None:
    """The history counts every reading and alert, and their energy, exactly once."""
    client = HistoryClient(data_dir)
    span = {"start_ms": START_MS, "end_ms": START_MS + load.ticks * TICK_MS}
    wanted = {"readings": load.ticks * HOMES, "nano_kwh": load.nano_kwh, "window_alerts": alerts}
    got: dict[str, int] = {}

    def complete() -> bool:
        try:
            totals = client.query("totals", **span).to_pylist()[0]
            alerted = client.query("window_alerts", limit=10**6, **span).num_rows
        except Unavailable:
            return False
        got.update(readings=totals["readings"], nano_kwh=round((totals["kwh"] or 0) * 1e9))
        got["window_alerts"] = alerted
        return all(got[name] >= wanted[name] for name in wanted)

    until(complete)
    assert got == wanted
    client.close()


@KILLS
@pytest.mark.parametrize("victim", ["worker", "history"])
def test_kill_who_reads(victim: str, kills: int, log: Log, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    load = Load(log)
    with roles(data_dir, "worker", "history") as (worker, history):
        load.start()
        kill_often(worker if victim == "worker" else history, kills)
        load.stop()
        wait_for_worker(log)
        worker.stop()
        assert +progress(log, ENERGY_READINGS.name) == {"accepted": load.ticks * HOMES}
        history_has(data_dir, load, same_alerts(log, ENERGY_READINGS.name, tmp_path))
        history.stop()
    assert "Traceback" not in worker.said() + history.said()
