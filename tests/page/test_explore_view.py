"""Explore: what is side by side, in which span, beside what; as bars, lines, numbers and words."""

from __future__ import annotations

from datetime import date

import pytest
from nicegui.testing import User

from energyguard.catalogue.changes import Edit
from energyguard.model.calendar import CalendarSpan
from energyguard.model.catalogue import Device, DeviceGroup, Site
from energyguard.page.elements.components import Tag
from energyguard.page.explore.differences import by_hour_of_day, differences
from energyguard.page.explore.gaps import gap_reason
from energyguard.page.measures.consumption_chart import NamedSeries, stretches
from energyguard.page.measures.picked import read_keys, written
from energyguard.page.measures.spans import last_year, span_name, span_words
from energyguard.service.consumption.amounts import ConsumptionStep
from energyguard.service.consumption.consumption import ConsumptionSeries
from tests.application.service import MadeUpService
from tests.application.world import HOMES, HOUR, START
from tests.page.test_views import plotted, sees

TODAY = date(2026, 11, 24)


def text_of(user: User, tag: str) -> list[str]:
    return [e.text for e in user.find(kind=Tag).elements if e.tag == tag]


async def test_two_devices_stand_side_by_side_and_the_title_says_which_used_more(
    user: User, service: MadeUpService
) -> None:
    service.catalogue.change("device/H001", "mara", {"name": "Floor 1"})
    await user.open("/explore?of=device/H001,device/H017&span=today")
    await sees(user, "kWh more than")
    drawn = await plotted(user, "bars", "kWh more than")  # beside the one of when they differ
    assert [row["name"] for row in drawn["series"]] == ["Floor 1", "H017"]
    assert drawn["running"] == 17
    assert [gap["words"] for gap in drawn["gaps"]] == [["no readings"], []]
    assert drawn["series"][0]["values"][14] is None
    assert len(drawn["steps"]) == 24
    await sees(user, "Together")
    await sees(user, "1 hour: 14:00")


async def test_one_device_has_the_span_before_behind_it(user: User) -> None:
    await user.open("/explore?of=device/H001&span=2025-11")
    drawn = await plotted(user, "bars")
    assert drawn["before"]["name"] == "October 2025"
    assert len(drawn["steps"]) == 30
    assert drawn["steps"][23]["label"] == "24"
    await sees(user, "October 2025 up to the same time")
    await user.open("/explore?of=device/H001&span=2025-11&beside=year")
    await sees(user, "kWh, November 2024")
    await user.open("/explore?of=device/H001&span=2025-11&beside=none")
    assert (await plotted(user, "bars"))["before"] is None


async def test_a_site_a_group_and_everything_can_be_picked(
    user: User, service: MadeUpService
) -> None:
    service.catalogue.put(
        [
            Edit("site/west", Site(name="West wing")),
            Edit("group/pumps", DeviceGroup(name="Heat pumps")),
            Edit("device/H001", Device(name="Pump", site="west", groups=("pumps",))),
        ],
        "mara",
    )
    await user.open("/explore?of=site/west,group/pumps,device/H002&span=yesterday")
    await sees(user, "used the most yesterday")
    drawn = await plotted(user, "bars")
    assert [row["name"] for row in drawn["series"]] == ["West wing", "Heat pumps", "H002"]
    assert drawn["series"][0]["values"] == drawn["series"][1]["values"]
    await user.open("/explore?span=yesterday")
    await sees(user, "All devices used ")


async def test_what_is_added_is_found_by_its_name(user: User, service: MadeUpService) -> None:
    service.catalogue.change("device/H009", "mara", {"name": "Heat pump"})
    await user.open("/explore?of=device/H001&span=today")
    user.find(marker="add-series").trigger("input", "heat")
    await sees(user, "Heat pump")
    rows = [e for e in user.find(kind=Tag).elements if "found-row" in e.classes]
    assert [row.props["href"] for row in rows] == [
        "/explore?of=device%2FH001%2Cdevice%2FH009&span=today"
    ]


async def test_levels_and_powers_are_lines(user: User) -> None:
    await user.open("/explore?of=device/thermometer&show=temperature_c&span=today")
    await sees(user, "Explore")
    await user.open("/explore?of=device/H001,device/H002&show=power&span=today")
    drawn = await plotted(user, "line")
    assert (drawn["unit"], [row["name"] for row in drawn["more"]]) == ("kW", ["H002"])
    await sees(user, "was highest")
    assert "Lowest" in text_of(user, "th")


async def test_a_span_that_is_none_is_said_and_nothing_else_shown(user: User) -> None:
    await user.open("/explore?span=someday")
    await sees(user, "'someday' is no span of the calendar")
    await user.should_not_see("In numbers")


async def test_dates_of_the_form_are_a_span(user: User) -> None:
    await user.open("/explore?of=device/H001&from=2025-11-01&to=2025-11-10&span=today")
    await sees(user, "from 1 Nov 2025 to 10 Nov 2025")
    hrefs = [e.props.get("href", "") for e in user.find(kind=Tag).elements if e.tag == "a"]
    downloads = [href for href in hrefs if "format=" in href]
    assert len(downloads) == 3
    assert all("span=2025-11-01..2025-11-10" in href for href in downloads)


def test_keys_stand_in_an_address_and_come_back() -> None:
    keys = ["device/a,b", "site/west wing", "group/50%"]
    assert read_keys(written(keys)) == keys
    assert read_keys(None) == [""]
    assert read_keys("") == []
    assert read_keys("device/a,nonsense,device/a") == ["device/a"]


def test_a_span_in_a_sentence() -> None:
    of = CalendarSpan.of
    assert span_words(of("month", TODAY), TODAY) == "this month"
    assert span_words(of("day", date(2026, 11, 23)), TODAY) == "yesterday"
    assert span_words(of("month", date(2026, 3, 1)), TODAY) == "in March 2026"
    thirty = CalendarSpan.parse("last-30-days", "UTC", TODAY)
    assert span_words(thirty, TODAY) == "in the last 30 days"


def test_the_same_of_last_year() -> None:
    leap = CalendarSpan.of("day", date(2024, 2, 29), "UTC")
    assert str(last_year(leap)) == "2023-02-28"
    week = CalendarSpan.of("week", TODAY, "UTC")
    assert (last_year(week).first.weekday(), last_year(week).days) == (0, 7)
    assert span_name(last_year(CalendarSpan.of("month", TODAY, "UTC"))) == "November 2025"


def test_steps_that_follow_one_another_are_one_gap() -> None:
    assert stretches([1, 2, 5]) == [(1, 3), (5, 6)]
    assert stretches([]) == []


def hourly(name: str, *kwh: float | None) -> NamedSeries:
    """Hours of a day in Berlin, from midnight on."""
    span = CalendarSpan.parse("2026-11-24", "Europe/Berlin", TODAY)
    steps = tuple(
        ConsumptionStep(span.start_ms + n * HOUR, span.start_ms + (n + 1) * HOUR, v, 1)
        for n, v in enumerate(kwh)
    )
    series = ConsumptionSeries(f"device/{name}", span, steps, 0.0, (), None, 0, 0, None, (), None)
    return NamedSeries(name, series, (), None)


def test_the_hours_of_the_day_that_differ_most_come_first() -> None:
    first, second = hourly("a", 1.0, 2.0, None), hourly("b", 1.5, 0.5, 3.0)
    assert differences(first.series, second.series) == [-0.5, 1.5, None]
    assert by_hour_of_day(first.series, second.series) == [(1, 1.5), (0, -0.5)]


async def test_two_devices_say_when_they_differ(user: User) -> None:
    await user.open("/explore?of=device/H001,device/H017&span=2025-11-10..2025-11-16")
    await sees(user, "When they differ")
    await sees(user, "By hour of the day, on the mean")
    rows = [e.text for e in user.find(kind=Tag).elements if "much" in e.classes]
    assert len(rows) == 10
    assert all("kWh more" in text.replace("\xa0", " ") for text in rows), rows
    await user.open("/explore?of=device/H001&span=2025-11-10..2025-11-16")
    await user.should_not_see("When they differ")


def test_a_gap_says_why_where_it_is_known(service: MadeUpService) -> None:
    def reason(start_ms: int = START, key: str = "device/H001") -> str:
        return gap_reason(service, key, start_ms, start_ms + HOUR)

    assert reason(0) == ""
    letter = service.dead_letters(1)[0]
    device = f"device/{letter.original.split(',')[1]}"
    assert reason(letter.at_ms, device) == f"its rows are refused: {letter.reason}"
    assert reason(letter.at_ms - HOUR, device) == ""  # they were refused later
    assert reason(key="") == reason(key="site/west") == ""
    entry = {"name": "Meter", "retired_ms": START}
    service.catalogue.change("device/H001", "mara", entry)
    assert reason() == "retired"
    assert reason(START - 2 * HOUR) == ""  # it was still there
    service.catalogue.change("device/H002", "mara", {"name": "New meter"})
    service.catalogue.change("device/H001", "mara", {**entry, "replaced_by": "H002"})
    assert reason() == "New meter took its place"


async def test_everything_leaves_out_what_home_leaves_out(
    user: User, service: MadeUpService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where all devices live in a time of their own, nothing is left of everything."""
    monkeypatch.setattr(service.live, "apart", lambda among=None: frozenset(HOMES))
    await user.open("/explore")
    drawn = await plotted(user, "bars")
    assert not any(drawn["series"][0]["values"])
    await user.open("/explore?of=device/H001")  # itself it is shown
    drawn = await plotted(user, "bars")
    assert any(drawn["series"][0]["values"])
