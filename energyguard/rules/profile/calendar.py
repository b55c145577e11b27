"""Which half-hour of the week a time belongs to, by the clock and the calendar of the site.

Half-hours are local: where clocks go back the same label comes twice, and both count; where they
go forward a label has no visit. A holiday is a Sunday.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from datetime import UTC, date, datetime
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from energyguard.model.readings import Ints
from energyguard.model.topics import DAY_MS

HALF_HOUR_MS = 1_800_000
SLOTS = 336
"""Half-hours of a week; the first begins on Monday at 00:00."""
A_DAY = 48

_QUARTER_MS = 900_000  # offsets from UTC are whole quarters of an hour
_QUARTERS = 96
_SUNDAY = 6
_MAX_DAYS = 4_000
_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class WeekTimes(NamedTuple):
    """Where times stand in the week."""

    slot: Ints
    """The half-hour of the week, 0 to 335."""
    start: Ints
    """When this half-hour began, ms since 1970: no two of a device share it."""


class Calendar:
    """A zone and its holidays."""

    def __init__(self, zone: str = "UTC", holidays: Iterable[str] = ()) -> None:
        """Know a site's clock.

        Args:
            zone: a name of the IANA data base.
            holidays: dates, ``2026-04-06``, days of every year, ``12-25``, and countries or their
                parts (ISO 3166) whose public holidays are some, ``IT``, ``DE-BY``.

        Raises:
            ZoneInfoNotFoundError: there is no such zone.
            ValueError: no such day, or no holidays of such a country are known.
        """
        names = frozenset(holidays)
        self._zone = ZoneInfo(zone)
        countries = {name for name in names if name[:1].isalpha()}
        self._countries = [of_country(name) for name in sorted(countries)]
        self._holidays = {checked_day(name) for name in names - countries}
        self._days: dict[int, tuple[Ints, Ints]] = {}  # by UTC day: of each quarter of an hour

    def moments(self, time_ms: Ints) -> WeekTimes:
        """The half-hour of each time (ms since 1970)."""
        if not len(time_ms):
            return WeekTimes(time_ms, time_ms)
        first, last = int(time_ms.min()) // DAY_MS, int(time_ms.max()) // DAY_MS
        if len(self._days) > _MAX_DAYS:
            self._days.clear()
        known = [self._day(day) for day in range(first, last + 1)]
        offsets, weekdays = (np.concatenate(column) for column in zip(*known, strict=True))
        quarter = time_ms // _QUARTER_MS - first * _QUARTERS
        local = time_ms + offsets[quarter]
        slot = weekdays[quarter] * A_DAY + local % DAY_MS // HALF_HOUR_MS
        return WeekTimes(slot, time_ms - local % HALF_HOUR_MS)

    def local(self, time_ms: int) -> datetime:
        """A time by the site's clock."""
        return datetime.fromtimestamp(time_ms / 1000, UTC).astimezone(self._zone)

    def _is_holiday(self, day: date) -> bool:
        if not self._holidays.isdisjoint((day.isoformat(), f"{day:%m-%d}")):
            return True
        return any(day in of for of in self._countries)

    def _day(self, day: int) -> tuple[Ints, Ints]:
        """The quarters of a UTC day: their offsets from UTC in ms, their days of the week."""
        if day not in self._days:
            offsets, weekdays = np.empty(_QUARTERS, np.int64), np.empty(_QUARTERS, np.int64)
            for quarter in range(_QUARTERS):
                local = self.local(day * DAY_MS + quarter * _QUARTER_MS)
                offset = local.utcoffset()
                assert offset is not None
                offsets[quarter] = int(offset.total_seconds() * 1000)
                holiday = self._is_holiday(local.date())
                weekdays[quarter] = _SUNDAY if holiday else local.weekday()
            self._days[day] = offsets, weekdays
        return self._days[day]


def of_country(name: str) -> Container[date]:
    """The public holidays of a whole country, ``DE``, or of a part of it, ``DE-BY`` (ISO 3166).

    Raises:
        ValueError: none are known.
    """
    from holidays import country_holidays

    country, _, part = name.partition("-")
    try:
        known: Container[date] = country_holidays(country, subdiv=part or None)
    except NotImplementedError:
        raise ValueError(f"no holidays of {name!r} are known, as of IT or DE-BY") from None
    return known


def checked_day(text: str) -> str:
    """A date, ``2026-04-06``, or a day of every year, ``12-25``, as it is.

    Raises:
        ValueError: it is neither.
    """
    try:
        date.fromisoformat(text if len(text) > 5 else f"2024-{text}")
    except ValueError:
        raise ValueError(f"{text!r} is no day, such as 2026-04-06 or 12-25") from None
    return text


@cache
def calendar_of(zone: str, holidays: tuple[str, ...]) -> Calendar:
    """A site's calendar; one for all who ask for the same."""
    return Calendar(zone or "UTC", holidays)


def slot_label(slot: int) -> str:
    """A half-hour of the week for people: ``Tue 18:00–18:30``."""
    day, half = divmod(slot, A_DAY)
    begin, end = (f"{n // 2 % 24:02d}:{n % 2 * 30:02d}" for n in (half, half + 1))
    return f"{_NAMES[day]} {begin}–{end}"
