"""The view of regions over made-up homes: every number once, in words, on a map, in a table."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from nicegui.testing import User, user_simulation

from energyguard.domains.regions.live.regions import regions_of
from energyguard.domains.regions.live.states import RegionsView, RegionView, regions_view
from energyguard.domains.regions.page.view import OUTLINE, outline
from energyguard.domains.regions.page.words import (
    Shades,
    average_words,
    euros,
    kilowatts,
    shades,
)
from energyguard.domains.regions.states import NAMES
from energyguard.page.mount import add_pages
from energyguard.settings.edge import CloudSettings
from energyguard.settings.regions import RegionsSettings
from energyguard.settings.tree import Settings
from tests.application.service import MadeUpService
from tests.page.test_views import plotted, sees


async def test_the_answer_stands_first_and_each_state_is_on_the_map(
    user: User, service: MadeUpService
) -> None:
    await user.open("/regions")
    await sees(user, "A home draws")
    await sees(user, "in a year at this rate")
    areas = {area["id"]: area for area in (await plotted(user, "areas"))["areas"]}
    assert set(areas) == set(NAMES)
    view = regions_of(service).view()
    for state in view.regions:
        area = areas[state.region]
        assert (area["shade"] is None) == (state.homes is None)
        assert bool(area["href"]) == (state.homes is not None)
        if state.homes is None:
            assert "fewer than 5 homes" in area["about"]
    assert len({area["shade"] for area in areas.values()}) > 2


async def test_bars_and_table_have_the_same_numbers(user: User, service: MadeUpService) -> None:
    shown = [state for state in regions_of(service).view().regions if state.homes]
    await user.open("/regions")
    for state in shown:
        await sees(user, state.name)
    await user.open("/regions?as=table")
    await sees(user, "All shown")
    await sees(user, "Average power")
    for state in shown:
        await sees(user, state.name)


async def test_who_is_not_shown_is_said_with_the_reason(user: User, service: MadeUpService) -> None:
    hidden = [state.name for state in regions_of(service).view().regions if not state.homes]
    assert hidden
    await user.open("/regions")
    await sees(user, ", ".join(hidden))
    await sees(user, "Not shown, fewer than 5 homes measured together")
    await sees(user, "whole or not at all")


async def test_a_state_has_a_past(user: User) -> None:
    await user.open("/regions?region=DE-NW")
    await sees(user, "Nordrhein-Westfalen, last 6 h")
    drawn = await plotted(user, "line")
    assert drawn["unit"] == "kW"
    assert len(drawn["xs"]) > 300


async def test_single_homes_are_said_to_be_for_demonstrations() -> None:
    settings = Settings(regions=RegionsSettings(min_homes=1))
    async with user_simulation() as user:
        add_pages(MadeUpService(settings=settings))
        await user.open("/regions")
        await sees(user, "Each home is shown by itself")


async def test_without_homes_it_says_what_to_do() -> None:
    settings = Settings(cloud=CloudSettings(listen="127.0.0.1:5556"))
    async with user_simulation() as user:
        add_pages(MadeUpService(empty=True, settings=settings))
        await user.open("/regions")
        await sees(user, "energyguard up --scenario regions")


def test_the_outline_has_every_state_and_is_small() -> None:
    assert set(outline()["areas"]) == set(NAMES)
    assert OUTLINE.stat().st_size < 60_000
    for area in outline()["areas"].values():
        assert 0 < area["x"] < outline()["width"]
        assert 0 < area["y"] < outline()["height"]
        assert area["d"].startswith("M")
    assert "public domain" in Path(OUTLINE).with_suffix(".md").read_text()


def state(kw: float) -> RegionView:
    return RegionView("DE-BE", "Berlin", 5, kw, 1.0, 1, 1)


@pytest.mark.parametrize(
    ("means", "lowest", "step"),
    [
        ([0.41, 0.43, 0.58], "0.4", "0.05"), ([0.4], "0.4", "0.01"), ([0.0, 3.9], "0", "1"),
        ([-0.21, 0.33], "-0.4", "0.2"), ([0.40, 0.44], "0.4", "0.02"), ([], "0", "0.01"),
        ([9.99, 10.0], "9.99", "0.01"), ([0.67, 1.47], "0.5", "0.25"),
    ],
)  # fmt: skip
def test_shades_are_of_round_numbers_and_have_every_mean(
    means: list[float], lowest: str, step: str
) -> None:
    found = shades([state(mean) for mean in means])
    assert found == (Decimal(lowest), Decimal(step))
    for mean in means:
        shade = found.of(mean)
        assert shade is not None and 1 <= shade <= 4
        first = found.lowest + found.step * (shade - 1)
        assert first <= Decimal(str(mean)) < first + found.step
    assert found.of(None) is None


def test_words() -> None:
    assert Shades(Decimal("0.40"), Decimal("0.05")).words(2) == "0.45–0.50\u00a0kW"
    assert Shades(Decimal("-0.4"), Decimal("0.2")).words(1) == "−0.4 to −0.2\u00a0kW"
    assert kilowatts(-0.3) == "−0.30\u00a0kW"
    assert euros(-12_345) == "−€123"
    fed_in = RegionsView(1, "0.30", state(-0.2), ())
    assert average_words(fed_in).startswith("A home feeds in 0.20\u00a0kW on average")
    assert average_words(regions_view([], 5, Decimal("0.30"))) == "Nothing can be shown yet"
