"""The views of any device: what it measures, how it goes, what it has to do with rules."""

from __future__ import annotations

import pyarrow as pa
import pytest
from nicegui.testing import User, user_simulation

from energyguard.catalogue.changes import Edit
from energyguard.model.catalogue import ChannelFacts, Site, Term
from energyguard.page.devices.form import read_fields
from energyguard.page.devices.limit_bars import often
from energyguard.page.elements.components import Tag, card
from energyguard.page.frame.context import PageContext, View
from energyguard.page.measures import beyond
from energyguard.page.measures.series_chart import whole_steps
from energyguard.page.mount import add_pages
from energyguard.page.views import VIEWS
from energyguard.service.beyond_plausible import BeyondPlausible
from energyguard.service.late_sums import LateSums
from tests.application.service import MadeUpService
from tests.application.world import HOUR, START
from tests.page.test_views import plotted, sees
from tests.service.test_late_sums import BEHIND_MS, FRONT_MS, Summing
from tests.waiting import TRIES


async def test_a_meter_has_its_sums_its_course_its_limit_and_its_gaps(user: User) -> None:
    await user.open("/devices/H017")
    await sees(user, "Device that stands nowhere yet")
    await sees(user, "H017 passed 2\u00a0kWh in 15\u00a0min, since Sat 22 Nov")
    await sees(user, "yesterday by 17:")
    await sees(user, "October 2025 up to 22 Oct: ")
    await sees(user, "5,740")
    await sees(user, "1 of 161 hours missing: Sat 22 Nov, 14:00–15:00")
    course = await plotted(user, "line", "Energy of H017")
    assert course["unit"] == "kW"
    assert max(course["ys"]) > 8.6  # its heater
    assert not [t for t in course["xs"] if START - 3 * HOUR <= t < START - 2 * HOUR]
    assert (course["from"], course["to"]) == (START - 17 * HOUR, START + 7 * HOUR)
    assert course["now"].startswith("now ")
    windows = await plotted(user, "bars", "Windows of today")
    assert (windows["limit"], windows["limitName"]) == (2.0, "limit 2\u00a0kWh")
    await sees(user, "above it, 16:15–17:00")


async def test_a_device_has_one_zone_its_sites(user: User, service: MadeUpService) -> None:
    service.enter("site/mill", name="Mill", zone="Asia/Kolkata")
    service.enter("device/H017", name="Saw", site="mill")
    await user.open("/devices/H017")
    await sees(user, "Times in Asia/Kolkata")
    await user.should_not_see("Times in UTC")
    await sees(user, "yesterday by 22:")
    await user.open("/devices/H017?range=6h")
    course = await plotted(user, "line", "Energy of H017")
    assert course["zone"] == "Asia/Kolkata"


async def test_a_range_of_an_older_link_is_still_there(user: User) -> None:
    await user.open("/devices/H017?range=6h")
    course = await plotted(user, "line", "Energy of H017")
    assert course["to"] - course["from"] == 6 * HOUR


def test_how_often_a_limit_would_have_alerted() -> None:
    past = [0.5, 0.9, 0.8, 0.1, 0.9]
    assert often(past, 0.7) == "With 0.700 kWh this would have alerted 2 times in 90 days"
    assert often(past, 2.0) == "With 2.00 kWh this would not have alerted in 90 days"
    assert often([], 2.0) == ""


async def test_a_device_is_named_placed_and_grouped_and_that_is_undone(
    user: User, service: MadeUpService
) -> None:
    service.catalogue.put([Edit("site/home", Site(name="Weber house"))], "mara")
    await user.open("/devices/H017")
    await sees(user, "Nobody has named it yet.")
    user.find(marker="edit-device").click()
    await user.should_see(marker="device", retries=TRIES)
    values = {
        "name": "Heat pump", "site": "+", "new_site": "Cellar", "groups": "Heating",
        "kind": "heat pump", "labels": "floor=0", "rating_kw": "4,5",
        "channels.energy_kwh.cadence": "15 minutes", "channels.energy_kwh.scale": "",
        "channels.energy_kwh.sign": "export",
    }  # fmt: skip
    user.find(marker="device").trigger("submit", values)
    await sees(user, "Cellar")
    await sees(user, "floor=0")
    device = service.catalogue.entries.devices["H017"]
    assert (device.name, device.site, device.groups) == ("Heat pump", "cellar", ("heating",))
    assert device.rating_kw == 4.5
    assert device.channels == {"energy_kwh": ChannelFacts(cadence="15 minutes", sign="export")}
    made, _edits = read_fields(
        values | {"new_site": "weber HOUSE"}, service.catalogue.detail("H001"), service.catalogue
    )
    assert made["site"] == "home"  # a site of this name is there already
    user.find(marker="undo-device").click()
    await sees(user, "It is as it was before")
    assert "H017" not in service.catalogue.entries.devices


async def test_what_cannot_be_is_said_where_it_was_typed(
    user: User, service: MadeUpService
) -> None:
    await user.open("/devices/H017")
    await sees(user, "Nobody has named it yet.")
    user.find(marker="edit-device").click()
    await user.should_see(marker="device", retries=TRIES)
    user.find(marker="device").trigger("submit", {"name": "x", "rating_kw": "much"})
    await sees(user, "much is no number")
    user.find(marker="device").trigger("submit", {"name": "x", "labels": "floor"})
    await sees(user, "floor is no label; write name=value")
    wrong = {"name": "x", "channels.energy_kwh.scale": "much"}
    user.find(marker="device").trigger("submit", wrong)
    await sees(user, "'much' is no decimal above 0")
    assert "H017" not in service.catalogue.entries.devices


async def test_two_people_do_not_lose_each_others_work(user: User, service: MadeUpService) -> None:
    await user.open("/devices/H017")
    await sees(user, "Nobody has named it yet.")
    user.find(marker="edit-device").click()
    await user.should_see(marker="device", retries=TRIES)
    service.catalogue.change("device/H017", "mara", {"name": "Heat pump"})
    user.find(marker="device").trigger("submit", {"name": "Boiler"})
    await sees(user, "mara changed it meanwhile: here is what is there now.")
    assert service.catalogue.entries.devices["H017"].name == "Heat pump"


async def test_a_name_that_somebody_else_gives_is_there_within_a_second(
    user: User, service: MadeUpService
) -> None:
    await user.open("/devices/H017")
    await sees(user, "Nobody has named it yet.")
    service.catalogue.change("device/H017", "mara", {"name": "Boiler"})
    await user.should_see("Boiler", retries=10)
    await user.open("/devices?search=boiler")
    await sees(user, "Boiler")
    service.catalogue.change("device/H017", "mara", {"name": "Boiler room"})
    await user.should_see("Boiler room", retries=10)


async def test_a_virtual_device_is_the_sum_of_others(user: User, service: MadeUpService) -> None:
    service.catalogue.change("device/H001", "mara", {"name": "Main"})
    await user.open("/add")
    user.find(marker="sum").trigger("submit", {"name": "House", "terms": "Main − H002"})
    await sees(user, "House is there")
    await user.open("/devices/house")
    await sees(user, "A sum of others; it sends nothing itself")
    await sees(user, "+ Main − H002")
    drawn = await plotted(user, "bars", "Energy by hour")
    assert drawn["before"] is not None
    await user.should_not_see("Alerts about this sum")
    late = {"H001": FRONT_MS - BEHIND_MS, "H002": FRONT_MS}
    service.late_sums = LateSums(service.log, service.clock)
    service.enter("site/mill", name="Mill")
    service.enter("device/barn", name="Barn", terms=(Term(device="H001"), Term(device="H002")))
    for summed in ("site/mill", "barn"):  # of the house it is known that nothing is late
        Summing(service.log, summed, [*late]).take(late)
    for place in ("/sites/mill", "/devices/barn"):
        await user.open(place)
        await sees(user, "wait for Main, whose readings are complete 45\u00a0min later than those")
    await user.open("/add")
    user.find(marker="sum").trigger("submit", {"name": "Flat", "terms": "Main + Atlantis"})
    await sees(user, "there is no device Atlantis")


async def test_a_sender_waits_for_its_name(user: User, service: MadeUpService) -> None:
    await user.open("/add")
    await sees(user, "51 devices are sending; give them a name")
    user.find(marker="name-H001").trigger("submit", {"name": "Washing machine", "site": ""})
    await sees(user, "Washing machine is there")
    await sees(user, "50 devices are sending; give them a name")
    await user.should_not_see(marker="name-H001", retries=TRIES)
    user.find(marker="ask-H003").click()
    user.find(marker="name-H003").trigger("submit", {"name": "Dryer"})
    await sees(user, "Dryer is there")
    assert service.catalogue.entries.name("H001") == "Washing machine"


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
    await user.should_not_see("against the limit")


async def test_a_device_that_nobody_knows_is_said(user: User) -> None:
    await user.open("/devices/Atlantis")
    await sees(user, "Nothing was heard of Atlantis yet")


async def test_the_list_is_searched_filtered_and_has_pages(
    user: User, service: MadeUpService
) -> None:
    service.catalogue.change("device/H011", "mara", {"name": "Heat pump"})
    await user.open("/devices")
    await sees(user, "page 1 of 2")
    await user.open("/devices?search=h01")
    await sees(user, "10 devices match “h01”")
    names = [e.text for e in user.find(kind=Tag).elements if e.tag == "a" and e.text[:2] == "H0"]
    assert sorted(names) == ["H010", *(f"H0{n}" for n in range(12, 20))]
    await user.open("/devices?state=named")
    await sees(user, "Heat pump")
    await user.open("/devices?search=Atlantis")
    await sees(user, "No device is called so.")


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


async def test_readings_of_a_large_meter_that_count_nothing_are_said(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    await user.open("/devices/H017")
    await sees(user, "5,740")
    await user.should_not_see("count nothing")
    found = BeyondPlausible("energy_register_kwh", 12, 120.0)
    monkeypatch.setattr(beyond, "beyond_plausible", lambda entries: found)
    await user.open("/devices/H018")
    await sees(user, "were set apart, and count nothing: 12. They need about 120\u00a0kW")
    await sees(user, "Greatest plausible power, such as 480\u00a0kW.")


async def test_a_register_sent_as_energies_is_told_so(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beyond, "like_register", lambda entries: True)
    await user.open("/devices/H018")
    await sees(user, "Its energies only rise, as what a meter's register shows")
