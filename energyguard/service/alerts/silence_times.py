"""When silences begin and end, as people write it: ``tonight``, ``1 h``, ``2026-12-24T18:00``."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from energyguard.errors import Malformed
from energyguard.model.days import local, ms_of
from energyguard.model.quantities import parse_duration

MORNING: Final = time(7)
"""``tonight`` lasts until then."""
TONIGHT: Final = "tonight"
UNTIL_ENDED: Final = "until it is ended"
_DATE: Final = "2026-12-24 or 2026-12-24T18:00"


def begin_of(words: str, zone: str) -> int | None:
    """Wall ms of a date (its beginning), or a date and a time; of nothing None: now.

    Args:
        words: as people write them.
        zone: of the clock that they read.

    Raises:
        Malformed: it is none of these.
    """
    if not (text := words.strip()):
        return None
    moment = _moment(text, zone)
    if moment is None:
        raise Malformed(f"{text!r} is no beginning: write {_DATE}", "from")
    return ms_of(moment)


def end_of(words: str, zone: str, begin_ms: int) -> int | None:
    """Wall ms of ``tonight`` (until 07:00), a duration, a date (its end), a date and a time.

    Args:
        words: as people write them; nothing: None, until somebody ends it.
        zone: of the clock that they read.
        begin_ms: from when a duration counts, wall time.

    Raises:
        Malformed: it is none of these.
    """
    text = words.strip()
    if text.lower() in ("", UNTIL_ENDED):
        return None
    if text.lower() == TONIGHT:
        begin = local(begin_ms, zone)
        days = int(begin.time() >= MORNING)
        return ms_of(datetime.combine(begin.date() + timedelta(days=days), MORNING, begin.tzinfo))
    try:
        return begin_ms + parse_duration(text.lower())
    except ValueError:
        moment = _moment(text, zone)
    if moment is None:
        raise Malformed(f"{text!r} is no end: write tonight, 1 h, {_DATE}", "until")
    if len(text) <= 10:  # a date: until its end
        moment += timedelta(days=1)
    return ms_of(moment)


def check_end(until_ms: int, now_ms: int) -> None:
    """See that the end of a silence is still to come; both are wall time.

    Raises:
        Malformed: it is over.
    """
    if until_ms <= now_ms:
        raise Malformed("until: this time is over; say one to come", "until")


def _moment(text: str, zone: str) -> datetime | None:
    """A date, or a date and a time, of a zone's clock where it names none itself."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))
