"""The view of the building over made-up floors."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from nicegui.testing import User, user_simulation

from energyguard.page.elements.components import Tag
from energyguard.page.elements.plots import Plot
from energyguard.page.mount import add_pages
from energyguard.page.words.readings import level_words
from tests.application.service import MadeUpService
from tests.application.world import HOUR, START
from tests.page.test_views import plotted, sees


@pytest.fixture
def floors() -> MadeUpService:
    return MadeUpService(floors=20)


@pytest.fixture
async def someone(floors: MadeUpService) -> AsyncIterator[User]:
    async with user_simulation() as user:
        add_pages(floors)
        yield user


def names(user: User) -> list[str]:
    tags = user.find(kind=Tag).elements
    return [tag.text for tag in tags if tag.tag == "a" and tag.text.startswith("Floor ")]


async def test_the_floors_are_cards_trouble_first_a_page_of_them(someone: User) -> None:
    await someone.open("/building")
    await sees(
        someone,
        "Floor 4 has an open alert; Floor 7 is silent; the other 18 floors are without.",
    )
    await sees(someone, "silent since")
    await sees(someone, "limit 15\u00a0kW")
    await sees(someone, "page 1 of 2")
    shown = names(someone)
    assert len(shown) == 12
    assert sorted(shown) == sorted(f"Floor {n}" for n in range(1, 13))
    await plotted(someone, "line", "Power of p1 ")
    await someone.open("/building?page=2")
    await sees(someone, "page 2 of 2")
    assert sorted(names(someone)) == sorted(f"Floor {n}" for n in range(13, 21))
    await someone.open("/building?search=12")
    await sees(someone, "1 of 20 floors")
    assert names(someone) == ["Floor 12"]
    await someone.open("/building?search=cellar")
    await sees(someone, "No floor has such a name.")


@pytest.mark.parametrize(
    ("metric", "channel", "unit", "extra"),
    [
        ("kw", "power_kw", "kW", {}),
        ("amp", "current_a", "A", {}),
        ("volt", "voltage_v", "V", {"near": True}),
        ("kwh", "energy_register_kwh", "kWh", {}),
    ],
)
async def test_the_selector_says_what_the_charts_show(
    someone: User, metric: str, channel: str, unit: str, extra: dict[str, bool]
) -> None:
    await someone.open(f"/building?floor=p4&metric={metric}")
    data = await plotted(someone, "line", f"{level_words(channel)} of p4")
    assert data["unit"] == unit
    assert {k: v for k, v in data.items() if k == "near"} == extra
    assert not [t for t in data["xs"] if START - 3 * HOUR <= t < START - 2 * HOUR]  # a hole
    if metric == "kw":
        assert max(data["ys"]) > 19.0
    if metric == "kwh":  # of quarter hours
        assert 2.0 < max(data["ys"]) < 5.0
        await sees(someone, "kWh of each quarter hour")


async def test_an_alert_about_a_reading_is_shown_with_the_readings_around_it(
    someone: User, floors: MadeUpService
) -> None:
    alert = next(alert for alert in floors.book.open() if alert.rule == "floor-kw")
    await someone.open(f"/alerts?alert={alert.id}")
    await sees(someone, "rose above 15\u00a0kW")
    await sees(someone, "The highest is 19.9")
    data = await plotted(someone, "line", "rose above 15")
    assert (data["limit"], data["unit"]) == (15.0, "kW")
    assert data["from"] == alert.since_ms - HOUR // 2
    over = [t for t, y in zip(data["xs"], data["ys"], strict=True) if y > 15.0]
    assert over
    assert min(over) == alert.since_ms


async def test_what_a_floor_does_not_send_is_said_and_never_zero(someone: User) -> None:
    await someone.open("/building?floor=p9&metric=amp")
    await sees(someone, "it did not send this")
    await sees(someone, "Current, not known")
    await sees(someone, "Power now")
    plot = next(p for p in someone.find(kind=Plot).elements if p.props["kind"] == "line")
    assert plot.props.get("start", {"ys": []})["ys"] == []


async def test_a_silent_floor_is_not_of_now(someone: User) -> None:
    await someone.open("/building?floor=p7")
    await sees(someone, "Floor 7 is silent.")
    await sees(someone, "Power, last known")
    await someone.should_not_see("Power now")


async def test_the_last_samples_are_whole_messages_with_the_counters_rise(someone: User) -> None:
    await someone.open("/building?floor=p1")
    await sees(someone, "Last samples")
    await sees(someone, "0.050")
    rows = [tag for tag in someone.find(kind=Tag).elements if tag.tag == "tr"]
    assert len(rows) == 21


async def test_while_the_history_is_away_the_numbers_are_there(
    someone: User, floors: MadeUpService
) -> None:
    floors.past.away = True
    await someone.open("/building")
    await sees(someone, "the history does not answer")
    await sees(someone, "Floor 7 is silent;")
    await sees(someone, "Floor 12")


async def test_without_floors_it_says_what_to_do(user: User) -> None:
    await user.open("/building")
    await sees(user, "energyguard simulate building")
    await user.open("/building?floor=p5")
    await sees(user, "Nothing was heard of Floor 5 yet")
