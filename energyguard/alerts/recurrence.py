"""Spans that come again: ``sun 02:00-06:00``, ``mon-fri 22:00-05:00``, by the clock of a zone.

A span belongs to the day on which it begins, and goes over midnight: of ``fri 22:00-06:00`` the
hours after midnight are Saturday's. Where the clock is put forward or back it begins and ends when
the clock says so: ``sun 02:00-06:00`` lasts three hours in spring and five in autumn.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from energyguard.model.days import ms_of
from energyguard.tariffs.periods import DAY_MIN, PricePeriod, parse_period

DAY_MS: Final = 86_400_000
_WEEK_MS: Final = 7 * DAY_MS
_DAYS_AROUND: Final = range(-8, 16)
"""More than the longest span, and two weeks: an hour of a Sunday in spring does not come."""
FORMS: Final = "sun 02:00-06:00, mon-fri 22:00-05:00, 02:00-04:00, sat,sun"


class WindowSpan(NamedTuple):
    """From a time to another, ms since 1970 UTC; the second is not part of it."""

    start_ms: int
    end_ms: int


class Recurrence(NamedTuple):
    """Days, times of the clock on the wall, and the clock's zone."""

    period: PricePeriod
    zone: str

    @classmethod
    def parse(cls, text: str, zone: str) -> Recurrence:
        """Read what people write.

        Raises:
            ValueError: it is none, it never ends, or the zone is unknown; the message says what
                can be written.
        """
        period = parse_period(text)
        if not (period.days or period.times) or period.holiday:
            raise ValueError(f"{text!r}: name days of the week, times, or both: {FORMS}")
        try:
            made = cls(period, ZoneInfo(zone).key)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"unknown zone {zone!r}") from None
        start_ms = ms_of(datetime(2024, 1, 1, tzinfo=UTC))
        if any(s.end_ms - s.start_ms > _WEEK_MS for s in made.around(start_ms)):
            raise ValueError(f"{text!r}: these times never end; leave them out")
        return made

    def around(self, at_ms: int) -> tuple[WindowSpan, ...]:
        """The spans of the week before a time and of two after it, in order, none touching."""
        return _spans(self, at_ms // DAY_MS)

    def at(self, at_ms: int) -> WindowSpan | None:
        """The span in which a time is."""
        return next((s for s in self.around(at_ms) if s.start_ms <= at_ms < s.end_ms), None)

    def after(self, at_ms: int) -> WindowSpan:
        """The next span that begins then or later."""
        return next(s for s in self.around(at_ms) if s.start_ms >= at_ms)


@lru_cache(maxsize=1024)
def _spans(recurrence: Recurrence, utc_day: int) -> tuple[WindowSpan, ...]:
    period, zone = recurrence.period, ZoneInfo(recurrence.zone)
    day = date(1970, 1, 1) + timedelta(utc_day)
    found: list[WindowSpan] = []
    for at in (day + timedelta(n) for n in _DAYS_AROUND):
        if period.days and at.weekday() not in period.days:
            continue
        for start, end in period.times or ((0, DAY_MIN),):
            span = (
                _clock_ms(at, minute, zone) for minute in (start, end + DAY_MIN * (end <= start))
            )
            found.append(WindowSpan(*span))
    return _joined(sorted(found))


def _clock_ms(day: date, minute: int, zone: ZoneInfo) -> int:
    """When a clock shows so many minutes of a day; of an hour that comes twice the first time."""
    day += timedelta(minute // DAY_MIN)
    hour, minute = divmod(minute % DAY_MIN, 60)
    return ms_of(datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone))


def _joined(spans: list[WindowSpan]) -> tuple[WindowSpan, ...]:
    """Spans that touch or overlap as one; one of no length (its hour does not come) is none."""
    joined: list[WindowSpan] = []
    for span in spans:
        if joined and span.start_ms <= joined[-1].end_ms:
            joined[-1] = WindowSpan(joined[-1].start_ms, max(joined[-1].end_ms, span.end_ms))
        elif span.start_ms < span.end_ms:
            joined.append(span)
    return tuple(joined)
