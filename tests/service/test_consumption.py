"""What was used in local days, beside the days before, over a real history of a few readings."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from energyguard.catalogue import Catalogue
from energyguard.errors import Malformed, NotFound
from energyguard.history.chdb import ChdbHistory
from energyguard.history.rollups import RollUps
from energyguard.model.catalogue import Device, DeviceGroup, Site, Term
from energyguard.model.days import HOUR_MS
from energyguard.service.consumption import consumption as sums
from energyguard.service.consumption.consumption import ConsumptionSeries, ConsumptionSums
from energyguard.service.consumption.keys import weights_of
from tests.catalogue.test_fold import written
from tests.history.made import T0, readings

CASE = Path(__file__).parents[1] / "cases" / "meters" / "case22_dst_spring.csv"
BERLIN = "Europe/Berlin"


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


NOON = ms("2026-03-29T14:30+02:00")


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChdbHistory]:
    """A meter of 1 kWh an hour in the night of summer time; others around it."""
    opened = ChdbHistory(tmp_path_factory.mktemp("consumption"))
    day = [
        (row["household_id"], ms(row["timestamp"]), float(row["energy_kwh"]))
        for row in csv.DictReader(CASE.open())
    ]
    hours = range(ms("2026-03-26T00:00+01:00"), ms("2026-03-29T14:30+02:00"), HOUR_MS)
    house = [("main", at, 2.0) for at in hours] + [("pump", at, 0.5) for at in hours]
    half = [("delhi", at, 1.0) for at in range(ms("2026-03-28T00:00+05:30"), NOON, HOUR_MS // 2)]
    rows = readings([(d, at - T0, round(kwh * 1e9)) for d, at, kwh in day + house + half])
    opened.insert("readings", rows)
    rollups = RollUps(opened)
    rollups.mark("readings", rows)
    rollups.settle()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def consumption(history: ChdbHistory) -> ConsumptionSums:
    rest = Term(device="main"), Term(device="pump", minus=True)
    catalogue = Catalogue("UTC")
    catalogue.take(
        written(
            {
                "site/house": Site(name="House", zone=BERLIN),
                "site/cellar": Site(name="Cellar", parent="house"),
                "site/india": Site(name="Office", zone="Asia/Kolkata"),
                "group/pumps": DeviceGroup(name="Heat pumps"),
                "device/main": Device(name="Main", site="house"),
                "device/pump": Device(name="Pump", site="cellar", groups=("pumps",)),
                "device/rest": Device(name="Rest", site="house", terms=rest),
                "device/twice": Device(name="Twice", terms=(Term(device="rest"), *rest)),
                "device/round": Device(name="Round", terms=(Term(device="round"),)),
                "device/berlin": Device(name="", site="house"),
                "device/delhi": Device(name="", site="india"),
            }
        )
    )
    return ConsumptionSums(history.query, catalogue, lambda: NOON)


def asked(consumption: ConsumptionSums, key: str, text: str) -> ConsumptionSeries:
    [found] = consumption.of([key], consumption.span(text, [key]))
    return found


def test_the_day_of_summer_time_has_23_hours_and_23_kwh(consumption: ConsumptionSums) -> None:
    span = consumption.span("2026-03-29", ["device/berlin"])
    [day] = consumption.of(["device/berlin"], span, until_ms=span.end_ms)
    assert span.zone == BERLIN
    assert (day.total_kwh, len(day.steps)) == (23.0, 23)
    assert {step.kwh for step in day.steps} == {1.0}
    assert all(a.end_ms == b.start_ms for a, b in pairwise(day.steps))
    assert day.missing == ()
    march_span = consumption.span("2026-03", [], BERLIN)
    [march] = consumption.of(["device/berlin"], march_span, until_ms=NOON + 1)
    assert march.steps[28].kwh == pytest.approx(13 + 31 / 60)  # until 14:31
    assert len(march.missing) == 28


def test_today_stands_beside_yesterday_up_to_the_same_time(consumption: ConsumptionSums) -> None:
    span = consumption.span("today", ["device/main"])
    [today] = consumption.of(["device/main"], span, until_ms=NOON + 1)
    assert str(today.span) == "2026-03-29"
    minutes = 13 * 60 + 31  # since midnight; the hour that there was not is none
    sums = (today.total_kwh, today.before_total_kwh)
    assert sums == pytest.approx((2 * minutes / 60, 2 * (minutes + 60) / 60))
    assert [step.kwh for step in today.steps[13:15]] == [pytest.approx(2 * 31 / 60), None]
    [whole] = consumption.of(["device/main"], span)  # what came is not cut where it was told
    assert whole.total_kwh == 28.0
    assert sum(step.kwh or 0 for step in today.before) == 48.0
    assert (today.open, today.highest) == (13, 0)
    assert (today.until_ms, today.before_until_ms) == (
        NOON + 60_000,  # the minute of the newest reading counts
        ms("2026-03-28T14:31+01:00"),
    )


def test_what_nobody_compares_is_not_asked_for(
    consumption: ConsumptionSums, history: ChdbHistory
) -> None:
    borders = list[str]()

    def query(name: str, **parameters: Any) -> pa.Table:
        borders.append(parameters["borders"])
        return history.query(name, **parameters)

    sums = ConsumptionSums(query, consumption._catalogue, lambda: NOON)
    span = sums.span("today", ["device/main"])
    [beside] = sums.of(["device/main"], span)
    [alone] = sums.of(["device/main"], span, compare=False)
    assert (alone.before, alone.before_total_kwh) == ((), None)
    assert (alone.steps, alone.total_kwh) == (beside.steps, beside.total_kwh)
    starts = [int(of_both.partition(",")[0]) for of_both in borders]
    assert starts == [span.before().start_ms, span.start_ms]


def test_what_lives_in_another_time_is_left_out_and_has_its_own_day(
    consumption: ConsumptionSums, history: ChdbHistory
) -> None:
    keys = ["", "site/house"]
    span = consumption.span("2026-03-28", keys)
    every, house = consumption.of(keys, span)
    less, without = consumption.of(keys, span, without=["pump", "delhi"])
    assert every.total_kwh and less.total_kwh and house.total_kwh and without.total_kwh
    [gone] = consumption.of(["device/delhi"], span)
    assert house.total_kwh - without.total_kwh == 12.0
    assert every.total_kwh - less.total_kwh == 12.0 + (gone.total_kwh or 0)
    assert [step.kwh for step in without.steps] == [(s.kwh or 0) - 0.5 for s in house.steps]
    own_rule = ConsumptionSums(
        history.query, consumption._catalogue, lambda: NOON, apart=lambda: {"pump", "delhi"}
    )
    ruled, own = own_rule.of(keys, span)  # of everything alone: a site is all that stands there
    assert (ruled.total_kwh, own.total_kwh) == (less.total_kwh, house.total_kwh)
    assert [step.kwh for step in ruled.steps] == [step.kwh for step in less.steps]
    clocks = {frozenset({"main"}): NOON - 10 * 86_400_000}
    sums = ConsumptionSums(
        history.query, consumption._catalogue, lambda: NOON, lambda d: clocks.get(frozenset(d))
    )
    assert str(sums.span("today", ["device/main"])) == "2026-03-19"
    assert str(sums.span("today", [""])) == str(sums.span("today", ["device/pump"])) == "2026-03-29"


@pytest.mark.parametrize("max_named", [500, 1])
def test_a_sum_and_what_is_left_out_of_it_are_of_one_moment(
    consumption: ConsumptionSums, history: ChdbHistory, monkeypatch: pytest.MonkeyPatch,
    max_named: int,
) -> None:  # fmt: skip
    monkeypatch.setattr("energyguard.service.consumption.consumption.MAX_NAMED", max_named)
    questions = list[str]()

    def query(name: str, **parameters: Any) -> pa.Table:
        questions.append(name)  # readings come between two of them
        return history.query(name, **parameters)

    sums = ConsumptionSums(query, consumption._catalogue, lambda: NOON)
    span = sums.span("2026-03-28")
    [every] = sums.of([""], span)
    [less] = sums.of([""], span, without=["pump", "delhi"])
    assert questions == ["consumption"] * 2
    assert every.total_kwh and less.total_kwh
    assert [step.readings for step in less.steps] < [step.readings for step in every.steps]
    alone = [asked(consumption, f"device/{name}", "2026-03-28") for name in ("pump", "delhi")]
    assert less.total_kwh == every.total_kwh - sum(one.total_kwh or 0 for one in alone)


def test_a_span_that_is_over_or_not_begun_has_no_open_step(consumption: ConsumptionSums) -> None:
    long_ago = asked(consumption, "device/main", "1980-01-01..2026-03-28")  # before it: from 1933
    assert (long_ago.total_kwh, long_ago.before_total_kwh) == (3 * 48.0, None)
    over, ahead = (asked(consumption, "device/main", text) for text in ("2026-03-28", "2026-03-30"))
    assert (over.open, over.total_kwh, over.before_total_kwh) == (None, 48.0, 48.0)
    assert (ahead.open, ahead.total_kwh, ahead.before_total_kwh) == (None, None, None)
    assert ahead.highest is None
    assert ahead.missing == ()


def test_sites_groups_and_virtual_devices_are_sums(consumption: ConsumptionSums) -> None:
    keys = ["site/house", "site/cellar", "group/pumps", "device/rest", "device/twice", ""]
    span = consumption.span("2026-03-28", keys, BERLIN)
    totals = [series.total_kwh for series in consumption.of(keys, span)]
    assert totals == [60.0, 12.0, 12.0, 36.0, 72.0, 60.0 + 48.0]
    assert asked(consumption, "device/round", "today").total_kwh is None


def test_hours_of_a_zone_of_a_half_begin_there(consumption: ConsumptionSums) -> None:
    day = asked(consumption, "device/delhi", "2026-03-28")
    assert day.span.zone == "Asia/Kolkata"
    assert {step.kwh for step in day.steps} == {2.0}
    assert day.total_kwh == 48.0


def test_keys_of_several_zones_follow_that_of_the_product(consumption: ConsumptionSums) -> None:
    assert consumption.zone_of(["site/house", "device/pump", "group/pumps"]) == BERLIN
    assert consumption.zone_of(["site/house", "site/india"]) == "UTC"
    assert consumption.zone_of([]) == "UTC"


def test_more_devices_than_can_be_named_are_the_same(
    consumption: ConsumptionSums, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = asked(consumption, "site/house", "2026-03-28")
    monkeypatch.setattr(sums, "MAX_NAMED", 1)
    assert asked(consumption, "site/house", "2026-03-28") == before


@pytest.mark.parametrize("at_once", [1, 10_000])
def test_many_devices_are_added_up_where_they_are_kept(
    consumption: ConsumptionSums, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    keys = ("site/house", "device/rest", "device/twice", "device/round")
    before = [asked(consumption, key, "2026-03-28") for key in keys]
    monkeypatch.setattr(sums, "MAX_APART", 0)
    monkeypatch.setattr(sums, "MAX_TOGETHER", at_once)
    assert [asked(consumption, key, "2026-03-28") for key in keys] == before


def test_what_cannot_be_asked_says_why(consumption: ConsumptionSums) -> None:
    with pytest.raises(Malformed, match="write one like"):
        consumption.span("tomorrow")
    with pytest.raises(Malformed, match="no key of the catalogue"):
        consumption.span("today", ["house"])
    span = consumption.span("today")
    with pytest.raises(NotFound, match="no site 'attic'"):
        consumption.of(["site/attic"], span)
    with pytest.raises(Malformed, match="over 10,000 steps"):
        consumption.of([""], consumption.span("2026"), step="quarter")


@pytest.mark.parametrize("device", ["site/kitchen", "group/pumps", "floor/2"])
def test_a_device_that_is_called_as_a_key_counts_itself(device: str) -> None:
    catalogue = Catalogue("UTC")
    assert weights_of(f"device/{device}", catalogue) == {device: 1}
    catalogue.take(
        written(
            {
                "site/kitchen": Site(name="Kitchen"),
                "group/pumps": DeviceGroup(name="Pumps"),
                "device/oven": Device(name="Oven", site="kitchen", groups=("pumps",)),
            }
        )
    )
    of_sum = {"floor/2": 1} if device == "floor/2" else {"oven": 1}
    assert weights_of(f"device/{device}", catalogue) == of_sum
