"""Spans of the calendar: a day, a week, a month, a year or any days, as a zone has them.

    span = CalendarSpan.parse("2026-03", "Europe/Berlin", today=date(2026, 3, 14))
    span.start_ms, span.end_ms        # ms since 1970 UTC, [from, to)
    span.borders()                    # of its days: 31 of them, one of 23 hours
    span.before()                     # February

A step is as long as the zone's clock makes it: a day has 23 to 25 hours, an hour that comes twice
is two steps, one that is left out is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final, Literal, get_args
from zoneinfo import ZoneInfo

from energyguard.model.days import QUARTER_MS, day_ms, local, ms_of

SpanUnit = Literal["day", "week", "month", "year", "dates"]
CalendarStep = Literal["quarter", "hour", "day", "week", "month"]
STEPS: Final[tuple[CalendarStep, ...]] = get_args(CalendarStep)
"""What a span can be divided into, the shortest first."""

_UNITS: Final[tuple[SpanUnit, ...]] = ("day", "week", "month", "year")
_HOURS_UP_TO, _DAYS_UP_TO = 2, 92  # days of a span of any dates that is shown by hours, by days
_LAST_DAYS: Final = re.compile(r"last-(\d{1,4})-days")
_NAMED: Final = re.compile(r"(this|last)-(week|month|year)")
_WEEK: Final = re.compile(r"(\d{4})-W(\d{2})")
_MONTH: Final = re.compile(r"(\d{4})-(\d{2})")
_YEAR: Final = re.compile(r"\d{4}")
_DATES: Final = re.compile(r"(.+)\.\.(.+)")
_ONE_DAY = timedelta(days=1)

FIRST_YEAR, LAST_YEAR = 1972, 2104
"""What can be asked for: the history has no earlier times, and no later ones."""
FORMS: Final = (
    "today, yesterday, this-week, last-month, last-30-days, 2026-11-24, 2026-W48, 2026-11, 2026, "
    "2026-11-01..2026-11-24"
)
"""How a span may be written, by example."""


@dataclass(frozen=True, slots=True)
class CalendarSpan:
    """Whole days of a zone, one after another.

    Attributes:
        unit: what it is: a day, a week (from Monday), a month, a year, or any dates.
        first: its first day.
        end: the day after its last.
        zone: an IANA time zone.
    """

    unit: SpanUnit
    first: date
    end: date
    zone: str = "UTC"

    @classmethod
    def of(cls, unit: SpanUnit, day: date, zone: str = "UTC") -> CalendarSpan:
        """The day, week, month or year that a day is in."""
        if unit == "week":
            first = day - timedelta(days=day.weekday())
            return cls(unit, first, first + timedelta(days=7), zone)
        if unit == "month":
            first = day.replace(day=1)
            return cls(unit, first, (first + timedelta(days=31)).replace(day=1), zone)
        if unit == "year":
            return cls(unit, date(day.year, 1, 1), date(day.year + 1, 1, 1), zone)
        return cls(unit, day, day + _ONE_DAY, zone)

    @classmethod
    def parse(cls, text: str, zone: str, today: date) -> CalendarSpan:
        """Read a span as people, links and commands write it (see ``FORMS``).

        Args:
            text: the span; of dates, both days are in it.
            zone: whose days they are.
            today: the day there now; ``last-30-days`` are 30 days, this one the last of them.

        Raises:
            ValueError: it is none; the message says what can be written.
        """
        word = text.strip()
        try:
            found = _named(word, zone, today) or _dated(word, zone)
            if found and not FIRST_YEAR <= found.first.year <= found.end.year <= LAST_YEAR + 1:
                raise ValueError(f"it must lie in the years from {FIRST_YEAR} to {LAST_YEAR}")
        except (ValueError, OverflowError) as error:
            raise ValueError(f"{word!r} is no span of the calendar: {error}") from None
        if found is None:
            raise ValueError(f"{word!r} is no span of the calendar; write one like {FORMS}")
        return found

    def __str__(self) -> str:
        """As it is written, without its zone."""
        if self.unit == "week":
            year, week, _ = self.first.isocalendar()
            return f"{year:04}-W{week:02}"
        if self.unit == "month":
            return f"{self.first:%Y-%m}"
        if self.unit == "year":
            return f"{self.first:%Y}"
        last = self.end - _ONE_DAY
        return f"{self.first}" if self.unit == "day" else f"{self.first}..{last}"

    @property
    def start_ms(self) -> int:
        """When it begins (ms since 1970 UTC)."""
        return day_ms(self.first, self.zone)[0]

    @property
    def end_ms(self) -> int:
        """When it is over: the first ms after it."""
        return day_ms(self.end, self.zone)[0]

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.end - self.first).days

    @property
    def step(self) -> CalendarStep:
        """What it is divided into where nobody says otherwise."""
        if self.unit == "day" or (self.unit == "dates" and self.days <= _HOURS_UP_TO):
            return "hour"
        long = self.unit == "year" or (self.unit == "dates" and self.days > _DAYS_UP_TO)
        return "month" if long else "day"

    def borders(self, step: CalendarStep | None = None) -> list[int]:
        """Where its steps begin, and the last one ends: UTC ms, each later than the one before.

        The first and the last week or month of a span are as long as the span has of them.
        """
        step = step or self.step
        if step in ("quarter", "hour"):
            found = list(_clock_borders(self.start_ms, self.end_ms, self.zone, step == "hour"))
        else:
            found = [day_ms(day, self.zone)[0] for day in self._days_of(step)]
        return sorted({*found, self.start_ms, self.end_ms})

    def _days_of(self, step: CalendarStep) -> Iterator[date]:
        """The days with which its steps begin."""
        unit: SpanUnit = "week" if step == "week" else "month" if step == "month" else "day"
        day = self.first
        while day < self.end:
            yield day
            day = CalendarSpan.of(unit, day).end

    def previous(self) -> CalendarSpan:
        """The span of the same sort right before it."""
        if self.unit == "dates":
            return CalendarSpan(
                "dates", self.first - (self.end - self.first), self.first, self.zone
            )
        return CalendarSpan.of(self.unit, self.first - _ONE_DAY, self.zone)

    def next(self) -> CalendarSpan:
        """The span of the same sort right after it."""
        if self.unit == "dates":
            return CalendarSpan("dates", self.end, self.end + (self.end - self.first), self.zone)
        return CalendarSpan.of(self.unit, self.end, self.zone)

    def before(self) -> CalendarSpan:
        """What it is compared with: the same span before."""
        return self.previous()

    def before_until(self, now_ms: int) -> int:
        """Up to when the span before it counts beside this one up to a time.

        The same day of it at the same time of day by the clock on the wall; the end of it, where
        this one is over, or where it has no such day.

        Returns:
            ms since 1970 UTC, within the span before.
        """
        before = self.before()
        if now_ms <= self.start_ms:
            return before.start_ms
        if now_ms >= self.end_ms:
            return before.end_ms
        now = local(now_ms, self.zone)
        day = before.first + (now.date() - self.first)
        clock = now.time()
        if self.unit == "year" and (now.month, now.day) == (2, 29):
            day, clock = date(before.first.year, 3, 1), time()
        elif self.unit == "year":
            day = now.date().replace(year=before.first.year)
        moment = datetime.combine(day, clock)
        there = moment.replace(tzinfo=ZoneInfo(self.zone), fold=now.fold)
        return min(max(ms_of(there), before.start_ms), before.end_ms)


def _named(word: str, zone: str, today: date) -> CalendarSpan | None:
    """A span that is counted from today."""
    if word in ("today", "yesterday"):
        return CalendarSpan.of("day", today - timedelta(days=word == "yesterday"), zone)
    if match := _LAST_DAYS.fullmatch(word):
        if not (days := int(match[1])):
            raise ValueError("it has no day")
        return CalendarSpan("dates", today - timedelta(days=days - 1), today + _ONE_DAY, zone)
    if match := _NAMED.fullmatch(word):
        unit = next(unit for unit in _UNITS if unit == match[2])
        now = CalendarSpan.of(unit, today, zone)
        return now if match[1] == "this" else now.previous()
    return None


def _dated(word: str, zone: str) -> CalendarSpan | None:
    """A span that is written with its days."""
    if match := _WEEK.fullmatch(word):
        return CalendarSpan.of("week", date.fromisocalendar(int(match[1]), int(match[2]), 1), zone)
    if match := _MONTH.fullmatch(word):
        return CalendarSpan.of("month", date(int(match[1]), int(match[2]), 1), zone)
    if _YEAR.fullmatch(word):
        return CalendarSpan.of("year", date(int(word), 1, 1), zone)
    if match := _DATES.fullmatch(word):
        first, last = (date.fromisoformat(part) for part in match.groups())
        if last < first:
            raise ValueError(f"{last} is before {first}")
        return CalendarSpan("dates", first, last + _ONE_DAY, zone)
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", word):
        return CalendarSpan.of("day", date.fromisoformat(word), zone)
    return None


def _clock_borders(start_ms: int, end_ms: int, zone: str, hours: bool) -> Iterator[int]:
    """When the hours or the quarters of a zone's clock begin; also where it is set anew."""
    offset = None
    for ms in range(start_ms, end_ms, QUARTER_MS):
        at = local(ms, zone)
        if not hours or at.minute == 0 or at.utcoffset() != offset:
            yield ms
        offset = at.utcoffset()
