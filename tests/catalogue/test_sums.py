"""What a name is the sum of, and from which event time on."""

from __future__ import annotations

import pytest

from energyguard.catalogue.revisions import CatalogueRevisions
from energyguard.catalogue.sums import MAX_PERIODS, sum_periods, sum_weights
from energyguard.model.catalogue import Device, DeviceGroup, Site, Term
from energyguard.model.tariffs import Tariff
from tests.catalogue.test_revisions import Writer

PUMPS = ("pumps",)


@pytest.fixture
def writer() -> Writer:
    made = Writer()
    made.put("site/home", Site(name="Home"))
    made.put("site/floor", Site(name="Floor", parent="home"))
    made.put("group/pumps", DeviceGroup(name="Pumps"))
    made.put("device/H1", Device(name="Oven", site="floor", groups=PUMPS))
    made.put("device/H2", Device(name="Hob", groups=PUMPS))
    made.put("device/house", Device(name="House", terms=(Term(device="H1"),)))
    return made


def periods(name: str, writer: Writer) -> list[tuple[int, dict[str, int]]]:
    known = CatalogueRevisions(writer.log)
    known.refresh()
    return [(from_ms, dict(weights)) for from_ms, weights in sum_periods(name, known)]


def test_what_changes_elsewhere_takes_no_place_of_the_changes_of_a_sum(writer: Writer) -> None:
    writer.put("device/H1", Device(name="Oven", groups=PUMPS), 1_000)
    writer.put("device/H2", Device(name="Hob", site="home"), 1_000)
    writer.put("device/house", Device(name="House", terms=(Term(device="H2"),)), 1_000)
    for n in range(MAX_PERIODS + 4):
        writer.put("tariff/dynamic", Tariff(name="Dynamic"), 2_000 + n)
        writer.put("device/far", Device(name="Far", site=f"far{n}"), 2_000 + n)
    moved = [(0, {"H1": 1}), (1_000, {"H2": 1})]
    assert periods("site/home", writer) == moved
    assert periods("house", writer) == moved
    assert periods("group/pumps", writer) == [(0, {"H1": 1, "H2": 1}), (1_000, {"H1": 1})]


def test_so_many_sums_of_a_name_are_known(writer: Writer) -> None:
    for n in range(1, MAX_PERIODS + 4):
        writer.put("device/H1", Device(name="Oven", site="floor" if n % 2 else "far"), n * 1_000)
        writer.put("device/H2", Device(name="Hob", site="home"), n * 1_000)
    found = periods("site/home", writer)
    assert [from_ms for from_ms, _ in found] == [0, *range(5_000, 20_000, 1_000)]
    assert found[-1] == (19_000, {"H1": 1, "H2": 1})
    assert found[0] == (0, {"H2": 1})


def test_a_site_that_is_moved_takes_its_devices_with_it(writer: Writer) -> None:
    writer.put("site/floor", Site(name="Floor"), 1_000)
    assert periods("site/home", writer) == [(0, {"H1": 1}), (1_000, {})]
    assert periods("site/floor", writer) == [(0, {"H1": 1})]


def test_a_part_that_is_retired_counts_until_then(writer: Writer) -> None:
    """Also of a sum of a sum; else the sum would wait for it, and end no alert, for ever."""
    parts = (Term(device="H1"), Term(device="H2", minus=True))
    writer.put("device/house", Device(name="House", terms=parts))
    writer.put("device/all", Device(name="All", terms=(Term(device="house"), Term(device="N"))))
    writer.put("device/H2", Device(name="Hob", retired_ms=2_000, replaced_by="N"))
    assert periods("house", writer) == [(0, {"H1": 1, "H2": -1}), (2_000, {"H1": 1})]
    assert periods("all", writer) == [
        (0, {"H1": 1, "H2": -1, "N": 1}),
        (2_000, {"H1": 1, "N": 1}),
    ]
    writer.put("device/H2", Device(name="Hob"))
    assert periods("house", writer) == [(0, {"H1": 1, "H2": -1})]


def test_a_virtual_device_is_a_sum_until_it_is_retired(writer: Writer) -> None:
    terms = (Term(device="H1"),)
    writer.put("device/house", Device(name="House", terms=terms, retired_ms=2_000))
    assert periods("house", writer) == [(0, {"H1": 1}), (2_000, {})]


@pytest.mark.parametrize("terms", [(), (Term(device="H2"),)])
def test_a_device_goes_before_a_site_of_its_name(writer: Writer, terms: tuple[Term, ...]) -> None:
    writer.put("device/site/home", Device(name="Odd", terms=terms))
    known = CatalogueRevisions(writer.log)
    known.refresh()
    weights = {"H2": 1} if terms else {"site/home": 1}
    assert sum_weights("site/home", known.entries) == weights
    assert periods("site/home", writer) == ([(0, weights)] if terms else [])
