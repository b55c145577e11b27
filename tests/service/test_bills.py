"""What energy cost, over a real history of a few readings and a catalogue with versions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import pytest

from energyguard.catalogue import Catalogue
from energyguard.errors import Faulty, Forbidden, Malformed, NotFound
from energyguard.history.chdb import ChdbHistory
from energyguard.history.rollups import RollUps
from energyguard.model.calendar import CalendarSpan
from energyguard.model.catalogue import Device, DeviceGroup, Entry, Site, Term
from energyguard.model.days import HOUR_MS
from energyguard.model.tariffs import PriceBlock, Tariff, TaxRate, TimedPrice
from energyguard.records.catalogue import CATALOGUE_ENTRY, CatalogueHistory, CatalogueVersion
from energyguard.service.bills.bills import EnergyBills
from energyguard.service.bills.contract import EnergyBill
from energyguard.service.bills.prices import PriceBook
from energyguard.service.consumption.consumption import ConsumptionSums
from energyguard.service.limited.bills import LimitedBills
from energyguard.testing import MemoryLog
from tests.catalogue.test_fold import fetched
from tests.history.made import T0, readings
from tests.tariffs.made import BERLIN, ms

D = Decimal
NOW = ms("2026-11-05T14:30+01:00")
CHANGE = ms("2026-10-16T00:00+02:00")
FLAT = Tariff(name="Flat", price=D("0.30"), per_day=D("0.50"))
Versions = list[tuple[int | None, Entry]]


def enter(catalogue: Catalogue, key: str, versions: Versions) -> None:
    """Let an entry have versions, each from a time on."""
    first = catalogue.revision + 1
    made = tuple(
        CatalogueVersion(revision=first + n, entry=entry, from_ms=from_ms)
        for n, (from_ms, entry) in enumerate(versions)
    )
    value = CATALOGUE_ENTRY.encode(CatalogueHistory(versions=made))
    catalogue.take(fetched([key.encode()], [value]))


ENTRIES: dict[str, Versions] = {
    "tariff/flat": [(None, FLAT)],
    "tariff/cheap": [(None, Tariff(name="Cheap", price=D("0.10"), currency="CHF"))],
    "tariff/late": [(CHANGE, Tariff(name="Late", price=D(1)))],
    "tariff/spot": [(None, Tariff(name="Spot", source="spot-de", currency="EUR"))],
    "tariff/sold": [
        (None, Tariff(name="Sold", price=D("0.30"), export_price=D("0.08"), currency="EUR"))
    ],
    "tariff/days": [
        (None, Tariff(name="", prices=(TimedPrice(when="holiday", price=D(1)),
                                       TimedPrice(price=D(2)))))
    ],
    "site/house": [
        (None, Site(name="House", zone=BERLIN, currency="EUR", holidays=("2026-10-20",))),
        (CHANGE, Site(name="House", zone=BERLIN, currency="EUR", tariff="flat",
                      holidays=("2026-10-20",))),
    ],
    "site/cellar": [(None, Site(name="Cellar", parent="house"))],
    "site/shop": [(None, Site(name="Shop", zone=BERLIN, tariff="cheap"))],
    "group/pumps": [(None, DeviceGroup(name="Pumps"))],
    "group/all": [(None, DeviceGroup(name="All"))],
    "device/main": [(None, Device(name="Main", site="house", groups=("all",)))],
    "device/pump": [(None, Device(name="Pump", site="cellar", groups=("pumps", "all")))],
    "device/till": [(None, Device(name="Till", site="shop", groups=("all",)))],
    "device/rest": [
        (None, Device(name="Rest", site="house",
                      terms=(Term(device="main"), Term(device="pump", minus=True))))
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    made = Catalogue("UTC")
    for key, versions in ENTRIES.items():
        enter(made, key, versions)
    return made


@pytest.fixture(scope="module")
def consumption(
    catalogue: Catalogue, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ConsumptionSums]:
    """2 kWh an hour at the house, of which the pump takes a quarter; on 20 October none."""
    opened = ChdbHistory(tmp_path_factory.mktemp("bills"))
    silent = range(ms("2026-10-20T00:00+02:00"), ms("2026-10-20T02:00+02:00"))
    hours = [at for at in range(ms("2026-10-10T00:00+02:00"), NOW, HOUR_MS) if at not in silent]
    amounts = {"main": 2 * 10**9, "pump": 5 * 10**8, "till": 10**9, "lonely": 10**9}
    rows = readings([(d, at - T0, nano) for d, nano in amounts.items() for at in hours])
    sunny = range(ms("2026-11-02T09:00+01:00"), ms("2026-11-02T17:00+01:00"), HOUR_MS)
    fed_in = [("main/export", at - T0, 10**9 + n * 10**8) for n, at in enumerate(sunny)]
    rollups = RollUps(opened)
    for some in (rows, readings(fed_in, "energy_register_kwh", first=len(rows))):
        opened.insert("readings", some)
        rollups.mark("readings", some)
    rollups.settle()
    yield ConsumptionSums(opened.query, catalogue, lambda: NOW)
    opened.close()


@pytest.fixture
def prices() -> PriceBook:
    return PriceBook(MemoryLog())


@pytest.fixture
def bills(consumption: ConsumptionSums, catalogue: Catalogue, prices: PriceBook) -> EnergyBills:
    return EnergyBills(consumption, catalogue, prices.get)


def asked(bills: EnergyBills, key: str, text: str, tariff: str = "") -> EnergyBill:
    consumption = bills._consumption
    return bills.of(key, consumption.span(text, [key]), tariff)


def test_a_site_is_billed_from_when_its_tariff_holds(bills: EnergyBills) -> None:
    bill = asked(bills, "site/house", "2026-10")
    assert [
        (line.kind, line.start_ms, line.quantity, line.amount) for line in bill.rated.lines
    ] == [
        (
            "energy",
            CHANGE,
            D(383) * D("2.5"),
            28725,
        ),  # 16 days, one hour more, two without readings
        ("standing", CHANGE, D(16), 800),
    ]
    [left_out] = bill.rated.unpriced
    assert (left_out.end_ms, left_out.reason) == (CHANGE, "no-tariff")
    assert left_out.nano == 6 * 24 * 2_500_000_000
    assert (bill.currency, bill.total, bill.tariffs) == ("EUR", D("295.25"), ("flat",))
    midnight = ms("2026-10-20T00:00+02:00")
    assert (midnight, midnight + 2 * HOUR_MS) in bill.missing


def test_what_stands_in_a_site_has_its_tariff_and_its_sums_add_up(bills: EnergyBills) -> None:
    house, pump, rest = (
        asked(bills, key, "2026-10-25").rated
        for key in ("site/house", "device/pump", "device/rest")
    )
    assert [r.lines[0].quantity for r in (house, pump, rest)] == [D("62.5"), D("12.5"), D("37.5")]
    assert asked(bills, "group/pumps", "2026-10-25").rated.lines == pump.lines
    assert asked(bills, "site/cellar", "2026-10-25").rated == pump


def test_a_register_of_what_is_fed_in_is_paid_for_by_itself(bills: EnergyBills) -> None:
    """0.1 kWh an hour from 9 to 16 o'clock, by the name of the register alone."""
    bill = asked(bills, "device/main/export", "2026-11-02", "sold")
    lines = [(line.kind, line.quantity, line.amount) for line in bill.rated.lines]
    assert lines == [("energy", 0, 0), ("export", D("0.7"), -6)]
    assert bill.total == D("-0.06")


def test_a_month_that_is_not_over_counts_up_to_now(bills: EnergyBills) -> None:
    bill = asked(bills, "site/house", "2026-11")
    assert bill.until_ms == NOW + 1_800_000  # the newest hour that came is over then
    assert [line.quantity for line in bill.rated.lines] == [D(4 * 24 + 15) * D("2.5"), D(5)]
    ahead = asked(bills, "site/house", "2026-12", "flat")
    assert (ahead.rated.total, ahead.rated.lines, ahead.missing) == (0, (), ())


def test_what_if_takes_the_oldest_version_before_it_held(bills: EnergyBills) -> None:
    assert asked(bills, "site/house", "2026-10-25", "cheap").total == D("6.25")
    assert asked(bills, "site/house", "2026-10-25", "cheap").currency == "CHF"
    assert asked(bills, "device/lonely", "2026-10-12", "cheap").total == D("2.40")
    assert asked(bills, "site/house", "2026-10-12", "late").total == D("60.00")
    holiday = asked(bills, "device/pump", "2026-10-20", "days")
    assert [(line.price, line.quantity) for line in holiday.rated.lines] == [(D(1), D(11))]


def test_the_past_is_rated_anew_by_asking_again(
    bills: EnergyBills, catalogue: Catalogue, prices: PriceBook
) -> None:
    assert asked(bills, "site/shop", "2026-10-25").total == D("2.50")
    dearer = Tariff(name="Dear", price=D("0.20"), currency="CHF")
    enter(catalogue, "tariff/cheap", [*ENTRIES["tariff/cheap"], (None, dearer)])
    try:
        assert asked(bills, "site/shop", "2026-10-25").total == D("5.00")
    finally:
        enter(catalogue, "tariff/cheap", ENTRIES["tariff/cheap"])
    without = asked(bills, "site/shop", "2026-10-25", "spot")
    assert (without.rated.total, without.rated.unpriced_nano) == (0, 25 * 10**9)
    prices.put("spot-de", b"start,price\n2026-10-25T00:00+02:00,0.5\n", "spot.csv")
    again = asked(bills, "site/shop", "2026-10-25", "spot")
    assert (again.total, again.rated.unpriced_nano) == (D("0.50"), 24 * 10**9)


@pytest.mark.parametrize(
    ("key", "tariff", "error", "words"),
    [
        ("device/lonely", "", NotFound, "device/lonely has no tariff in 2026-10-25"),
        ("site/gone", "", NotFound, "no site 'gone'"),
        ("group/all", "", Faulty, r"different tariffs \(cheap, flat\)"),
        ("group/all", "days", Faulty, "different holidays"),
        ("device/lonely", "flat", Faulty, "no currency: say that of the tariff flat"),
        ("site/house", "gone", NotFound, "no tariff 'gone'; there are: cheap"),
        ("tariff/flat", "", Malformed, "uses nothing"),
        ("house", "", Malformed, "is no key"),
    ],
)
def test_what_cannot_be_billed_says_why(
    bills: EnergyBills, key: str, tariff: str, error: type[Exception], words: str
) -> None:
    span = bills._consumption.span("2026-10-25", [], BERLIN)
    with pytest.raises(error, match=words):
        bills.of(key, span, tariff)


def test_a_currency_that_changes_is_refused(bills: EnergyBills, catalogue: Catalogue) -> None:
    before = Tariff(name="Old", price=D(1), currency="HRK")
    after = Tariff(name="New", price=D(1), currency="EUR")
    enter(catalogue, "tariff/cheap", [(None, before), (CHANGE, after)])
    try:
        with pytest.raises(Faulty, match="its tariffs are in EUR and HRK"):
            asked(bills, "site/shop", "2026-10")
        assert asked(bills, "site/shop", "2026-10-12").currency == "HRK"
    finally:
        enter(catalogue, "tariff/cheap", ENTRIES["tariff/cheap"])


def test_costs_are_of_energy_alone_and_of_what_has_a_tariff(
    bills: EnergyBills, catalogue: Catalogue
) -> None:
    span = bills._consumption.span("2026-10-25", [], BERLIN)
    costs = bills.costs(["site/house", "device/lonely", "site/gone", ""], span)
    assert costs["site/house"] == (D("18.75"), "EUR", 62_500_000_000)
    assert set(costs) == {"site/house"}  # everything is in two currencies
    enter(catalogue, "site/town", [(None, Site(name="Town"))])
    enter(catalogue, "site/shop", [(None, Site(name="Shop", zone=BERLIN, parent="town"))])
    try:
        assert bills.costs([""], span) == {"": (D("18.75"), "EUR", 62_500_000_000)}
        enter(catalogue, "site/shop", [
            (None, Site(name="Shop", zone=BERLIN, parent="town", tariff="flat", currency="EUR"))
        ])  # fmt: skip
        together = bills.costs(["", "site/town"], span)
        assert together["site/town"] == (D("7.50"), "EUR", 25 * 10**9)
        assert together[""] == (D("26.25"), "EUR", 87_500_000_000)
    finally:
        enter(catalogue, "site/shop", ENTRIES["site/shop"])
        enter(catalogue, "site/town", [(None, None)])  # type: ignore[list-item]


def test_steps_come_to_what_their_span_costs(
    bills: EnergyBills, consumption: ConsumptionSums
) -> None:
    span = consumption.span("2026-10", ["site/house"])
    keys = ["site/house", "device/pump", "site/shop", "device/lonely", ""]
    whole, steps = bills.costs(keys, span), bills.step_costs(keys, span)
    assert steps.keys() == whole.keys() | {""}
    assert set(steps[""][16:]) == {None}  # the shop's francs are no sum with the house's euros
    [house] = consumption.of(["site/house"], span)
    days = steps["site/house"]
    assert len(days) == len(house.steps) == 31
    assert set(days[:15]) == {None}  # no tariff held
    assert days[16] == (D("18"), "EUR", 60_000_000_000)  # 24 h of 2.5 kWh at 0.30
    for key, cost in whole.items():
        known = [step for step in steps[key] if step is not None]
        assert sum(step.nano for step in known) == cost.nano
        assert abs(sum(step.amount for step in known) - cost.amount) <= D("0.005")
    hours = bills.step_costs(["device/pump"], span, "hour")["device/pump"]
    assert len(hours) == 31 * 24 + 1  # clocks are set back
    assert hours[-1] == (D("0.15"), "EUR", 500_000_000)


def test_a_step_whose_energy_has_no_price_is_not_free(
    catalogue: Catalogue, bills: EnergyBills, prices: PriceBook
) -> None:
    prices.put("spot-de", b"start,price\n2026-10-25T00:00+02:00,0.25\n", "spot.csv")
    enter(catalogue, "site/mill", [(None, Site(name="Mill", zone=BERLIN, tariff="spot"))])
    enter(catalogue, "device/lonely", [(None, Device(name="Lonely", site="mill"))])
    try:
        span = CalendarSpan.parse("2026-10-25", BERLIN, date(2026, 11, 5))
        first, *rest = bills.step_costs(["site/mill"], span, "hour")["site/mill"]
        day = CalendarSpan.parse("2026-10-09", BERLIN, date(2026, 11, 5))
        nothing = bills.step_costs(["site/mill"], day, "hour")["site/mill"]
    finally:
        enter(catalogue, "device/lonely", [(None, Device(name="Lonely"))])
    assert first == (D("0.25"), "EUR", 1_000_000_000)
    assert set(rest) == {None}
    assert set(nothing) == {(D(0), "EUR", 0)}  # nothing was used, which costs nothing


def test_a_step_costs_by_the_steps_of_the_month(catalogue: Catalogue, bills: EnergyBills) -> None:
    tariff = Tariff(name="Blocks", price=None, currency="EUR", blocks=(
        PriceBlock(price=D("0.2"), up_to_kwh=D(100)), PriceBlock(price=D("0.4")),
    ))  # fmt: skip
    enter(catalogue, "tariff/blocks", [(None, tariff)])
    enter(catalogue, "site/mill", [(None, Site(name="Mill", zone=BERLIN, tariff="blocks"))])
    enter(catalogue, "device/lonely", [(None, Device(name="Lonely", site="mill"))])
    try:
        span = CalendarSpan.parse("2026-10-10..2026-10-31", BERLIN, date(2026, 11, 5))
        days = [step.amount for step in bills.step_costs(["site/mill"], span)["site/mill"] if step]
    finally:
        enter(catalogue, "device/lonely", [(None, Device(name="Lonely"))])
    assert days[:4] == [D("4.8")] * 4  # 24 kWh a day
    assert days[4] == 4 * D("0.2") + 20 * D("0.4")  # the hundredth is the fourth of the fifth day
    assert set(days[5:10]) == {24 * D("0.4")}


def test_many_borders_are_asked_for_in_parts(
    consumption: ConsumptionSums, monkeypatch: pytest.MonkeyPatch
) -> None:
    span = consumption.span("2026-10-25", ["site/house"])
    borders = span.borders("hour")
    whole = consumption.between(["site/house"], borders)["site/house"]
    monkeypatch.setattr("energyguard.service.consumption.consumption.MAX_BORDERS", 7)
    parts = consumption.between(["site/house"], borders)["site/house"]
    assert parts.nano.tolist() == whole.nano.tolist() == [2_500_000_000] * 25 + [0]
    assert parts.readings.tolist() == whole.readings.tolist()


def test_who_is_limited_to_sites_sees_their_bills_and_tariffs(
    bills: EnergyBills, catalogue: Catalogue
) -> None:
    from types import SimpleNamespace
    from typing import Any

    from energyguard.service.limited.site_scope import SiteScope

    whole: Any = SimpleNamespace(entries=catalogue)
    limited = LimitedBills(bills, SiteScope(whole, ("cellar",)))
    span = bills._consumption.span("2026-10-25", [], BERLIN)
    assert limited.of("device/pump", span).total == D("4.25")
    assert limited.costs([""], span) == {"": (D("3.75"), "EUR", 12_500_000_000)}
    assert [(card.id, card.sites) for card in limited.tariffs()] == [("flat", ())]
    for key, tariff in (("site/house", ""), ("group/all", ""), ("device/till", "")):
        with pytest.raises(Forbidden):
            limited.of(key, span, tariff)
    with pytest.raises(NotFound, match="at your sites"):
        limited.of("device/pump", span, "cheap")
    with pytest.raises(Forbidden):
        limited.costs(["site/shop"], span)


def test_everything_costs_what_goes_by_one_clock(
    bills: EnergyBills, consumption: ConsumptionSums, catalogue: Catalogue, prices: PriceBook
) -> None:
    """A site of which all lives in a time of its own is in no sum of everything."""
    span = consumption.span("2026-10-18", zone=BERLIN)
    keys = ["", "site/house", "site/shop"]
    every = bills.costs(keys, span)
    assert "" not in every  # the house pays in another currency than the shop
    ruled = EnergyBills(consumption, catalogue, prices.get, lambda: {"till", "pump"})
    found = ruled.costs(keys, span)
    assert found == {**every, "": every["site/house"]}


@pytest.mark.parametrize(
    ("currency", "digits", "day"),
    [("JPY", 0, ("3", "0")), ("EUR", 2, ("3.38", "0.34")), ("KWD", 3, ("3.375", "0.338"))],
)
def test_a_stations_bill_is_rounded_to_the_minor_unit_of_its_currency(
    currency: str, digits: int, day: tuple[str, str], consumption: ConsumptionSums
) -> None:
    """48 kWh at 0.0703125 are 3.375: 3 yen, 3.38 euros, 3.375 dinars; taxes are on the rounded."""
    tariff = Tariff(
        name="T", price=D("0.0703125"), taxes=(TaxRate(name="VAT", percent=D(10)),)
    )  # fmt: skip
    places = Catalogue(BERLIN)
    enter(places, "tariff/t", [(None, tariff)])
    station = Site(name="Harbour", kind="station", tariff="t", currency=currency, zone=BERLIN)
    enter(places, "site/station:Harbour", [(None, station)])
    enter(places, "device/main", [(None, Device(name="Main", site="station:Harbour"))])
    sums = ConsumptionSums(consumption._query, places, lambda: NOW)
    made = EnergyBills(sums, places, PriceBook(MemoryLog()).get)
    bill = asked(made, "site/station:Harbour", "2026-10-18")
    unit = D(1).scaleb(-digits)
    assert (bill.currency, bill.digits) == (currency, digits)
    assert [line.amount * unit for line in bill.rated.lines] == [D(text) for text in day]
    assert bill.total == sum(map(D, day))
    month = asked(made, "site/station:Harbour", "2026-10")
    energy, tax = month.rated.lines
    assert energy.price is not None
    exact = (energy.quantity * energy.price).quantize(unit, ROUND_HALF_UP)
    assert energy.amount * unit == exact
    assert tax.amount * unit == (exact / 10).quantize(unit, ROUND_HALF_UP)
    assert month.total == (energy.amount + tax.amount) * unit
