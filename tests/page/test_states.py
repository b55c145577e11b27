"""What is live, stale, missing, lagging or simulated looks so, and is never said of now."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

import pytest
from nicegui.testing import User, user_simulation

from energyguard.catalogue.changes import Edit
from energyguard.model.catalogue import Site
from energyguard.model.days import day_ms, midnight_ms
from energyguard.page.elements.components import Tag, Tile
from energyguard.page.elements.plots import Plot
from energyguard.page.frame.header import standing
from energyguard.page.measures.usage import UsageData
from energyguard.page.mount import add_pages
from energyguard.service.consumption.consumption import ConsumptionSeries
from energyguard.service.views import Freshness, Overview
from energyguard.settings.tree import Settings
from tests.application.service import MadeUpService
from tests.application.world import DAY, HOUR, START
from tests.page.test_views import plotted, sees
from tests.waiting import TRIES

NOW = START + 20 * HOUR  # Sunday 13:00 UTC


def overview(lag: int = 0) -> Overview:
    return Overview(1.0, START, True, 2.0, START, 60, 1, 0, 0, 0, START, START, lag, NOW, NOW)


def fresh(**changes: int | bool) -> Freshness:
    return Freshness(NOW - 60_000, NOW - 400, NOW - 60_000, NOW, 15_000, **changes)  # type: ignore[arg-type]


async def asked(service: MadeUpService, name: str) -> dict[str, Any]:
    """What the history was asked for, as soon as it is."""
    for _ in range(TRIES):
        for query, await_done in service.past.asked:
            if query == name:
                return dict(await_done)
        await asyncio.sleep(0.1)
    raise AssertionError(f"no {name} was asked for")


@pytest.mark.parametrize(
    ("of", "lag", "chip"),
    [
        (Freshness(), 0, ("none", "No data yet", "")),
        (fresh(live=True), 0, ("", "Live", "12:59:00")),
        (fresh(live=True, simulated=True), 0, ("", "Live", "")),
        (fresh(live=False), 0, ("stale", "Nothing new since", "12:59:00")),
        (fresh(live=True), 12_345, ("lagging", "Catching up, data of", "12:59:00")),
        (
            Freshness(START, START, START, NOW),
            12_345,
            ("stale", "Nothing new since", "Sat 22 Nov, 17:00"),
        ),
    ],
)
def test_the_chip_is_green_only_while_data_is_live(
    of: Freshness, lag: int, chip: tuple[str, str, str]
) -> None:
    assert standing(of, overview(lag), "UTC") == chip


async def test_power_of_old_is_grey_and_never_now(user: User, service: MadeUpService) -> None:
    service.heard_ms = service.clock.now_ms() - 3 * HOUR
    await user.open("/")
    await sees(user, "at Sat 22 Nov, 17:")
    await sees(user, "nothing came since")
    await sees(user, "Power")  # not: now
    await user.open("/households?range=6h")
    await sees(user, "6 hours up to Sat 22 Nov, 17:0")


async def test_a_simulation_has_a_badge_with_its_own_clock(
    user: User, service: MadeUpService
) -> None:
    service.simulated = True
    await user.open("/")
    await sees(user, "DEMO")
    await sees(user, "Sat 22 Nov,")
    await sees(user, "17:0")
    service.simulated = False
    await user.open("/quality")
    await user.should_not_see("DEMO", retries=TRIES)  # what was looked at is kept for a moment


async def test_what_loads_does_not_look_like_nothing(user: User, service: MadeUpService) -> None:
    service.past.answers.clear()
    try:
        await user.open("/")
        await user.should_not_see("Nothing measured yet.")
        waiting = [rows for rows in user.find(kind=Plot).elements if not rows.shown]
        assert {plot.props["kind"] for plot in waiting} >= {"bars"}
        assert user.find("Where it went today").elements
    finally:
        service.past.answers.set()


async def test_today_and_the_heat_maps_are_of_the_zone() -> None:
    zone = "Asia/Kolkata"
    async with user_simulation() as user:
        service = MadeUpService(settings=Settings(serve={"zone": zone}))
        add_pages(service)
        await user.open("/")
        await sees(user, "Sat 22 Nov 2025, 22:3")
        top = await asked(service, "top")
        assert top["start_ms"] == midnight_ms(service.t(), zone)
        await user.open("/households")
        await sees(user, f"hours in {zone}")
        heat = await asked(service, "heatmap")
        assert (heat["zone"], heat["step_ms"]) == (zone, 900_000)
        await user.open("/stations")
        await sees(user, "of 24")
        revenue = await asked(service, "station_revenue")
        assert revenue["start_ms"] == midnight_ms(service.t(), zone)


def test_a_day_of_25_hours_is_one_day() -> None:
    start, end = day_ms(date(2025, 10, 26), "Europe/Berlin")
    assert end - start == DAY + HOUR


async def test_shares_of_a_station_are_of_the_time_with_data(
    user: User, service: MadeUpService
) -> None:
    await user.open("/stations?station=Harbour Street&range=6h")
    await sees(user, "that have data")
    shares = await asked(service, "station_occupancy")
    first = service.past.query("station_span")["first"].to_pylist()[0]
    assert shares["start_ms"] == round(first.timestamp() * 1000)
    assert shares["end_ms"] - shares["start_ms"] < HOUR


async def test_sums_on_their_way_do_not_look_like_nothing(
    user: User, service: MadeUpService
) -> None:
    coming = "The first sums are on their way"
    service.past.empty = True  # readings come, and the history has none yet
    for path in ("/", "/explore", "/explore?of=device/H001"):
        await user.open(path)
        await sees(user, coming)
        assert (await plotted(user, "bars"))["none"] == coming
        await user.should_not_see("Nothing measured yet.")
    await user.open("/explore?span=2025-10")  # long over: nobody waits for that
    await sees(user, "Nothing was measured")


async def test_a_tile_that_waits_for_a_new_day_keeps_no_number_of_the_old_one(user: User) -> None:
    await user.open("/")
    with user:
        tile = Tile("Today so far", "#")
        tile.show("6.789", "kWh", "up to 23:59")
        tile.show_money("€1.234")
        tile.show_doubt("at least 5.678")
        tile.coming("The first sums are on their way")
    for words in ("6.789", "€1.234", "at least 5.678"):
        await user.should_not_see(words)


async def test_yesterday_is_shown_while_today_is_on_its_way(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Just after midnight: readings come, and the new day has no sum yet."""
    whole = UsageData._of

    async def of(
        self: UsageData, wanted: tuple[str, ...], span: str, keep_s: float, step: str = ""
    ) -> dict[str, ConsumptionSeries]:
        found = await whole(self, wanted, span, keep_s, step)
        if span != "today":
            return found
        return {key: series._replace(total_kwh=None) for key, series in found.items()}

    monkeypatch.setattr(UsageData, "_of", of)
    await user.open("/")
    await sees(user, "on the day before (")
    coming = [e for e in user.find(kind=Tag).elements if e.classes == ["card", "tile", "coming"]]
    assert len(coming) == 1


async def test_a_history_that_lags_is_said_in_every_view(
    user: User, service: MadeUpService
) -> None:
    service.waits_ms = 2 * 60_000
    for path in ("/", "/explore", "/stations", "/devices/H001"):
        await user.open(path)
        await sees(user, "Sums catch up, they lack")
        await sees(user, "2\u00a0min")
    service.past.empty = True
    await user.open("/explore?span=2025-09")  # may be what it is still reading
    await sees(user, "The first sums are on their way")


@pytest.mark.parametrize("path", ["/sites/home", "/devices/H017", "/explore?of=device/H017"])
async def test_a_page_does_not_wait_for_how_sure_its_sums_are(
    user: User, service: MadeUpService, path: str
) -> None:
    service.catalogue.put([Edit("site/home", Site(name="Weber house"))], "mara")
    service.catalogue.change("device/H017", "mara", {"site": "home"})
    assert "kWh" in (await user.http_client.get(path)).text  # sent, and nobody has connected yet
    questions = {name for name, _given in service.past.asked}
    assert "consumption" in questions
    assert not questions & {"bounds_between", "verdicts"}
    await user.open(path)
    await asked(service, "bounds_between")
