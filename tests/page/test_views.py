"""Each view over a service with known numbers: what is said, and what a click does."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from nicegui.testing import User

from energyguard.catalogue.changes import Edit
from energyguard.model.alerts import State
from energyguard.model.catalogue import Device, Site
from energyguard.page.elements.plots import Plot
from tests.application.service import MadeUpService
from tests.waiting import TRIES


async def sees(user: User, text: str) -> None:
    """The pages refresh every second or two: a person waits that long, too."""
    await user.should_see(text, retries=TRIES)


async def plotted(user: User, kind: str, about: str = "") -> dict[str, Any]:
    """The data of the page's chart of this kind (and label), as soon as it has some."""
    for _ in range(TRIES):
        for found in user.find(kind=Plot).elements:
            fits = found.props["kind"] == kind and about in found.props["label"]
            if fits and "start" in found.props:
                data: dict[str, Any] = found.props["start"]
                return data
        await asyncio.sleep(0.1)
    raise AssertionError(f"no {kind} was drawn")


async def test_home_says_how_much_and_what_needs_someone(user: User) -> None:
    await user.open("/")
    await sees(user, "3 things need you; the rest is as usual")
    await sees(user, "All sites · Sat 22 Nov 2025, 17:0")
    await sees(user, "on yesterday by 17:0")
    await sees(user, "H003 passed 2\u00a0kWh in 15\u00a0min")
    await sees(user, "the meter is silent: unknown, not resolved · since 15:56 · 2.52")
    await sees(user, "✓ 49 of 50 meters up to date")
    drawn = await plotted(user, "bars")
    assert len(drawn["steps"]) == 24
    assert drawn["running"] == 17
    assert drawn["before"]["name"] == "yesterday"


async def test_home_shows_other_spans(user: User) -> None:
    await user.open("/?span=month")
    drawn = await plotted(user, "bars")
    assert [step["label"] for step in drawn["steps"]][:2] == ["1", "2"]
    assert drawn["before"]["name"] == "the month before"
    await sees(user, "November 2025")


async def test_sites_stand_on_home_and_in_the_rail_as_they_are_called(
    user: User, service: MadeUpService
) -> None:
    service.catalogue.put(
        [
            Edit("site/mill", Site(name="Old mill")),
            Edit("device/H003", Device(name="Press", site="mill")),
        ],
        "mara",
    )
    await user.open("/")
    await sees(user, "Old mill · since 16:51")
    await sees(user, "! 1 alert")
    service.catalogue.change("site/mill", "mara", {"name": "New mill"})
    await sees(user, "New mill")
    await user.should_not_see("Old mill", retries=TRIES)


async def test_an_empty_system_says_how_to_fill_it(nobody: User) -> None:
    user = nobody
    await user.open("/")
    await sees(user, "Nothing has been measured yet")
    await sees(user, "Add a device")
    await sees(user, "No data yet")
    await user.open("/alerts")
    await sees(user, "Nothing needs you. No alert is open.")
    await user.open("/households")
    await sees(user, "No household was heard of yet.")
    await user.open("/quality")
    await sees(user, "Nothing was refused.")


async def test_a_stale_page_says_since_when(user: User, service: MadeUpService) -> None:
    service.heard_ms = service.clock.now_ms() - 60_000
    await user.open("/")
    await sees(user, "Nothing new since")
    await sees(user, "nothing came since")


async def test_a_history_that_is_away_is_said_and_the_rest_goes_on(
    user: User, service: MadeUpService
) -> None:
    service.past.away = True
    await user.open("/")
    await sees(user, "the history does not answer")
    await sees(user, "H003 passed 2\u00a0kWh in 15\u00a0min")


async def test_a_household_stands_against_its_threshold(user: User) -> None:
    await user.open("/households?device=H017&range=1h")
    await sees(user, "H017 used")
    data = await plotted(user, "line")
    assert data["limit"] == 2.0
    assert data["to"] - data["from"] == 3_600_000
    assert len(data["xs"]) == len(data["ys"]) > 100


@pytest.mark.parametrize(("by", "words"), [("kwh", "23.7\u00a0kWh"), ("alerts", "7 alerts")])
async def test_ranking_and_hours_by_energy_or_by_alerts(user: User, by: str, words: str) -> None:
    await user.open(f"/households?by={by}")
    await sees(user, words)
    rows = (await plotted(user, "heat"))["rows"]
    assert len(rows) == 16
    assert "device=H014" in rows[0]["href"]


async def test_an_alert_says_why_and_takes_a_note(user: User, service: MadeUpService) -> None:
    alert = next(a for a in service.book.open() if a.device == "H017")
    await user.open(f"/alerts?alert={alert.id}")
    await sees(user, "above the limit of 2\u00a0kWh.")
    user.find(marker="note").type("the oven")
    user.find(marker="take").click()
    await sees(user, "acknowledged by somebody: the oven")
    assert service.book.get(alert.id).note == "the oven"


async def test_silence_for_an_hour_and_end_it(user: User, service: MadeUpService) -> None:
    alert = service.book.open()[0]
    await user.open(f"/alerts/{alert.id}")
    await sees(user, "Why it fired")
    user.find(marker="silence").click()
    user.find(marker="pick-hour").click()
    await sees(user, "It stays in the list, grey, and speaks again by itself.")
    user.find(marker="silence-sure").click()
    await sees(user, "silenced by somebody")
    assert service.book.get(alert.id).state is State.SILENCED
    user.find(marker="unsilence").click()
    await sees(user, "silence ended by somebody")
    assert service.book.get(alert.id).state is State.FIRING


async def test_lanes_show_unknown_apart(user: User) -> None:
    await user.open("/alerts")
    lanes = {lane["name"]: lane["bars"] for lane in (await plotted(user, "lanes"))["lanes"]}
    assert [bar["state"] for bar in lanes["H042"]] == ["warning", "unknown"]
    assert [bar["quiet"] for bar in lanes["H017"]] == [False, True]
    assert all(bar["from"] < bar["to"] for bars in lanes.values() for bar in bars)


async def test_one_click_runs_another_rule(user: User, service: MadeUpService) -> None:
    ran = [rule.id for rule in service.rules.active()]
    assert "household-prod" in ran
    await user.open("/rules")
    user.find(marker="only-household-demo").click()
    await sees(user, f"Stop {' and '.join(ran)}?")
    assert [rule.id for rule in service.rules.active()] == ran
    user.find(marker="sure").click()
    await sees(user, "Only household-demo runs")
    assert [rule.id for rule in service.rules.active()] == ["household-demo"]
    user.find(marker="undo").click()
    await sees(user, f"As before: {', '.join(ran)} runs")
    assert [rule.id for rule in service.rules.active()] == ran
