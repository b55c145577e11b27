"""What is usual on a household's own chart: the band of window sums, and its sentence."""

from __future__ import annotations

import pytest
from nicegui.testing import User

from energyguard.errors import NotFound
from energyguard.page.measures.baseline import usual_sum, usual_sums
from energyguard.rules.profile.calendar import HALF_HOUR_MS, SLOTS, slot_label
from energyguard.service.profiles import DeviceProfile, DeviceProfiles, UsualHalfHour
from tests.application.service import MadeUpService
from tests.application.world import HOUR, START
from tests.page.test_views import plotted, sees

MONDAY = START + 31 * HOUR  # 2025-11-24 00:00 UTC
QUARTER = HOUR // 4
UNKNOWN = 4
"""The half-hour of Monday of which nothing is known."""


def usual(slot: int) -> UsualHalfHour:
    """0.2 to 1 kWh in each; from Monday 01:00 on twice as much; at 02:00 nobody knows."""
    times = 1.0 if slot < 2 else 2.0
    if slot == UNKNOWN:
        return UsualHalfHour(slot_label(slot), None, None, None, None, 1)
    return UsualHalfHour(slot_label(slot), 0.6 * times, 0.1, 0.2 * times, 1.0 * times, 9)


def profile(unit: str = "kWh", device: str = "H017") -> DeviceProfile:
    half_hours = tuple(usual(slot) for slot in range(SLOTS))
    return DeviceProfile(
        device, "energy_kwh", "household-profile", unit, "UTC", (), "up", half_hours
    )


class HomeProfiles(DeviceProfiles):
    """Of one household something is known."""

    def get(self, device: str, channel: str = "", rule: str = "") -> DeviceProfile:
        if (device, channel) != ("H017", "energy_kwh"):
            raise NotFound(device)
        return profile()


@pytest.mark.parametrize(("unit", "of_half_hour"), [("kWh", 1.0), ("kW", 0.5)])
def test_a_window_may_have_its_part_of_its_half_hours(unit: str, of_half_hour: float) -> None:
    band = usual_sums(profile(unit), QUARTER, MONDAY + QUARTER, MONDAY + 6 * QUARTER)
    assert (band["xs"][0], band["xs"][-1]) == (MONDAY + QUARTER, MONDAY + 6 * QUARTER)
    for at, high in ((2, 0.5), (4, 0.5), (4.5, 0.75), (5, 1.0), (6, 1.0)):
        found = usual_sum(band, MONDAY + int(at * QUARTER))
        assert found == pytest.approx((0.2 * high * of_half_hour, high * of_half_hour))


def test_a_longer_window_has_that_of_several_half_hours() -> None:
    band = usual_sums(profile(), 2 * HOUR, MONDAY + 2 * HOUR, MONDAY + 2 * HOUR)
    assert usual_sum(band, MONDAY + 2 * HOUR) == pytest.approx((1.2, 6.0))


def test_a_window_with_an_unknown_half_hour_has_no_band() -> None:
    unknown = MONDAY + UNKNOWN * HALF_HOUR_MS
    band = usual_sums(profile(), QUARTER, MONDAY, MONDAY + 4 * HOUR)
    holes = [x for x, low in zip(band["xs"], band["low"], strict=True) if low is None]
    assert holes == [unknown + QUARTER, unknown + HALF_HOUR_MS]
    assert usual_sum(band, unknown + QUARTER) is None
    assert usual_sum(band, unknown) == pytest.approx((0.2, 1.0))
    assert usual_sum(band, unknown + HALF_HOUR_MS + QUARTER) == pytest.approx((0.2, 1.0))


async def test_the_chart_of_a_household_has_its_usual_band(
    user: User, service: MadeUpService
) -> None:
    facts = service.catalogue.rule_facts
    service.profiles = HomeProfiles(service.log, service.live.device, facts, service.clock)
    await user.open("/households?device=H017&range=1h")
    await sees(user, "Usual: 0.200–1.00\u00a0kWh.")
    data = await plotted(user, "line", "H017 used")
    assert data["band"]["low"] == pytest.approx([0.2] * len(data["band"]["xs"]))
    assert data["band"]["high"] == pytest.approx([1.0] * len(data["band"]["xs"]))
    assert data["band"]["xs"][0] <= data["from"] < data["to"] <= data["band"]["xs"][-1]
    assert (data["limit"], data["band"]["raises"]) == (2.0, False)


async def test_without_a_profile_there_is_none(user: User) -> None:
    await user.open("/households?device=H003&range=1h")
    await sees(user, "H003 used")
    assert "band" not in await plotted(user, "line", "H003 used")
    await user.should_not_see("Usual:")
