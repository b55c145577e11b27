"""What is usual for a device: asked of the service, over HTTP, and drawn as a band."""

from __future__ import annotations

import pytest

from energyguard.errors import NotFound
from energyguard.model.channels import MS_PER_HOUR
from energyguard.page.measures.baseline import usual_band
from energyguard.rules.kinds.unusual import UnusualRule
from energyguard.service.service import EnergyService
from energyguard.stream.windows.detector import detector_worker
from energyguard.testing import MemoryLog
from tests.application.client import client_of, ok
from tests.stream.test_worker import work
from tests.stream.windows.test_detector import book
from tests.stream.windows.test_learning import RULE, SETTINGS, TOPIC, fill
from tests.stream.windows.test_windows import START
from tests.waiting import until

NOON, NIGHT = 24, 4
"""Half-hours of Monday: 12:00 and 02:00."""


@pytest.fixture
def learned(log: MemoryLog, service: EnergyService) -> EnergyService:
    """Fifteen days of homes that draw 5 kW by day and 1 kW by night, and a detector's snapshot."""
    fill(log, 0, 15)
    detector = detector_worker(log, book(RULE), SETTINGS, [TOPIC])
    work(detector, 2_000)
    detector.drain()
    until(lambda: bool(service.live.device("H1")))
    return service


def test_what_is_usual_is_what_the_detector_learned(learned: EnergyService) -> None:
    profile = learned.profiles.get("H1")
    assert (profile.channel, profile.rule, profile.unit) == ("power_kw", "usual", "kW")
    assert len(profile.half_hours) == 336
    noon, night = profile.half_hours[NOON], profile.half_hours[NIGHT]
    assert noon.half_hour == "Mon 12:00–12:30"
    for half_hour, kw in ((noon, 5), (night, 1)):
        assert half_hour.known_from == 10  # workdays: it began on a Saturday
        assert half_hour.usual == pytest.approx(kw, rel=0.05)
        assert half_hour.usual is not None and half_hour.sigma is not None
        assert half_hour.high == pytest.approx(half_hour.usual + 5 * half_hour.sigma)
        assert half_hour.low == pytest.approx(half_hour.usual - 5 * half_hour.sigma)
    sunday = profile.half_hours[6 * 48 + NOON]
    assert (sunday.usual, sunday.high, sunday.known_from) == (None, None, 2)


def test_what_nobody_learned_is_not_found(learned: EnergyService) -> None:
    for device, channel in (("H9", ""), ("H1", "voltage_v")):
        with pytest.raises(NotFound, match="nothing is known of what is usual"):
            learned.profiles.get(device, channel)


def test_the_band_has_a_step_for_each_half_hour_and_holes_where_nothing_is_known(
    learned: EnergyService,
) -> None:
    monday = START + 2 * 24 * MS_PER_HOUR
    profile = learned.profiles.get("H1")
    band = usual_band(profile, monday - MS_PER_HOUR // 4, monday + MS_PER_HOUR)
    assert band["xs"][::2] == [monday + n * MS_PER_HOUR // 2 for n in (-1, 0, 1)]
    assert band["low"][:2] == [None, None]  # Sunday
    assert band["high"][2:] == [high for n in (0, 1) for high in [profile.half_hours[n].high] * 2]
    assert band["raises"] is True


async def test_it_is_told_over_http(learned: EnergyService) -> None:
    async with client_of(learned) as client:
        answer = await ok(client.get("/devices/H1/profile", params={"channel": "power_kw"}))
        assert answer["half_hours"][NOON]["known_from"] == 10
        other = await client.get("/devices/H1/profile", params={"channel": "voltage_v"})
        assert other.status_code == 404


async def test_the_band_of_unusual_use_is_what_the_detector_goes_by_in_its_next_slot(
    log: MemoryLog, service: EnergyService
) -> None:
    rule = UnusualRule(id="unlike", channels=("power_kw",), zone="Europe/Rome")
    fill(log, 0, 3)
    detector = detector_worker(log, book(rule, RULE), SETTINGS, [TOPIC])
    work(detector, 2_000)
    detector.drain()
    until(lambda: bool(service.live.device("H1")))
    profile = service.profiles.get("H1")
    assert (profile.rule, profile.unit, profile.direction) == ("unlike", "kW", "")
    async with client_of(service) as client:  # of two rules by the one that is named
        answer = await ok(client.get("/devices/H1/profile", params={"rule": RULE.id}))
    assert (answer["rule"], answer["direction"]) == (RULE.id, RULE.direction)
    ((_, noon),) = profile.over(START + 60 * MS_PER_HOUR, START + 60 * MS_PER_HOUR + 1)
    assert noon.low is not None and noon.high is not None and noon.usual is not None
    assert 0 < noon.low < noon.usual < noon.high < 12
    assert usual_band(profile, START, START + MS_PER_HOUR)["raises"] is False
