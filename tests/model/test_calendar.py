"""Spans of the calendar: their days add up, whatever a zone does to its clocks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energyguard.model.calendar import STEPS, CalendarSpan, CalendarStep, SpanUnit
from energyguard.model.days import HOUR_MS, QUARTER_MS, local

ZONES = (
    "Africa/Cairo", "Africa/Casablanca", "America/Havana", "America/New_York", "America/Nuuk",
    "America/Santiago", "America/Sao_Paulo", "America/St_Johns", "Asia/Beirut", "Asia/Gaza",
    "Asia/Kathmandu", "Asia/Kolkata", "Asia/Tehran", "Australia/Adelaide", "Australia/Lord_Howe",
    "Europe/Berlin", "Europe/Chisinau", "Europe/Dublin", "Europe/Lisbon", "Pacific/Chatham",
)  # fmt: skip
BERLIN = "Europe/Berlin"
TODAY = date(2026, 11, 24)
DAYS = st.dates(date(2000, 1, 1), date(2040, 12, 31))
UNITS: tuple[SpanUnit, ...] = ("day", "week", "month", "year")


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


@st.composite
def spans(draw: st.DrawFn) -> CalendarSpan:
    zone, first = draw(st.sampled_from(ZONES)), draw(DAYS)
    unit = draw(st.sampled_from((*UNITS, "dates")))
    if unit == "dates":
        days = draw(st.integers(1, 400))
        return CalendarSpan("dates", first, first + timedelta(days=days), zone)
    return CalendarSpan.of(unit, first, zone)


@given(spans())
def test_what_is_written_is_read_again(span: CalendarSpan) -> None:
    assert CalendarSpan.parse(str(span), span.zone, TODAY) == span


@given(spans(), st.sampled_from(("day", "week", "month")))
def test_steps_follow_each_other_from_the_first_to_the_last(
    span: CalendarSpan, step: CalendarStep
) -> None:
    borders = span.borders(step)
    assert (borders[0], borders[-1]) == (span.start_ms, span.end_ms)
    assert all(low < high for low, high in pairwise(borders))
    assert all(local(at, span.zone).hour in (0, 1) for at in borders)  # 1: midnight is left out


@given(spans())
def test_spans_follow_each_other(span: CalendarSpan) -> None:
    assert span.before().end_ms == span.start_ms
    assert span.next().start_ms == span.end_ms
    assert span.next().previous() == span


@given(spans(), st.floats(0, 1))
def test_the_span_before_counts_up_to_the_same_time(span: CalendarSpan, part: float) -> None:
    now_ms = round(span.start_ms + part * (span.end_ms - span.start_ms))
    until_ms, before = span.before_until(now_ms), span.before()
    assert before.start_ms <= until_ms <= before.end_ms
    now, then = local(now_ms, span.zone), local(until_ms, span.zone)
    if span.start_ms < now_ms < span.end_ms and until_ms < before.end_ms:
        apart = abs((then.hour - now.hour) * 60 + then.minute - now.minute)
        assert apart <= 60  # 60: the clock was set anew in that hour of one of them


def transitions(zone: str) -> Iterator[int]:
    """When a zone's clock is set anew, from 2024 to 2027."""
    start, end = (ms(f"{year}-01-01T00:00+00:00") for year in (2024, 2028))
    before = None
    for at in range(start, end, HOUR_MS):
        offset = local(at, zone).utcoffset()
        if before is not None and offset != before:
            yield next(
                t
                for t in range(at - HOUR_MS, at + 1, QUARTER_MS)
                if local(t, zone).utcoffset() == offset
            )
        before = offset


@pytest.mark.parametrize("zone", ZONES)
def test_days_add_up_where_the_clock_is_set_anew(zone: str) -> None:
    for at in transitions(zone):
        month = CalendarSpan.of("month", local(at, zone).date(), zone)
        days = [CalendarSpan.of("day", local(t, zone).date(), zone) for t in month.borders()[:-1]]
        assert [day.end_ms for day in days[:-1]] == [day.start_ms for day in days[1:]]
        assert sum(day.end_ms - day.start_ms for day in days) == month.end_ms - month.start_ms
        there = CalendarSpan.of("day", local(at - 1, zone).date(), zone)
        for day in (there, there.next()):
            hours = day.borders("hour")
            assert {t for t in (at,) if day.start_ms <= t < day.end_ms} <= set(hours)
            assert all(QUARTER_MS <= high - low <= HOUR_MS for low, high in pairwise(hours))
            clocks = [local(t, zone) for t in hours[:-1]]
            shown = [(t.hour, t.minute, t.utcoffset()) for t in clocks]
            assert len(set(shown)) == len(shown)
            assert {t.date() for t in clocks} == {day.first}


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        (BERLIN, "2026-03-29", 23),
        (BERLIN, "2026-10-25", 25),
        ("Asia/Kathmandu", "2026-03-29", 24),
        ("Australia/Lord_Howe", "2026-04-05", 24.5),
        ("Australia/Lord_Howe", "2026-10-04", 23.5),
        ("America/Nuuk", "2026-03-28", 23),
    ],
)
def test_a_day_is_as_long_as_its_clock_makes_it(zone: str, day: str, hours: float) -> None:
    span = CalendarSpan.parse(day, zone, TODAY)
    assert (span.end_ms - span.start_ms) / HOUR_MS == hours
    assert len(span.borders("quarter")) == hours * 4 + 1


def test_an_hour_that_comes_twice_is_two_steps_and_one_left_out_is_none() -> None:
    autumn, spring = (CalendarSpan.parse(t, BERLIN, TODAY) for t in ("2026-10-25", "2026-03-29"))
    assert [local(t, BERLIN).hour for t in autumn.borders()[:-1]] == [0, 1, 2, 2, *range(3, 24)]
    assert [local(t, BERLIN).hour for t in spring.borders()[:-1]] == [0, 1, *range(3, 24)]


def test_hours_of_a_zone_of_three_quarters_begin_there() -> None:
    borders = CalendarSpan.parse("2026-11-24", "Asia/Kathmandu", TODAY).borders()
    assert borders[0] == ms("2026-11-23T18:15+00:00")
    assert len(borders) == 25


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("today", "2026-11-24"),
        ("yesterday", "2026-11-23"),
        ("this-week", "2026-W48"),
        ("last-week", "2026-W47"),
        ("this-month", "2026-11"),
        ("last-month", "2026-10"),
        ("this-year", "2026"),
        ("last-year", "2025"),
        ("last-30-days", "2026-10-26..2026-11-24"),
        ("2026-W01", "2026-W01"),
        (" 2026-11-01..2026-11-24 ", "2026-11-01..2026-11-24"),
    ],
)
def test_spans_are_written_in_many_ways(text: str, written: str) -> None:
    assert str(CalendarSpan.parse(text, BERLIN, TODAY)) == written


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("tomorrow", "write one like today, yesterday"),
        ("2026-13", "month must be in 1..12"),
        ("2026-02-30", "day"),
        ("2026-W60", "week"),
        ("2026-11-24..2026-11-01", "is before"),
        ("last-0-days", "no day"),
        ("", "write one like"),
        ("9999", "range"),
        ("0001", "from 1972 to 2104"),
        ("9999-12-30", "from 1972 to 2104"),
        ("1971-12-31..1972-01-02", "from 1972 to 2104"),
        ("20261124", "write one like"),
    ],
)
def test_what_is_no_span_says_what_can_be_written(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        CalendarSpan.parse(text, BERLIN, TODAY)


@pytest.mark.parametrize(
    ("text", "now", "until"),
    [
        ("2026-11-24", "2026-11-24T14:30+01:00", "2026-11-23T14:30+01:00"),
        ("2026-03-29", "2026-03-29T14:30+02:00", "2026-03-28T14:30+01:00"),
        ("2026-10-26", "2026-10-26T02:30+01:00", "2026-10-25T02:30+02:00"),
        ("2026-W48", "2026-11-25T08:00+01:00", "2026-11-18T08:00+01:00"),
        ("2026-03", "2026-03-31T08:00+02:00", "2026-03-01T00:00+01:00"),
        ("2026", "2026-11-24T14:30+01:00", "2025-11-24T14:30+01:00"),
        ("2024", "2024-02-29T14:30+01:00", "2023-03-01T00:00+01:00"),
        ("2026-11-23..2026-11-24", "2026-11-24T14:30+01:00", "2026-11-22T14:30+01:00"),
        ("2026-10", "2026-11-24T14:30+01:00", "2026-10-01T00:00+02:00"),
        ("2026-12", "2026-11-24T14:30+01:00", "2026-11-01T00:00+01:00"),
    ],
)
def test_up_to_when_the_span_before_counts(text: str, now: str, until: str) -> None:
    assert CalendarSpan.parse(text, BERLIN, TODAY).before_until(ms(now)) == ms(until)


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("2026-11-24", "hour"), ("2026-W48", "day"), ("2026-11", "day"), ("2026", "month"),
        ("2026-11-23..2026-11-24", "hour"), ("2026-10-01..2026-11-24", "day"),
        ("2026-01-01..2026-11-24", "month"),
    ],
)  # fmt: skip
def test_a_span_is_divided_by_its_length(text: str, step: CalendarStep) -> None:
    span = CalendarSpan.parse(text, BERLIN, TODAY)
    assert span.step == step
    assert len(span.borders()) - 1 <= 92


def test_the_first_and_the_last_month_are_as_long_as_the_span_has_of_them() -> None:
    span = CalendarSpan.parse("2026-01-15..2026-06-10", "UTC", TODAY)
    shown = [datetime.fromtimestamp(at / 1000, UTC).date().isoformat() for at in span.borders()]
    assert shown == [
        "2026-01-15", "2026-02-01", "2026-03-01", "2026-04-01", "2026-05-01", "2026-06-01",
        "2026-06-11",
    ]  # fmt: skip
    assert STEPS == ("quarter", "hour", "day", "week", "month")


def test_every_zone_is_known() -> None:
    assert len({ZoneInfo(zone) for zone in ZONES}) == 20
