"""Health and lag of the way into the store: told where somebody counts on it, and only there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from energyguard.clock import ManualClock
from energyguard.config import Settings, StoreSettings
from energyguard.ingest import GROUP, TOPICS
from energyguard.log import LATEST
from energyguard.serve.desk import Desk
from energyguard.serve.metrics import Scrape
from energyguard.telemetry import METRICS
from energyguard.testing import MemoryLog
from tests.serve.made import NOON, StandInHistory, send

LAG = 'energyguard_log_lag{group="ingestor",topic="energy_readings"}'


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def log(clock: ManualClock) -> Iterator[MemoryLog]:
    made = MemoryLog(clock)
    yield made
    made.close()


def desk_of(log: MemoryLog, folder: Path, clock: ManualClock, url: str) -> Desk:
    settings = Settings(data_dir=folder, store=StoreSettings(url=url))
    return Desk(log, StandInHistory(), settings, clock)


def take_all(log: MemoryLog) -> None:
    """What an ingestor does."""
    member = log.join(GROUP, TOPICS)
    with log.transaction(member) as transaction:
        for topic in TOPICS:
            transaction.move(log.positions(topic, LATEST))
    member.leave()


def test_what_waits_for_the_store_for_long_is_told(
    log: MemoryLog, clock: ManualClock, tmp_path: Path
) -> None:
    desk = desk_of(log, tmp_path, clock, "ring://127.0.0.1:1")
    send(log, ("H1", 0, 0.1))
    assert desk.health().parts["ingestor"] == "ok"
    clock.sleep(50)
    send(log, ("H1", 15, 0.1))
    clock.sleep(15)
    health = desk.health()
    assert health.parts["ingestor"] == "2 records wait for the store, the oldest for 65 s"
    take_all(log)
    assert desk.health().parts["ingestor"] == "ok"
    clock.sleep(3600)
    assert desk.health().parts["ingestor"] == "ok"
    desk.close()


def test_readings_are_taken_all_the_same(
    log: MemoryLog, clock: ManualClock, tmp_path: Path
) -> None:
    with desk_of(log, tmp_path, clock, "ring://127.0.0.1:1") as desk:
        send(log, ("H1", 0, 0.1))
        clock.sleep(3600)
        health = desk.health()
        assert health.ready
        assert health.parts["ingestor"] != "ok"


def test_nobody_hears_of_an_ingestor_that_nobody_counts_on(
    log: MemoryLog, clock: ManualClock, tmp_path: Path
) -> None:
    METRICS["log_lag"].clear()
    desk = desk_of(log, tmp_path, clock, "")
    send(log, ("H1", 0, 0.1))
    clock.sleep(3600)
    assert "ingestor" not in desk.health().parts
    assert "ingestor" not in Scrape(desk).text().decode()
    take_all(log)  # but one was at work
    send(log, ("H1", 15, 0.1))
    clock.sleep(3600)
    assert "1 records wait" in desk.health().parts["ingestor"]
    assert f"{LAG} 1.0" in Scrape(desk).text().decode()
    desk.close()
