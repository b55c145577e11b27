"""The views over the real service: what is appended is shown, a click is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from nicegui.testing import User, user_simulation

from energyguard.model.alerts import State
from energyguard.page.mount import add_pages
from energyguard.service.service import EnergyService
from energyguard.settings.tree import Settings
from energyguard.testing import MemoryLog
from tests.service.made import StandInHistory, alert_event, raise_alerts, send
from tests.waiting import TRIES, until


@pytest.fixture
def log() -> Iterator[MemoryLog]:
    made = MemoryLog()
    yield made
    made.close()


@pytest.fixture
def real_service(log: MemoryLog, tmp_path: Path) -> Iterator[EnergyService]:
    with EnergyService(log, StandInHistory(), Settings(data_dir=tmp_path)) as service:
        yield service


@pytest.fixture
async def someone(real_service: EnergyService) -> AsyncIterator[User]:
    async with user_simulation() as user:
        add_pages(real_service)
        yield user


@pytest.mark.parametrize("path", ["/", "/households", "/alerts", "/data"])
async def test_an_empty_service_without_a_history_shows_every_view(
    someone: User, path: str
) -> None:
    await someone.open(path)
    await someone.should_see("No data yet", retries=TRIES)


async def test_readings_and_an_alert_come_up_and_an_acknowledgement_goes_down(
    someone: User, real_service: EnergyService, log: MemoryLog
) -> None:
    send(log, ("H017", 0, 0.2), ("H003", 0, 0.1), ("H017", 60, 0.2), ("H003", 60, 0.1))
    event = alert_event()
    raise_alerts(log, event)
    until(lambda: real_service.book.open() and real_service.live.newest_ms())
    await someone.open("/")
    await someone.should_see("2 meters", retries=TRIES)
    await someone.should_see("H017 passed 2", retries=TRIES)
    await someone.open(f"/alerts/{event.id}")
    someone.find(marker="take").click()
    await someone.should_see("You have it", retries=TRIES)
    assert real_service.book.get(event.id).state is State.ACKNOWLEDGED


async def test_a_threshold_set_on_the_page_is_in_the_log(
    someone: User, real_service: EnergyService, log: MemoryLog
) -> None:
    await someone.open("/rules")
    await someone.should_see(marker="change-household-prod", retries=TRIES)
    someone.find(marker="change-household-prod").click()
    await someone.should_see(marker="rule-household-prod", retries=TRIES)
    someone.find(marker="rule-household-prod").trigger("submit", {"raise_above": "1.5"})
    await someone.should_see("household-prod was changed", retries=TRIES)
    until(lambda: real_service.rules.get("household-prod").level == 1_500_000_000)


async def test_a_refused_row_is_shown_with_its_bytes(
    someone: User, real_service: EnergyService
) -> None:
    bad = b"2025-09-06T12:00:00Z,H001,n/a\n2025-09-06T12:00:00Z,H002,0.1\n"
    real_service.take_readings(bad, "csv")
    await someone.open("/quality")
    await someone.should_see("2025-09-06T12:00:00Z,H001,n/a", retries=TRIES)


async def test_where_a_third_of_the_meters_is_silent_home_does_not_call_it_well(
    someone: User, real_service: EnergyService, log: MemoryLog
) -> None:
    send(log, *((device, s, 0.2) for s in (0, 60, 120) for device in ("H001", "H003", "H017")))
    for device in ("H001", "H003"):
        send(log, *((device, 60 * minute, 0.2) for minute in range(3, 13 * 60)))
    until(real_service.live.newest_ms)
    await someone.open("/")
    await someone.should_see("▲ 2 of 3 meters up to date", retries=TRIES)
