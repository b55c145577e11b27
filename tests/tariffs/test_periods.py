"""Times of the week at which a price holds."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from energyguard.tariffs.holidays import holiday_dates, is_holiday_entry
from energyguard.tariffs.periods import parse_period


@pytest.mark.parametrize(
    ("text", "at", "holiday", "holds"),
    [
        ("", "2026-11-28T03:00", False, True),
        ("mon-fri 07:00-22:00", "2026-11-27T07:00", False, True),
        ("mon-fri 07:00-22:00", "2026-11-27T22:00", False, False),
        ("mon-fri 07:00-22:00", "2026-11-28T12:00", False, False),
        ("mon-fri 07:00-22:00", "2026-12-25T12:00", True, True),  # else say holiday above it
        ("sat,sun,holiday", "2026-12-25T12:00", True, True),
        ("sat,sun,holiday", "2026-12-25T12:00", False, False),
        ("holiday", "2026-11-28T12:00", False, False),
        ("sat-mon", "2026-11-30T12:00", False, True),  # goes round
        ("sat-mon", "2026-12-01T12:00", False, False),
        ("22:00-06:00", "2026-11-28T23:59", False, True),
        ("22:00-06:00", "2026-11-28T05:59", False, True),
        ("22:00-06:00", "2026-11-28T06:00", False, False),
        ("22:00-24:00", "2026-11-28T00:00", False, False),
        ("00:00-24:00", "2026-11-28T23:45", False, True),
        ("07:00-11:00,17:00-21:00", "2026-11-28T17:15", False, True),
        ("07:00-11:00,17:00-21:00", "2026-11-28T12:00", False, False),
    ],
)
def test_when_a_price_holds(text: str, at: str, holiday: bool, holds: bool) -> None:
    assert parse_period(text).holds(datetime.fromisoformat(at), holiday) is holds


@pytest.mark.parametrize(
    "text", ["monday", "mon-", "07:00-07:00", "07:10-08:00", "25:00-26:00", "7-22", "24:00-06:00"]
)
def test_what_cannot_be_read_says_how_to_write_it(text: str) -> None:
    with pytest.raises(ValueError, match=r"such as|write one like"):
        parse_period(text)


def test_holidays_of_a_country_its_part_and_a_day() -> None:
    assert date(2026, 10, 3) in holiday_dates(["DE"], [2026])
    assert date(2026, 1, 6) not in holiday_dates(["DE"], [2026])
    assert holiday_dates(["DE-BY", "2026-12-24", "2025-12-24"], [2026]) >= {
        date(2026, 1, 6),
        date(2026, 12, 24),
    }
    assert {day.year for day in holiday_dates(["DE-BY", "2025-12-24"], [2026])} == {2026}
    known = [word for word in ("DE", "DE-BY", "2026-12-24", "XX", "DE-XX", "24.12.") if
             is_holiday_entry(word)]  # fmt: skip
    assert known == ["DE", "DE-BY", "2026-12-24"]
