"""The view of stations over made-up ones: the wall, the ranking, a station's day."""

from __future__ import annotations

from contextvars import copy_context
from typing import Any
from urllib.parse import quote

import pytest
from nicegui.testing import User, user_simulation

from energyguard.catalogue.changes import Edit
from energyguard.domains.charging.currencies import currency_of, sums_of
from energyguard.domains.charging.live.views import StationView
from energyguard.domains.charging.model import Signal, SignalKind
from energyguard.domains.charging.page.bay_grid import MARKS, MAX_BAYS
from energyguard.domains.charging.page.view import mapped
from energyguard.domains.charging.records.stations import Charger
from energyguard.domains.charging.revenue import Paid, paid_at
from energyguard.model.catalogue import Site
from energyguard.page.elements.components import Tag
from energyguard.page.measures.amounts import amount_words, sums_words
from energyguard.page.mount import add_pages
from energyguard.page.words.formatting import number
from energyguard.page.words.language import reader, speak
from tests.application.service import MadeUpService
from tests.page.test_views import plotted, sees


async def test_the_wall_says_who_stands_where(user: User) -> None:
    await user.open("/stations")
    await sees(user, "of 24")
    for mark in MARKS.values():
        await sees(user, mark)
    await sees(user, "Market Square")
    await sees(user, "none of the three shapes")
    await sees(user, "per kWh on average")
    await sees(user, "1 bay has a fault, ")  # the title
    await sees(user, "cars stay too long")
    places = (await plotted(user, "map"))["places"]
    assert sum(n for place in places for _, n in place["parts"]) == 24


async def test_violations_and_the_ranking_lead_to_their_stations(user: User) -> None:
    await user.open("/stations")
    await sees(user, "Long parking after recharging")
    await sees(user, "stood for")
    await sees(user, "Weakest")


async def test_a_months_stations_are_sorted_by_trouble_or_as_one_says(
    user: User, service: MadeUpService
) -> None:
    def first_cells() -> list[str]:
        heads = [tag for tag in user.find(kind=Tag).elements if tag.props.get("scope") == "row"]
        heads.sort(key=lambda tag: tag.id)
        links = [tag.default_slot.children[0] for tag in heads]
        return [str(link.text) for link in links if isinstance(link, Tag)]

    paid = service.query("station_top", n=99, by="station").to_pylist()
    earned = {row["station"]: row["eur"] for row in paid}
    worst = min(earned, key=lambda name: (earned[name], name))
    await user.open("/stations")
    await sees(user, f"November 2025: revenue €{sum(earned.values()):,.2f}")
    await sees(user, f"The weakest is {worst} with €{earned[worst]:,.2f}.")
    await sees(user, "1 fault")
    bays = service.projections["chargers"]
    faulty = next(bay.station for bay in bays.bays() if bay.state == "faulty")  # type: ignore[attr-defined]
    assert first_cells()[0] == faulty
    await user.open("/stations?by=revenue")
    await sees(user, "The weakest is")
    assert first_cells() == sorted(earned, key=lambda name: -earned[name])
    sorted_by = [
        t for t in user.find(kind=Tag).elements if t.props.get("aria-sort") == "descending"
    ]
    assert len(sorted_by) == 1


async def test_stations_of_two_currencies_are_never_one_sum(
    user: User, service: MadeUpService
) -> None:
    paid = service.query("station_top", n=99, by="station").to_pylist()
    earned = {row["station"]: row["eur"] for row in paid}
    swiss = max(earned, key=lambda name: earned[name])
    rest = sum(amount for name, amount in earned.items() if name != swiss)
    place = Site(name=swiss, kind="station", currency="CHF")
    service.catalogue.put([Edit(f"site/station:{swiss}", place)], "mara")
    assert currency_of(service, swiss) == "CHF"
    assert sums_of((currency_of(service, name), earned[name]) for name in earned) == {
        "CHF": earned[swiss], "EUR": pytest.approx(rest),
    }  # fmt: skip
    await user.open("/stations")
    await sees(user, f"CHF{earned[swiss]:,.2f}")
    await sees(user, f"€{rest:,.2f}")
    await user.should_not_see("The weakest is")
    await user.should_not_see("per kWh on average")
    both = sums_words({"CHF": earned[swiss], "EUR": rest})
    await user.open("/")
    sold = number(sum({row["station"]: row["kwh"] for row in paid}.values()))
    await sees(user, f"sold {sold}\u00a0kWh for {both}")
    await user.open(f"/explore?of=site/station:{quote(swiss)},device/H001&span=today")
    await sees(user, "Revenue")
    await sees(user, amount_words(earned[swiss], "CHF"))
    await user.open("/explore?of=device/H001&span=today")
    await user.should_not_see("Revenue")


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "PLN1,234.50 + €9.70"), ("de", "1.234,50\u00a0PLN + 9,70\u00a0€")],
)
def test_amounts_are_written_as_their_currency_is(language: str, words: str) -> None:
    def said() -> str:
        speak(reader(language))
        return sums_words({"EUR": 9.7, "PLN": 1_234.5})

    assert copy_context().run(said) == words
    assert amount_words(-0.001, "EUR") == "€0.00"
    assert [amount_words(970.5, "JPY"), amount_words(-1.5, "JPY")] == ["JP¥970", "−JP¥2"]
    assert amount_words(1_234.567, "KWD") == "KWD1,234.567"


@pytest.mark.parametrize(
    ("language", "title", "limit"),
    [
        ("de", "Ladeplatz hat eine Störung", "Steht nach dem Laden zu lange"),
        ("it", "posto ha un guasto", "Sosta troppo lunga dopo la ricarica"),
        ("pl", "stanowisko ma usterkę", "Zbyt długi postój po ładowaniu"),
    ],
)
async def test_stations_speak_ones_language(
    user: User, language: str, title: str, limit: str
) -> None:
    user.http_client.headers["accept-language"] = language
    await user.open("/stations")
    await sees(user, title)
    await sees(user, limit)


async def test_a_charger_has_a_page_and_says_in_lists_what_it_does(
    user: User, service: MadeUpService
) -> None:
    stations = service.projections["chargers"]
    bay = next(b for b in stations.bays() if b.state == "charging")  # type: ignore[attr-defined]
    device = f"charger:default/{bay.charger}"
    service.enter(
        f"device/{device}", name=bay.charger, site=f"station:{bay.station}", kind="charger"
    )
    rows = service.query("station_top", n=99, by="charger").to_pylist()
    mine = next(row for row in rows if row["charger"] == bay.charger)
    await user.open(f"/devices/{quote(device, safe='')}")
    await user.should_not_see("not sent anything")
    await sees(user, f"Charging: {bay.power_kw:.1f}")
    await sees(user, amount_words(mine["eur"], "EUR"))
    (lane,) = (await plotted(user, "lanes"))["lanes"]
    assert lane["name"] == bay.charger
    assert "info" in {bar["state"] for bar in lane["bars"]}
    await user.open("/devices")
    await sees(user, "charging, ")
    await user.open(f"/stations?station={quote(bay.station)}")
    links = [tag.props.get("href") for tag in user.find(kind=Tag).elements]
    assert f"/devices/{quote(device, safe='')}" in {str(link).partition("?")[0] for link in links}


async def test_what_a_charger_took_today_has_the_charges_that_its_table_has(
    user: User, service: MadeUpService, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = service.query("station_top", n=99, by="charger").to_pylist()
    mine = next(row for row in rows if row["eur"])
    device = f"charger:default/{mine['charger']}"
    service.enter(f"device/{device}", name=mine["charger"], kind="charger")
    asked, page = list[str](), "energyguard.domains.charging.page.charger"

    def at_first_nothing(*given: Any) -> list[Paid]:
        asked.append("paid")
        return [] if len(asked) == 1 else paid_at(*given)

    monkeypatch.setattr(f"{page}.paid_at", at_first_nothing)  # as before the newest was billed
    monkeypatch.setattr(f"{page}.PAID_KEEP_S", 1e3)
    await user.open(f"/devices/{quote(device, safe='')}")
    await sees(user, "per kWh")
    await sees(user, amount_words(mine["eur"], "EUR"))


async def test_a_charger_with_two_plugs_says_what_both_do(
    user: User, service: MadeUpService
) -> None:
    stations = service.projections["chargers"]
    now_ms = service.clock.now_ms()
    stations._bays.take_charger(Charger(charger="two", station="Mole"))  # type: ignore[attr-defined]
    for plug in (1, 2):
        begun = Signal(f"two/{plug}", now_ms // 1000, SignalKind.START, "", 11 * 10**9)
        stations._bays.take_signal(begun, now_ms)  # type: ignore[attr-defined]
    service.enter("device/charger:default/two", name="two", kind="charger")
    await user.open(f"/devices/{quote('charger:default/two', safe='')}")
    await user.should_not_see("not sent anything")
    await sees(user, "22.0")
    lanes = (await plotted(user, "lanes"))["lanes"]
    assert [lane["name"] for lane in lanes] == ["two/1", "two/2"]
    asked = [given for name, given in service.past.asked if name == "station_day"]
    assert {(given["station"], given["charger"]) for given in asked} == {
        ("Mole", "two/1"),
        ("Mole", "two/2"),
    }
    await user.open("/devices?search=two")
    await sees(user, "charging, 11.0\u00a0kW, charging, 11.0\u00a0kW")


async def test_a_station_has_a_day(user: User) -> None:
    await user.open("/stations?station=Harbour Street")
    await sees(user, "mean stay")
    await sees(user, "61.8")
    await sees(user, "Harbour Street: ")  # the title
    lanes = (await plotted(user, "lanes"))["lanes"]
    assert {bar["state"] for lane in lanes for bar in lane["bars"]} == {
        "unknown",
        "info",
        "warning",
    }
    assert [lane["name"] for lane in lanes] == [f"charger-{n}" for n in range(10, 20)]
    await user.open("/stations?station=Harbour Street&day=2025-11-22")
    await sees(user, "Saturday, 22 November 2025")
    await user.open("/stations?station=Harbour Street&day=2026-99-99")
    await sees(user, "2026-99-99 is no day")


async def test_a_station_that_nobody_knows_is_said(user: User) -> None:
    await user.open("/stations?station=Atlantis")
    await sees(user, "Nothing is known of a station named Atlantis.")


async def test_without_chargers_it_says_what_to_do(nobody: User) -> None:
    await nobody.open("/stations")
    await sees(nobody, "energyguard simulate chargers")


async def test_a_large_network_has_a_tile_per_station() -> None:
    async with user_simulation() as user:
        add_pages(MadeUpService(chargers=MAX_BAYS + 10))
        await user.open("/stations")
        await sees(user, f"of {MAX_BAYS + 10}")
        await sees(user, "free")
        await user.should_not_see("charger-17")


def test_stations_without_a_place_are_not_on_the_map() -> None:
    nowhere = StationView("Opera", None, None, 3, 1, 1, 1, 0, 0)
    assert mapped([nowhere], str)["places"] == []
