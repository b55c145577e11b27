"""The views of any device: what it measures, how it goes, what it has to do with rules."""

from __future__ import annotations

import pyarrow as pa
from nicegui.testing import User, user_simulation

from energyguard.page.components import Tag, card
from energyguard.page.context import PageContext, View
from energyguard.page.mount import add_pages
from energyguard.page.series_chart import whole_steps
from energyguard.page.views import VIEWS
from tests.application.service import MadeUpService
from tests.application.world import HOUR, START
from tests.page.test_views import plotted, sees


async def test_a_meter_has_its_course_its_rule_its_alerts_and_its_gaps(user: User) -> None:
    await user.open("/devices/H017?range=6h")
    await sees(user, "H017 used")
    await sees(user, "H017 passed 2.0 kWh in 15 minutes")
    await sees(user, "5,740")
    await sees(user, "no readings Sat 22 Nov, 14:00–15:00")
    await sees(user, "1 h missing")
    await sees(user, "kWh, interval")
    course = await plotted(user, "line", "energy_kwh of H017")
    assert course["unit"] == "kW"
    assert (await plotted(user, "line", "H017 used"))["limit"] == 2.0
    assert max(course["ys"]) > 8.6  # its heater
    assert not [t for t in course["xs"] if START - 3 * HOUR <= t < START - 2 * HOUR]


def test_a_step_that_is_under_way_is_no_dip() -> None:
    steps = pa.table({"time": [0, 60, 120], "readings": [4, 4, 3], "value": [8.0, 8.0, 6.0]})
    assert whole_steps(steps)["time"].to_pylist() == [0, 60]
    hourly = pa.table({"time": [0, 60], "readings": [1, 1], "value": [8.0, 8.0]})
    assert whole_steps(hourly)["time"].to_pylist() == [0, 60]
    assert whole_steps(steps.slice(2))["time"].to_pylist() == [120]


async def test_a_level_has_the_threshold_of_its_rule_on_its_course(
    user: User, service: MadeUpService
) -> None:
    service.use_rules(["too-warm"], by="mara")
    await user.open("/devices/thermometer?range=1h")
    await sees(user, "temperature_c")
    course = await plotted(user, "line")
    assert (course["unit"], course["limit"]) == ("°C", 28.0)
    assert len(course["xs"]) > 3_500
    await user.should_not_see("Against its rules")


async def test_a_device_that_nobody_knows_is_said(user: User) -> None:
    await user.open("/devices/Atlantis")
    await sees(user, "Nothing was heard of Atlantis yet")


async def test_the_list_is_searched_and_sorted(user: User) -> None:
    await user.open("/devices")
    await sees(user, "51 devices")
    await user.open("/devices?search=h01&by=kwh")
    await sees(user, "10 devices")
    names = [e.text for e in user.find(kind=Tag).elements if e.tag == "a" and e.text[:2] == "H0"]
    assert sorted(names) == [f"H0{n}" for n in range(10, 20)]
    await user.open("/devices?by=alerts")
    await sees(user, "1 open")
    await user.open("/devices?search=Atlantis")
    await sees(user, "No device has such a name.")


async def test_without_devices_it_says_what_to_do(nobody: User) -> None:
    await nobody.open("/devices")
    await sees(nobody, "energyguard up")


async def test_a_view_from_elsewhere_is_a_row_and_a_builder(service: MadeUpService) -> None:
    def build(context: PageContext) -> None:
        with card("Panels on the roof", "c12"):
            Tag("p", f"{len(context.cache.service.live.devices())} devices, in {context.zone}")

    async with user_simulation() as user:
        add_pages(service, (*VIEWS, View("/solar", "Solar", "brand", build)))
        await user.open("/")
        await sees(user, "Solar")
        await user.open("/solar")
        await sees(user, "50 devices, in UTC")
