"""Money on the page: a tariff is entered, stands beside kWh, and makes a bill."""

from __future__ import annotations

from decimal import Decimal

import pytest
from nicegui.testing import User

from energyguard.catalogue.changes import Edit
from energyguard.model.catalogue import Device, Site
from energyguard.model.tariffs import PriceBlock, Tariff, TaxRate, TimedPrice
from energyguard.page.elements.components import Tag
from energyguard.page.measures.costs import cost_words, together
from energyguard.page.money.prices import TariffFields, entered, fields_of, price_words
from energyguard.service.bills.contract import EnergyCost
from tests.application.service import MadeUpService
from tests.page.test_sites_view import send
from tests.page.test_views import sees

D = Decimal


@pytest.fixture
def placed(service: MadeUpService) -> MadeUpService:
    """A house in Berlin with an oven."""
    service.catalogue.put(
        [
            Edit("site/house", Site(name="Weber house", zone="Europe/Berlin", currency="EUR")),
            Edit("device/H003", Device(name="Oven", site="house")),
        ],
        "mara",
    )
    return service


async def test_a_flat_tariff_is_entered_and_money_is_seen(
    user: User, placed: MadeUpService
) -> None:
    await user.open("/sites/house")
    await sees(user, "Say what its energy costs")
    await user.should_not_see("€")
    await user.open("/tariffs")
    await sees(user, "No tariff has been entered yet")
    await send(user, "tariff-new", name="Home 2026", price="0,3 ct", kind="flat")
    await sees(user, "0,3 ct is no number")
    await send(user, "tariff-new", name="  ", price="0,30", kind="flat")
    await sees(user, "is missing")
    assert not placed.catalogue.entries.tariffs
    await send(user, "tariff-new", name="Home 2026", price="0,30", kind="flat", site="house")
    await sees(user, "Saved: Home 2026")
    assert placed.catalogue.entries.tariffs["home-2026"].price == D("0.30")
    assert placed.catalogue.entries.sites["house"].tariff == "home-2026"
    for path in ("/sites/house", "/devices/H003", "/explore?of=site/house&span=yesterday", "/"):
        await user.open(path)
        await sees(user, "€")
    await user.open("/tariffs")
    await sees(user, "0.30 per kWh")
    await sees(user, "Weber house")
    row = user.find(content="Home 2026", kind=Tag).elements
    placed.catalogue.put([Edit("tariff/home-2026", Tariff(name="Home", price=D("0.31")))], "mara")
    await sees(user, "0.31 per kWh")
    assert {link.text for link in row if isinstance(link, Tag) and not link.is_deleted} == {"Home"}


async def test_a_bill_has_its_lines_and_what_it_would_be(user: User, placed: MadeUpService) -> None:
    vat = (TaxRate(name="VAT", percent=D(19)),)
    cheap = Tariff(name="Night owl", prices=(
        TimedPrice(name="day", when="06:00-22:00", price=D("0.9")),
    ))  # fmt: skip
    placed.catalogue.put(
        [
            Edit("tariff/home", Tariff(name="Home", price=D("0.30"), per_month=D(31), taxes=vat)),
            Edit("tariff/owl", cheap),
            Edit("site/house", Site(name="Weber house", zone="Europe/Berlin", currency="EUR",
                                    tariff="home")),
        ],
        "mara",
    )  # fmt: skip
    span = placed.consumption.span("2025-10", ["site/house"])
    bill = placed.bills.of("site/house", span)
    await user.open("/bills?of=site/house&span=2025-10")
    await sees(user, f"Weber house: €{bill.total:,}")
    for words in ("Energy", "Standing charge", "VAT", "€0.30", "€31.00", "Together", "Night owl"):
        await sees(user, words)
    await user.open("/bills?of=site/house&span=2025-10-07&tariff=owl")
    await sees(user, "with Night owl")
    await sees(user, "the tariff has no price then")
    await user.open("/bills?of=device/H004&span=2025-10")
    await sees(user, "There is no bill of H004")
    await sees(user, "has no tariff in 2025-10")
    for address in ("/bills?of=nothing", "/bills"):
        await user.open(address)
        await sees(user, "There is no such bill")
    await sees(user, "whose bill? Each site has one")


async def test_a_tariff_changes_from_a_day_on(user: User, placed: MadeUpService) -> None:
    placed.catalogue.put([Edit("tariff/home", Tariff(name="Home", price=D("0.30")))], "mara")
    await user.open("/tariffs/home")
    await sees(user, "Who changed it")
    values = {"name": "Home", "kind": "timed", "price": "0.2", "peak": "0.4", "holidays": "low"}
    await send(user, "tariff-home", **values, when="noon")
    await sees(user, "noon is no day and no time")
    await send(user, "tariff-home", **values, when="06:00-22:00", **{"from": "2025-12-01"})
    await sees(user, "Saved: Home")
    version = placed.catalogue.entries.version("tariff/home")
    assert version is not None
    assert version.from_ms == 1_764_547_200_000
    tariff = placed.catalogue.entries.tariffs["home"]
    assert [(row.price, row.when) for row in tariff.prices] == [
        (D("0.2"), "holiday"),
        (D("0.4"), "06:00-22:00"),
        (D("0.2"), ""),
    ]
    await user.open("/tariffs/home")
    await sees(user, "1 Dec 2025")
    steps = {"name": "Home in steps", "kind": "steps", "price": "0,25", "price_2": "0,35"}
    await send(user, "tariff-home", **steps, up_to="", demand_price="7,5")
    await sees(user, "say up to how many kWh of a month it holds")
    await send(user, "tariff-home", **steps, up_to="500", demand_price="7,5")
    await sees(user, "Saved: Home in steps")
    tariff = placed.catalogue.entries.tariffs["home"]
    assert tariff.blocks == (
        PriceBlock(price=D("0.25"), up_to_kwh=D(500)),
        PriceBlock(price=D("0.35")),
    )
    assert (tariff.demand_price, tariff.prices) == (D("7.5"), ())
    placed.catalogue.put(
        [Edit("tariff/steps", Tariff(name="Steps", blocks=(PriceBlock(price=D(1)),)))], "mara"
    )
    await user.open("/tariffs/steps")
    await sees(user, "It has more than a form can say")
    await user.open("/tariffs/gone")
    await sees(user, "There is no such tariff")


def test_a_form_has_what_was_entered_by_it() -> None:
    flat = TariffFields(name="F", currency="EUR", price="-0.30", per_month="9,90", tax="19")
    timed = flat._replace(kind="timed", peak="0.4", when="mon-fri 07:00-20:00", holidays="low")
    steps = flat._replace(kind="steps", price="0.25", up_to="500", price_2="0.35")
    three = steps._replace(up_to_2="2000.5", price_3="-0.45", demand_price="7.50")
    spot = flat._replace(kind="list", price="", source="spot-de", surcharge="0.1785")
    for fields in (flat, timed, timed._replace(holidays=""), steps, three, spot):
        made, faults = entered(fields)
        assert faults == {}
        from energyguard.catalogue.differences import with_fields

        tariff = with_fields("tariff", None, made)
        assert isinstance(tariff, Tariff)
        assert fields_of(tariff) == fields._replace(per_month="9.90")
    assert set(entered(TariffFields(kind="timed", per_month="1.234,5"))[1]) == {
        "price", "peak", "per_month",
    }  # fmt: skip
    assert set(entered(TariffFields(kind="steps", price_3="1"))[1]) == {
        "price", "up_to", "price_2", "up_to_2",
    }  # fmt: skip
    assert set(entered(TariffFields(kind="list", surcharge="x"))[1]) == {"source", "surcharge"}
    more = Tariff(name="", price=D(1), per_day=D(1))
    assert fields_of(more) is None


def test_prices_in_a_few_words() -> None:
    words = [
        price_words(Tariff(name="", price=D("0.29531"), currency="EUR")),
        price_words(Tariff(name="", source="spot-de")),
        price_words(Tariff(name="", blocks=(PriceBlock(price=D("0.2")), PriceBlock(price=D(1))))),
    ]
    assert words == [
        "€0.29531 per kWh", "by the hour, list spot-de", "0.2 to 1 per kWh, in steps",
    ]  # fmt: skip


def test_energy_without_a_price_is_told() -> None:
    cost = EnergyCost(D("1234.5"), "EUR", 100 * 10**9)
    assert cost_words(cost, 100.0) == "€1,234.50"
    assert cost_words(cost, 100.0, brief=True) == "€1,234"
    assert cost_words(cost, 150.0) == "€1,234.50 for 100\u00a0kWh"
    assert cost_words(None, 1.0) == cost_words(cost, None) == ""
    assert together([cost, cost]) == EnergyCost(D(2469), "EUR", 200 * 10**9)
    assert together([cost, None]) is together([]) is None
    assert together([cost, cost._replace(currency="CHF")]) is None
