"""Days as people have them: from midnight to midnight in their zone, 23 to 25 hours long."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

HOUR_MS = 3_600_000
QUARTER_MS = HOUR_MS // 4
"""Of UTC: what every zone's hours are made of."""


def local(ms: int, zone: str) -> datetime:
    """A time (ms since 1970 UTC) on the clock of a zone."""
    return datetime.fromtimestamp(ms / 1000, ZoneInfo(zone))


def ms_of(moment: datetime) -> int:
    """A moment as ms since 1970 UTC."""
    return round(moment.timestamp() * 1000)


def midnight_ms(ms: int, zone: str) -> int:
    """When the day of a time began in a zone."""
    return day_ms(local(ms, zone).date(), zone)[0]


def day_ms(day: date, zone: str) -> tuple[int, int]:
    """When a day begins and ends in a zone."""
    start, end = (
        datetime(at.year, at.month, at.day, tzinfo=ZoneInfo(zone))
        for at in (day, day + timedelta(1))
    )
    return ms_of(start), ms_of(end)


def hour_step_ms(ms: int, zone: str) -> int:
    """The longest step of UTC of which a zone's hours are made at a time."""
    offset = local(ms, zone).utcoffset() or timedelta()
    return HOUR_MS if offset % timedelta(hours=1) == timedelta() else QUARTER_MS
