"""Times as a reader writes them."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import parse_pattern

from energyguard.page.words.language import Reader

_SPACE = "\u00a0"
MAX_KNOWN = 20_000
"""So many times and numbers are kept as they were written last, for all pages."""
_DATES: Final = {
    "en_GB": ("EEE d MMM", "d MMM", "EEE d MMM y", "d MMM y"),
    "en_US": ("EEE, MMM d", "MMM d", "EEE, MMM d, y", "MMM d, y"),
    "de": ("EEE, d.M.", "d.M.", "EEE, d.M.y", "d.M.y"),
    "it": ("EEE d MMM", "d MMM", "EEE d MMM y", "d MMM y"),
    "pl": ("EEE, d.MM", "d.MM", "EEE, d.MM.y", "d.MM.y"),
}
"""By locale: weekday and day, day, and both with the year."""
_FORMS: Final = ("%a %-d %b %Y", "%-d %b %Y", "%a %-d %b", "%-d %b", "%H:%M:%S", "%H:%M")


@lru_cache(MAX_KNOWN)
def written_moment(ms: int, zone: str, form: str, reader: Reader) -> str:
    """A time in a zone as a reader writes it: pages and viewers say the same ones again and again.

    Args:
        ms: since 1970 UTC.
        zone: IANA.
        form: as ``strftime`` has it.
        reader: who reads.
    """
    at = datetime.fromtimestamp(ms / 1000, ZoneInfo(zone))
    for known in _FORMS:
        if known in form:
            form = form.replace(known, _localized(at, known, reader).replace("%", "%%"))
    for name, pattern in (("%a", "EEE"), ("%A", "EEEE"), ("%B", "LLLL"), ("%b", "LLL")):
        if name in form:
            form = form.replace(name, _applied(pattern, at, reader))
    return at.strftime(form)


def _localized(at: datetime, form: str, reader: Reader) -> str:
    """A date or a time of day."""
    if "%H" in form:
        seconds = ":ss" * form.endswith("%S")
        clock = f"h:mm{seconds}{_SPACE}a" if reader.half_day else f"HH:mm{seconds}"
        return _applied(clock, at, reader)
    dates = _DATES.get(str(reader.locale)) or _DATES[reader.locale.language]
    written = dates["%a" not in form if "%Y" not in form else 2 + ("%a" not in form)]
    return _applied(written, at, reader)


def _applied(pattern: str, at: datetime, reader: Reader) -> str:
    return parse_pattern(pattern).apply(at, Locale.parse(reader.language)).replace("\u202f", _SPACE)
