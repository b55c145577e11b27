"""Hours in which somebody is told, by the clock of the site: ``mon-fri 07:00-18:00``."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from energyguard.errors import Malformed
from energyguard.model.days import ms_of
from energyguard.tariffs.periods import PricePeriod, parse_period

STEP = timedelta(minutes=15)
"""Hours begin and end at its multiples."""
_WEEK_STEPS = 7 * 96


def check_hours(text: str, field: str, *, ends: bool) -> str:
    """Hours as they are kept.

    Args:
        text: as people write them; empty: none.
        field: what they are entered in, for the fault.
        ends: whether they have to end some time.

    Raises:
        Malformed: they are none, or never end.
    """
    try:
        period = _period(text)
    except ValueError as error:
        raise Malformed(str(error), field) from None
    monday = datetime(2024, 1, 1)
    if ends and text and all(period.holds(monday + n * STEP, False) for n in range(_WEEK_STEPS)):
        raise Malformed(f"{text!r}: these hours never end", field)
    return text.strip().lower()


@lru_cache(maxsize=256)
def _period(text: str) -> PricePeriod:
    return parse_period(text)


def holds(hours: str, at_ms: int, zone: str) -> bool:
    """Whether it is one of these hours at a wall time; of none it never is."""
    return bool(hours) and _period(hours).holds(_clock(at_ms, zone), False)


def end_of(hours: str, at_ms: int, zone: str) -> int:
    """When hours are over that hold at a wall time, ms; where none hold, that time."""
    if not holds(hours, at_ms, zone):
        return at_ms
    moment = _clock(at_ms, zone)
    at = moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0)
    for _ in range(_WEEK_STEPS):
        at = (at.astimezone(ZoneInfo("UTC")) + STEP).astimezone(at.tzinfo)
        if not _period(hours).holds(at, False):
            break
    return ms_of(at)


def _clock(at_ms: int, zone: str) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone))
