"""Into what a time is divided where it is explained: quarter hours, hours, days or months."""

from __future__ import annotations

from datetime import timedelta

from energyguard.model.calendar import CalendarSpan, CalendarStep
from energyguard.model.days import HOUR_MS, local


def span_around(start_ms: int, end_ms: int, zone: str) -> CalendarSpan:
    """The days that a time is in."""
    first, last = local(start_ms, zone).date(), local(end_ms - 1, zone).date()
    return CalendarSpan("dates", first, last + timedelta(days=1), zone)


def step_of(start_ms: int, end_ms: int) -> CalendarStep:
    """What a time is divided into."""
    hours = (end_ms - start_ms) / HOUR_MS
    if hours <= 2:
        return "quarter"
    return "hour" if hours <= 75 else "day" if hours <= 93 * 24 else "month"


def steps_between(start_ms: int, end_ms: int, zone: str) -> list[int]:
    """Where the quarter hours, hours, days or months of a time begin, and the last one ends."""
    step = step_of(start_ms, end_ms)
    borders = span_around(start_ms, end_ms, zone).borders(step)
    return sorted({start_ms, *(ms for ms in borders if start_ms < ms < end_ms), end_ms})
