"""Rules of every kind on the page: their alerts, their levels, and the lines that they draw."""

from __future__ import annotations

from pathlib import Path

import pytest
from nicegui.testing import User

from energyguard.model.quantities import NANO
from tests.application.kinds import IDS, service_of_kinds
from tests.application.service import MadeUpService
from tests.page.test_views import plotted, sees

WHY = {
    "climbs": "above the limit of 60 °C/h.",
    "mute": "H003 has sent nothing for 10\u00a0min",
    "cold": "The lowest is 14.763 °C",
    "idle": "below the limit of 1 kWh.",
    "thirsty": "H002 passed 1.5 kWh in",
    "peaks": "H002 was on the way to 21.6\u00a0kW in 15\u00a0min, limit 20\u00a0kW",
}


@pytest.fixture
def service(tmp_path: Path) -> MadeUpService:
    return service_of_kinds(tmp_path)


async def test_an_alert_of_every_kind_says_why(user: User, service: MadeUpService) -> None:
    for name in IDS:
        alert = service.book.find(rule=name)[0]
        await user.open(f"/alerts?alert={alert.id}")
        words = WHY[name].replace(" kWh", "\u00a0kWh").replace(" °C", "\u00a0°C")
        await sees(user, words)


async def test_windows_around_an_alert_have_its_level_and_its_side(
    user: User, service: MadeUpService
) -> None:
    for name in ("idle", "thirsty"):
        alert = service.book.find(rule=name)[0]
        await user.open(f"/alerts?alert={alert.id}")
        drawn = await plotted(user, "line")
        assert drawn["below"] is alert.is_below is (name == "idle")
        assert drawn["limit"] == alert.expected / NANO
        if alert.is_below:
            during = [
                y for x, y in zip(drawn["xs"], drawn["ys"], strict=True) if x >= alert.since_ms
            ]
            await sees(user, f"The lowest is {min(during):.3f}".rstrip("0"))


async def test_a_home_stands_against_rules_of_both_sides(
    user: User, service: MadeUpService
) -> None:
    for name, level, words in (
        ("idle", "30", "below it, "),
        ("idle", "0.001", "none below it today"),
        ("thirsty", "0.001", "above it, "),
        ("thirsty", "30", "none above it today"),
    ):
        service.use_rules([name], by="mara")
        service.change_rule(name, by="mara", **{service.rules.get(name).limit: level})
        await user.open("/devices/H017")
        await sees(user, words)
        drawn = await plotted(user, "bars", "Windows of today")
        assert (drawn["limit"], drawn["below"]) == (float(level), name == "idle")


async def test_many_windows_are_stood_for_by_the_furthest(user: User) -> None:
    """A week has more windows than a chart has points."""
    await user.open("/households?device=H017&range=7d")
    drawn = await plotted(user, "line", "H017 used")
    assert len(drawn["xs"]) <= 720
    assert max(drawn["ys"]) > 0.5


async def test_a_state_has_its_level_on_the_course_of_its_channel(
    user: User, service: MadeUpService
) -> None:
    await user.open("/devices/thermometer?range=1h")
    drawn = await plotted(user, "line", "Temperature of thermometer")
    assert (drawn["limit"], drawn["below"]) == (16.0, True)
    assert drawn["limitName"] == "limit 16\u00a0°C"


async def test_a_demand_is_drawn_by_whole_quarters_of_an_hour(
    user: User, service: MadeUpService
) -> None:
    alert = service.book.find(rule="peaks")[0]
    await user.open(f"/alerts?alert={alert.id}")
    drawn = await plotted(user, "line")
    assert (drawn["limit"], drawn["unit"]) == (20.0, "kW")
    assert drawn["xs"]
    assert all(x % 900_000 == 0 for x in drawn["xs"])
