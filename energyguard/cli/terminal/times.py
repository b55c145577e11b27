"""Times as people give them: "2h" (before now), "yesterday", a date, a date and a time."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import typer

from energyguard.clock import SYSTEM, Clock
from energyguard.model.days import ms_of
from energyguard.model.quantities import parse_duration

DAYS = {"today": 0, "yesterday": 1}
"""Days by name, and how many days ago they began."""


def parse_time(text: str, now_ms: int, zone: str = "UTC", clock: Clock = SYSTEM) -> int:
    """Milliseconds since 1970 of a time.

    Args:
        text: a duration before ``now_ms``; a day (its beginning) by date or by name; or a date and
            a time. What has no offset is meant in ``zone``.
        now_ms: what a duration counts back from.
        zone: an IANA time zone.
        clock: says which day is today.

    Raises:
        typer.BadParameter: it is none of these.
    """
    text = text.strip()
    try:
        return now_ms - parse_duration(text)
    except ValueError:
        pass
    place = ZoneInfo(zone)
    if (ago := DAYS.get(text.lower())) is not None:
        now = datetime.fromtimestamp(clock.now_ms() / 1000, place)
        return _ms(datetime(now.year, now.month, now.day) - timedelta(days=ago), place)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is neither a day (yesterday, 2025-09-06), nor a time "
            "(2025-09-06T17:54:02Z), nor a duration (2h)"
        ) from None
    return _ms(moment, place)


def parse_range(since: str, until: str | None, newest_ms: int, zone: str) -> dict[str, int]:
    """The half-open range ``start_ms``, ``end_ms`` of two texts.

    Args:
        since: its beginning.
        until: its end; None: the newest.
        newest_ms: what durations count back from.
        zone: an IANA time zone.

    Raises:
        typer.BadParameter: a text is no time, or the range ends before it begins.
    """
    start = parse_time(since, newest_ms, zone)
    end = parse_time(until, newest_ms, zone) if until else newest_ms
    if until and end < start:
        raise typer.BadParameter(f"--until {until} is before --since {since}")
    return {"start_ms": start, "end_ms": max(start, end)}


def _ms(moment: datetime, zone: tzinfo) -> int:
    moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
    return ms_of(moment)


def parse_span(text: str) -> int:
    """A duration in milliseconds.

    Raises:
        typer.BadParameter: it is none.
    """
    try:
        return parse_duration(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
