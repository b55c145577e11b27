"""What the service knows of devices: from the log, the alerts and a real history; over HTTP too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from energyguard.errors import NotFound
from energyguard.history.chdb import ChdbHistory
from energyguard.history.rollups import RollUps
from energyguard.intake.gateway import Gateway
from energyguard.model.readings import batch_of
from energyguard.model.topics import METER_READINGS
from energyguard.service.devices import ReadingGap
from energyguard.service.service import EnergyService
from energyguard.settings.tree import Settings
from energyguard.testing import MemoryLog
from tests.application.client import client_of, ok
from tests.history.made import T0, readings
from tests.service.made import NOON, StandInHistory, alert_event, raise_alerts, send
from tests.waiting import until

HOUR, MINUTE, KWH = 3_600_000, 60_000, 10**9
TIMES = [minute * MINUTE for minute in range(180) if not 60 <= minute < 90]
DAY = {"start_ms": T0, "end_ms": T0 + 24 * HOUR}


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChdbHistory]:
    """Three hours of a meter with half an hour missing, and what the worker set apart of it."""
    history = ChdbHistory(tmp_path_factory.mktemp("devices"))
    table = readings([("H017", ms, KWH) for ms in TIMES])
    history.insert("readings", table)
    rollups = RollUps(history)
    rollups.mark("readings", table)
    rollups.settle()
    row = {
        "topic": "energy_readings", "partition": 0, "device": "H017", "channel": "energy_kwh",
        "value": KWH, "sequence": 0,
    }  # fmt: skip
    apart = [("late", 5, 0), ("late", 5, 1), ("late", 5, 1), ("ahead", 6, 0)]
    history.insert(
        "late",
        pa.Table.from_pylist(
            [
                row | {"verdict": verdict, "offset": offset, "place": place, "time_ms": T0 + MINUTE}
                for verdict, offset, place in apart
            ]
        ),
    )
    yield history
    history.close()


@pytest.fixture
def service(log: MemoryLog, past: ChdbHistory, tmp_path: Path) -> Iterator[EnergyService]:
    with EnergyService(log, past, Settings(data_dir=tmp_path)) as opened:
        yield opened


def test_a_device_of_the_past_has_its_gaps_and_what_became_of_its_readings(
    service: EnergyService,
) -> None:
    found = service.devices.detail("H017", **DAY)
    (channel,) = found.channels
    assert (channel.unit, channel.first_ms, channel.last_ms) == ("kWh", T0, T0 + TIMES[-1])
    assert (channel.readings, channel.value, channel.silent) == (150, None, True)
    assert found.verdicts == {"kept": 150, "late": 2, "ahead": 1}  # a row that came twice is one
    assert found.gaps == ()  # of a day; a quarter of an hour is a step there
    near = service.devices.detail("H017")
    assert (near.start_ms, near.end_ms) == (T0 + TIMES[-1] + 1 - 24 * HOUR, T0 + TIMES[-1] + 1)
    hours = service.devices.detail("H017", T0, T0 + 3 * HOUR)
    assert hours.gaps == (ReadingGap("energy_kwh", T0 + HOUR, T0 + 90 * MINUTE),)


def test_the_list_has_what_is_live_and_what_was(service: EnergyService, log: MemoryLog) -> None:
    send(log, ("H003", 0, 0.1), ("H003", 60, 0.1))
    raise_alerts(log, alert_event())
    until(lambda: service.book.open() and service.live.newest_ms())
    live, old = service.devices.summaries(T0, T0 + HOUR)
    assert (live.device, live.silent, live.kwh, live.open_alerts) == ("H003", False, None, 0)
    assert live.kw == pytest.approx(6.0)
    assert (old.device, old.silent, old.kwh, old.open_alerts) == ("H017", True, 60.0, 1)


def test_a_simulated_home_with_a_past_of_a_meter_sends(
    service: EnergyService, log: MemoryLog
) -> None:
    send(log, ("H003", 0, 0.1), ("H003", 60, 0.2))
    past = batch_of(["H003"], "energy_kwh", [NOON - HOUR], [KWH])
    Gateway(log).submit(past, METER_READINGS.name)
    until(lambda: len(service.live.device("H003")) == 2)
    (shown,) = service.devices.detail("H003").channels
    assert (shown.topic, shown.value, shown.silent) == ("energy_readings", 0.2, False)


def test_without_a_history_there_is_what_is_live(log: MemoryLog, tmp_path: Path) -> None:
    with EnergyService(log, StandInHistory(), Settings(data_dir=tmp_path)) as service:
        send(log, ("H003", 0, 0.1), ("H003", 60, 0.1))
        until(service.live.newest_ms)
        (row,) = service.devices.summaries(T0, T0 + HOUR)
        assert (row.device, row.kwh, row.alerts) == ("H003", None, None)
        found = service.devices.detail("H003")
        assert (found.channels[0].value, found.channels[0].readings) == (0.1, None)
        with pytest.raises(NotFound, match="no device 'H004' has sent anything yet"):
            service.devices.detail("H004")


async def test_over_http(service: EnergyService) -> None:
    async with client_of(service) as http:
        span = "start=2025-09-06T00:00:00Z&end=2025-09-06T03:00:00Z"
        (row,) = await ok(http.get(f"/device-summaries?{span}"))
        assert (row["device"], row["channels"], row["last_ms"]) == (
            "H017", ["energy_kwh"], T0 + TIMES[-1],
        )  # fmt: skip
        assert await ok(http.get(f"/device-summaries?{span}&search=h01&sort=kwh")) == [row]
        assert await ok(http.get(f"/device-summaries?{span}&search=h02")) == []
        detail = await ok(http.get("/devices/H017/detail"))
        assert detail["verdicts"] == {"kept": 150, "late": 2, "ahead": 1}
        assert (await http.get("/devices/H018/detail")).status_code == 404
