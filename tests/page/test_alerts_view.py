"""The list of alerts: names and places, search and filters, several at once, what is silenced."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from nicegui.testing import User

from energyguard.model.alerts import State
from energyguard.page.elements.components import Tag
from tests.alerts.test_flapping import comes, ends_of
from tests.application.service import MadeUpService
from tests.notifier.made import silent
from tests.page.test_views import sees
from tests.waiting import TRIES


@pytest.fixture
def service() -> MadeUpService:
    made = MadeUpService()
    made.enter("site/lindenhof", name="Lindenhof 12", zone="Europe/Berlin")
    made.enter("site/second", name="Second floor", parent="lindenhof")
    made.enter("device/H017", name="Heat pump", site="second")
    made.enter("device/H029", name="Old oven", site="lindenhof")
    return made


def rows(user: User) -> list[str]:
    """The alerts in the list, as they are marked."""
    return [
        str(tag.props["data-alert"])
        for tag in user.find(kind=Tag).elements
        if "data-alert" in tag.props
    ]


async def so(true: Callable[[], bool]) -> None:
    for _ in range(TRIES):
        if true():
            return
        await asyncio.sleep(0.05)
    raise AssertionError


async def test_alerts_have_names_and_places_and_the_zone_of_their_site(user: User) -> None:
    await user.open("/alerts")
    await sees(user, "Heat pump passed 2\u00a0kWh in 15\u00a0min")
    await sees(user, "Lindenhof 12 › Second floor · since Sat 22 Nov, 17:34")  # 16:34 UTC
    await sees(user, "H003 passed 2\u00a0kWh in 15\u00a0min")


async def test_silences_of_one_floor_are_one_row_that_opens(
    user: User, service: MadeUpService
) -> None:
    for device in ("P1", "P2", "P3"):
        service.enter(f"device/{device}", name=f"Plug {device}", site="second")
    for device in ("P1", "P2"):
        service.book.tell(silent(device), 5)
    await user.open("/alerts")
    await sees(user, "Lindenhof 12, Second floor: 2 of 4 devices silent since Sat 6 Sep, 14:00")
    (row,) = [tag for tag in user.find(kind=Tag).elements if "data-incident" in tag.props]
    assert "open" not in row.props
    assert {str(tag.props.get("data-alert")) for tag in row.descendants()} > {"P1", "P2"}
    await user.open("/alerts/P2")  # whoever looks at one of them sees it in the list
    (row,) = [tag for tag in user.find(kind=Tag).elements if "data-incident" in tag.props]
    assert "open" in row.props


async def test_what_comes_and_goes_is_one_row_here_and_at_its_device(
    user: User, service: MadeUpService
) -> None:
    now_ms = service.clock.now_ms()
    for number in range(6):
        event = comes(number, 60_000, device="H018")
        for change in (event, ends_of(event)):
            service.book.tell(change, now_ms)
    for address in ("/alerts", "/devices/H018"):
        await user.open(address)
        await sees(user, "flaps (6 times since ")
        shown = [tag.text for tag in user.find(kind=Tag).elements if "flaps (" in (tag.text or "")]
        assert len(shown) == 1


async def test_a_resolved_alert_is_found_by_the_name_of_its_device(
    user: User, service: MadeUpService
) -> None:
    over = next(alert for alert in service.book.find() if alert.device == "H029")
    await user.open("/alerts?show=resolved")
    await so(lambda: len(rows(user)) == 4)
    await sees(user, "Fri 22 Nov 2024")  # of the history, long ago: with its year
    user.find(marker="search").type("old OVEN")
    await so(lambda: rows(user) == [over.id])
    await user.open(f"/alerts/{over.id}")
    await sees(user, "Old oven passed 2\u00a0kWh")


async def test_what_only_the_history_knows_has_a_story(user: User) -> None:
    await user.open("/alerts/old-alert")
    await sees(user, "H044 passed 2\u00a0kWh in 15\u00a0min")
    await sees(user, "resolved: back within the limit")
    await user.should_not_see(marker="take")


async def test_filters_narrow_the_list_and_stand_in_the_address(
    user: User, service: MadeUpService
) -> None:
    pump = next(alert for alert in service.book.open() if alert.device == "H017")
    await user.open("/alerts?site=lindenhof")
    await so(lambda: rows(user) == [pump.id])
    await user.open("/alerts?site=lindenhof&severity=critical")
    await sees(user, "No alert fits.")
    await user.open("/alerts?device=H003")
    await so(lambda: len(rows(user)) == 1)


async def test_several_are_acknowledged_at_once(user: User, service: MadeUpService) -> None:
    await user.open("/alerts")
    user.find(marker="several").click()
    await so(lambda: any("tick" in tag.classes for tag in user.find(kind=Tag).elements))
    user.find(marker="all").click()
    await sees(user, "3 selected")
    user.find(marker="bulk-take").click()
    await sees(user, "You have 3 alerts")
    assert all(alert.acknowledged_by == "somebody" for alert in service.book.open())


async def test_a_device_is_silenced_and_heard_again(user: User, service: MadeUpService) -> None:
    pump = next(alert for alert in service.book.open() if alert.device == "H017")
    await user.open(f"/alerts/{pump.id}")
    await sees(user, "Why it fired")
    user.find(marker="silence").click()
    await sees(user, "It stays in the list, grey, and speaks again by itself.")
    user.find(marker="pick-device").click()
    await sees(user, "1 open alert goes quiet.")
    await sees(user, "In the last 7 days it would have hidden")
    user.find(marker="silence-sure").click()
    await sees(user, "by somebody · 1 open alert")
    assert service.book.get(pump.id).state is State.SILENCED
    (silence,) = service.silences.all()
    assert (silence.selector, silence.by) == ("id=H017", "somebody")
    user.find(marker=f"end-{silence.id}").click()
    await so(lambda: service.book.get(pump.id).state is State.FIRING)


async def test_a_silence_needs_a_time_to_come(user: User, service: MadeUpService) -> None:
    await user.open(f"/alerts/{service.book.open()[0].id}")
    await sees(user, "Why it fired")
    user.find(marker="silence").click()
    await sees(user, "It stays in the list, grey, and speaks again by itself.")
    user.find(marker="pick-date").click()
    await sees(user, "choose a day and a time")
    user.find(marker="silence-date").type("2001-01-01T10:00")
    await sees(user, "this time is over: choose one to come")
    for what in ("", "pick-all"):  # this alert; everything
        if what:
            user.find(marker=what).click()
        user.find(marker="silence-sure").click()
        await sees(user, "this time is over: choose one to come")  # and it is still open
    assert service.silences.all() == []
    assert all(alert.state is not State.SILENCED for alert in service.book.open())


async def test_a_maintenance_window_is_planned_and_one_alert_of_it_heard(
    user: User, service: MadeUpService
) -> None:
    await user.open("/alerts")
    user.find(marker="plan-window").click()
    await sees(user, "What still lasts when it ends is told then.")
    form, week = user.find(marker="window"), {"repeat": "weekly", "starts": "02:00"}
    form.trigger("submit", week | {"ends": "06:00"})
    await sees(user, "choose a day")
    every = week | {"ends": "01:00", "sun": "on", "site": "lindenhof", "selector": "id=H017"}
    form.trigger("change", every)
    await sees(
        user, "Each week Sun, 02:00–01:00. In the last 7 days it would have hidden 0 alerts."
    )
    form.trigger("submit", every | {"last": "2001-01-01"})
    await sees(user, "this time is over: choose one to come")
    form.trigger("submit", every | {"note": "heating"})
    await so(lambda: bool(service.silences.all()))
    (planned,) = service.silences.all()
    assert (planned.every, planned.zone) == ("sun 02:00-01:00", "Europe/Berlin")
    assert (planned.selector, planned.by) == ("site=lindenhof id=H017", "somebody")
    await sees(user, "· each week Sun, 02:00–01:00 · by somebody · heating")
    service.silences.end(planned.id, "somebody")
    days = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"}
    always = dict.fromkeys(days, "on") | {"repeat": "weekly", "starts": "00:00", "ends": "23:45"}
    user.find(marker="plan-window").click()
    user.find(marker="window").trigger("submit", always)
    pump = next(alert for alert in service.book.open() if alert.device == "H017")
    await so(lambda: service.book.get(pump.id).state is State.SILENCED)
    await sees(user, "· each day 00:00–23:45")
    await user.open(f"/alerts/{pump.id}")
    await sees(user, "silenced until")
    user.find(marker="unsilence").click()
    await so(lambda: service.book.get(pump.id).state is not State.SILENCED)
    assert next(view for view in service.silences.all() if view.active)  # the others stay quiet


async def test_a_window_of_one_time_needs_its_beginning_before_its_end(
    user: User, service: MadeUpService
) -> None:
    await user.open("/alerts")
    user.find(marker="plan-window").click()
    await sees(user, "What still lasts when it ends is told then.")
    form, site = user.find(marker="window"), {"repeat": "once", "site": "lindenhof"}
    form.trigger("change", site)
    form.trigger("submit", site | {"begin": "2126-12-01T08:00"})
    await sees(user, "choose a day and a time")
    wrong = site | {"begin": "2126-12-01T08:00", "end": "2126-12-01T07:00"}
    form.trigger("submit", wrong)
    await sees(user, "it ends before it begins: choose a later time")
    form.trigger("submit", wrong | {"end": "2126-12-01T17:00"})
    await sees(user, "from Sun 1 Dec, 08:00 · until Sun 1 Dec, 17:00")
    (planned,) = service.silences.all()
    assert (planned.active, planned.until_ms) == (False, planned.from_ms + 9 * 3_600_000)


async def test_that_was_us_is_said_to_everybody_and_ends_nothing(
    user: User, service: MadeUpService
) -> None:
    alert = service.book.open()[0]
    await user.open(f"/alerts/{alert.id}")
    await sees(user, "Why it fired")
    user.find(marker="note").type("we baked")
    user.find(marker="ours").click()
    await sees(user, "acknowledged by somebody: That was us: we baked")
    assert service.book.get(alert.id).open
