"""Spans that come again: days, nights that go over midnight, and clocks that are set anew."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energyguard.alerts.recurrence import DAY_MS, Recurrence
from energyguard.model.days import local, ms_of

ZONE = "Europe/Berlin"


def at(text: str) -> int:
    return ms_of(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE)))


def spans(every: str, after: str, count: int = 1) -> list[tuple[str, str]]:
    """The next spans, as the clock there shows them."""
    made, at_ms, found = Recurrence.parse(every, ZONE), at(after), []
    for _ in range(count):
        span = made.after(at_ms)
        found.append(tuple(f"{local(ms, ZONE):%a %d %H:%M}" for ms in span))
        at_ms = span.end_ms
    return found  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("every", "found"),
    [
        ("sun 02:00-06:00", [("Sun 06 02:00", "Sun 06 06:00"), ("Sun 13 02:00", "Sun 13 06:00")]),
        ("01:00-02:00", [("Fri 04 01:00", "Fri 04 02:00"), ("Sat 05 01:00", "Sat 05 02:00")]),
        ("fri 22:00-06:00", [("Fri 04 22:00", "Sat 05 06:00"), ("Fri 11 22:00", "Sat 12 06:00")]),
        ("fri 20:00-24:00", [("Fri 04 20:00", "Sat 05 00:00")]),
        ("sat,sun", [("Sat 05 00:00", "Mon 07 00:00")]),
        ("MON-SAT", [("Mon 07 00:00", "Sun 13 00:00")]),
    ],
)  # fmt: skip
def test_a_span_belongs_to_the_day_on_which_it_begins(
    every: str, found: list[tuple[str, str]]
) -> None:
    assert spans(every, "2026-12-03T12:00", len(found)) == found


def test_where_the_clock_is_set_anew_it_goes_by_the_clock() -> None:
    spring, autumn = at("2026-03-28T12:00"), at("2026-10-24T12:00")
    night = Recurrence.parse("sun 01:00-06:00", ZONE)
    assert night.after(spring).end_ms - night.after(spring).start_ms == 4 * 3_600_000
    assert night.after(autumn).end_ms - night.after(autumn).start_ms == 6 * 3_600_000
    assert spans("sun 02:00-03:00", "2026-03-28T12:00") == [("Sun 05 02:00", "Sun 05 03:00")]
    twice = Recurrence.parse("sun 02:00-02:30", ZONE).after(autumn)
    assert (twice.start_ms, twice.end_ms - twice.start_ms) == (at("2026-10-25T02:00"), 1_800_000)


@given(
    st.integers(0, 40 * 365 * DAY_MS),
    st.sampled_from(["sun 02:00-06:00", "mon-fri 22:00-05:00", "02:00-03:00", "sat", "23:45-0:15"]),
    st.sampled_from([ZONE, "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]),
)  # fmt: skip
def test_each_time_is_in_the_span_that_is_found_for_it(at_ms: int, every: str, zone: str) -> None:
    made = Recurrence.parse(every, zone)
    now, then = made.at(at_ms), made.after(at_ms)
    assert now is None or now.start_ms <= at_ms < now.end_ms
    assert at_ms <= then.start_ms < then.end_ms
    assert made.at(then.start_ms) == made.at(then.end_ms - 1) == then
    assert made.at(then.end_ms) is None
    assert all(before.end_ms < after.start_ms for before, after in pairwise(made.around(at_ms)))


@pytest.mark.parametrize(
    ("every", "why"),
    [
        ("", "name days of the week, times, or both"),
        ("holiday 02:00-03:00", "name days of the week, times, or both"),
        ("sunday", "'sunday' is no day and no time"),
        ("sun 02:10-03:00", "times are quarter hours"),
        ("mon-sun", "these times never end"),
        ("00:00-12:00 12:00-24:00", "these times never end"),
    ],
)
def test_what_is_none_is_refused_with_its_reason(every: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Recurrence.parse(every, ZONE)
    with pytest.raises(ValueError, match="unknown zone 'Mars'"):
        Recurrence.parse("sun", "Mars")
