"""Health and lag of the way into the store: told where somebody counts on it, and only there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pytest

from energyguard.api.metrics import Scrape
from energyguard.clock import ManualClock
from energyguard.domains.charging.topics import SIGNALS
from energyguard.log import LATEST, Records
from energyguard.model.notify import News, Standing
from energyguard.model.topics import DELIVERIES
from energyguard.notify.deliveries import delivery_records, key_of_delivery
from energyguard.pipeline import INGESTOR
from energyguard.records.notify import AlertDelivery
from energyguard.service.notify.contract import RouteFields
from energyguard.service.service import EnergyService
from energyguard.settings.tree import Settings, StoreSettings
from energyguard.telemetry import METRICS
from energyguard.testing import MemoryLog
from tests.service.made import NOON, StandInHistory, send

LAG = 'energyguard_log_lag{group="ingestor",topic="energy_readings"}'


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def log(clock: ManualClock) -> Iterator[MemoryLog]:
    made = MemoryLog(clock)
    yield made
    made.close()


def service_of(log: MemoryLog, folder: Path, clock: ManualClock, url: str) -> EnergyService:
    settings = Settings(data_dir=folder, store=StoreSettings(url=url))
    return EnergyService(log, StandInHistory(), settings, clock)


def scraped(service: EnergyService) -> str:
    return Scrape(service).text().decode()


def take_all(
    log: MemoryLog, group: str = INGESTOR.group, topics: Sequence[str] = INGESTOR.topics
) -> None:
    """What an ingestor does, or another group."""
    member = log.join(group, topics)
    with log.transaction(member) as transaction:
        for topic in topics:
            transaction.move(log.positions(topic, LATEST))
    member.leave()


def test_what_waits_for_the_store_for_long_is_told(
    log: MemoryLog, clock: ManualClock, tmp_path: Path
) -> None:
    service = service_of(log, tmp_path, clock, "ring://127.0.0.1:1")
    send(log, ("H1", 0, 0.1))
    assert service.health().parts["ingestor"] == "ok"
    clock.sleep(50)
    send(log, ("H1", 15, 0.1))
    clock.sleep(15)
    health = service.health()
    assert health.parts["ingestor"] == "2 records wait for the store, one of them for 65 s"
    take_all(log)
    assert service.health().parts["ingestor"] == "ok"
    clock.sleep(3600)
    assert service.health().parts["ingestor"] == "ok"
    service.close()


def test_signals_that_wait_for_long_are_told(
    log: MemoryLog, clock: ManualClock, tmp_path: Path
) -> None:
    service = service_of(log, tmp_path, clock, "")
    assert "sessions" not in service.health().parts, "without chargers nobody waits for it"
    log.append(SIGNALS.name, Records([b"charger-7"], [b"{}"], partitions=[7]))
    assert service.health().parts["sessions"] == "ok"
    clock.sleep(65)
    said = service.health().parts["sessions"]
    assert said == "1 records wait for the role sessions, one of them for 65 s"
    assert 'lag{group="sessions",topic="charger-station-signals"} 1.0' in scraped(service)
    take_all(log, "sessions", [SIGNALS.name])
    assert service.health().parts["sessions"] == "ok"
    service.close()


def test_routes_whose_last_message_failed_are_named_and_nothing_else_of_them(
    log: MemoryLog, clock: ManualClock, tmp_path: Path
) -> None:
    with service_of(log, tmp_path, clock, "") as service:
        for name in ("desk", "night"):
            service.routes.put(name, RouteFields(address="https://1.1.1.1/secret"), "mara")
        assert "routes" not in service.health().parts
        failed = AlertDelivery(
            route="desk", news=News.FIRING, standing=Standing.FAILED, at_ms=1, alert="a1",
            reason="1.1.1.1 says 404",
        )  # fmt: skip
        log.append(DELIVERIES.name, delivery_records({key_of_delivery(failed): failed}))
        health = service.health()
        assert health.ready
        said = "the last message failed: desk; `energyguard notify log` says why"
        assert health.parts["routes"] == said
        sent = msgspec.structs.replace(failed, alert="a2", standing=Standing.SENT, at_ms=2)
        log.append(DELIVERIES.name, delivery_records({key_of_delivery(sent): sent}))
        assert "routes" not in service.health().parts


def test_readings_are_taken_all_the_same(
    log: MemoryLog, clock: ManualClock, tmp_path: Path
) -> None:
    with service_of(log, tmp_path, clock, "ring://127.0.0.1:1") as service:
        send(log, ("H1", 0, 0.1))
        clock.sleep(3600)
        health = service.health()
        assert health.ready
        assert health.parts["ingestor"] != "ok"


def test_nobody_hears_of_an_ingestor_that_nobody_counts_on(
    log: MemoryLog, clock: ManualClock, tmp_path: Path
) -> None:
    METRICS["log_lag"].clear()
    service = service_of(log, tmp_path, clock, "")
    send(log, ("H1", 0, 0.1))
    clock.sleep(3600)
    assert "ingestor" not in service.health().parts
    assert "ingestor" not in scraped(service)
    take_all(log)  # but one was at work
    send(log, ("H1", 15, 0.1))
    clock.sleep(3600)
    assert "1 records wait" in service.health().parts["ingestor"]
    assert f"{LAG} 1.0" in scraped(service)
    service.close()
