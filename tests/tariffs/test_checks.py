"""What a tariff may be, in the catalogue and in its files."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pytest

from energyguard.catalogue import Catalogue
from energyguard.catalogue.checks import PlannedCatalogue
from energyguard.catalogue.differences import with_fields
from energyguard.catalogue.files import read_changes, write_toml
from energyguard.model.catalogue import Entry, Site
from energyguard.model.tariffs import PriceBlock, Tariff, TaxRate, TimedPrice
from energyguard.tariffs.checks import tariff_faults

D = Decimal
TOML = """\
[tariff.home]
name = "Home 2026"
currency = "EUR"
prices = [{ price = "0.2950", name = "night", when = "22:00-06:00" }, { price = "0.38107" }]
export_price = "-0.08203"
per_month = "11.90"
taxes = [{ name = "VAT", percent = "19" }]

[tariff.spot]
name = "Spot"
source = "spot-de"
surcharge = "0.1785"

[tariff.steps]
name = "Steps"
blocks = [{ price = "0.25", up_to_kwh = "500" }, { price = "0.35" }]
per_day = "0.30"
demand_price = "7.50"

[site.house]
name = "House"
tariff = "home"
"""


@pytest.mark.parametrize(
    ("field", "words", "fields"),
    [
        ("price", "say one of", {}),
        ("blocks", "this has price and blocks", {"price": 1, "blocks": [{"price": 1}]}),
        ("price", "no number", {"price": "NaN"}),
        ("price", "no number", {"price": "1e7"}),
        ("price", "more than 9 decimals", {"price": "0.1234567891"}),
        ("per_day", "no number", {"price": 1, "per_day": "Infinity"}),
        ("surcharge", "there is none", {"price": 1, "surcharge": 1}),
        ("source", "no id of a list", {"source": "a/b"}),
        ("prices", "no day and no time", {"prices": [{"price": 1, "when": "noon"}]}),
        ("prices", "never holds", {"prices": [{"price": 1}, {"price": 2, "name": "night"}]}),
        ("prices", "a name has", {"prices": [{"price": 1, "name": "a\nb"}]}),
        ("blocks", "takes all the rest", {"blocks": [{"price": 1, "up_to_kwh": 5}]}),
        ("blocks", "only the last", {"blocks": [{"price": 1}, {"price": 2}]}),
        (
            "blocks",
            "is not above 5",
            {"blocks": [{"price": 1, "up_to_kwh": n} for n in (5, 5)] + [{"price": 1}]},
        ),
        ("taxes", "no number", {"price": 1, "taxes": [{"name": "VAT", "percent": "NaN"}]}),
        ("taxes", "VAT: -5 is", {"price": 1, "taxes": [{"name": "VAT", "percent": -5}]}),
        ("taxes", "101 is", {"price": 1, "taxes": [{"name": "", "percent": 101}]}),
        ("taxes", "at most", {"price": 1, "taxes": [{"name": "a", "percent": 1}] * 101}),
    ],
)
def test_what_is_wrong_with_a_tariff(field: str, words: str, fields: Mapping[str, object]) -> None:
    tariff = with_fields("tariff", None, fields)
    assert isinstance(tariff, Tariff)
    [(at, reason)] = tariff_faults(tariff)
    assert (at, words in reason) == (field, True), reason


def planned(changes: Mapping[str, Entry | None], known: Mapping[str, Entry]) -> list[str]:
    catalogue = Catalogue()
    for key, entry in known.items():
        catalogue.see(key, entry, "test")
    return [str(fault) for fault in PlannedCatalogue(catalogue, changes).faults()]


def test_a_site_has_a_tariff_that_there_is_and_it_stays_there() -> None:
    house, flat = Site(name="House", tariff="flat"), Tariff(name="Flat", price=D(1))
    assert planned({"site/h": house}, {}) == [
        "site/h: tariff: there is no tariff 'flat': enter it first"
    ]
    assert planned({"site/h": house, "tariff/flat": flat}, {}) == []
    assert planned({"tariff/flat": None}, {"site/h": house, "tariff/flat": flat}) == [
        "tariff/flat: it is the tariff of site/h: give them another one first"
    ]
    unknown = Tariff(name="", price=D(1), currency="E")
    assert planned({"tariff/a/b": flat, "tariff/x": unknown}, {}) == [
        "tariff/a/b: id: 'a/b': the id of a tariff has no / and is not . or ..",
        "tariff/x: currency: 'E' is no ISO 4217 currency; write EUR",
    ]  # fmt: skip


def test_tariffs_are_in_the_file_of_the_catalogue_byte_for_byte() -> None:
    read = read_changes(TOML.encode(), "all.toml", Catalogue())
    assert read.faults == []
    assert write_toml(read.entries) == TOML
    assert read.entries["tariff/home"] == Tariff(
        name="Home 2026",
        currency="EUR",
        prices=(
            TimedPrice(price=D("0.2950"), name="night", when="22:00-06:00"),
            TimedPrice(price=D("0.38107")),
        ),
        export_price=D("-0.08203"),
        per_month=D("11.90"),
        taxes=(TaxRate(name="VAT", percent=D(19)),),
    )
    steps = read.entries["tariff/steps"]
    assert isinstance(steps, Tariff)
    assert steps.blocks == (
        PriceBlock(price=D("0.25"), up_to_kwh=D(500)),
        PriceBlock(price=D("0.35")),
    )


def test_numbers_and_tables_of_tables_are_read_too_and_faults_have_their_line() -> None:
    text = """\
[site.house]
name = "House"

[[tariff.home.prices]]
price = 0.29531
when = "mon-fri 6-22"

[tariff.home]
name = "Home"
per_month = 11.9
"""
    read = read_changes(text.replace("6-22", "06:00-22:00").encode(), "t.toml", Catalogue())
    home = read.entries["tariff/home"]
    assert isinstance(home, Tariff)
    assert (home.per_month, home.prices[0].price) == (D("11.9"), D("0.29531"))
    [fault] = read_changes(text.encode(), "t.toml", Catalogue()).faults
    assert fault.startswith("t.toml:4: tariff/home: prices: 'mon-fri 6-22': '6-22' is no day")
