"""How long something took, as people write it: ``1:23:45``, ``2 h 15 min``, ``PT1H23M``."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from energyguard.errors import Malformed
from energyguard.files.values.numbers import HOURS, Numbers
from energyguard.files.values.times import DAY_S, HOUR_S

_DAYS: Final = r"(?:(?P<d>\d{1,3})\s*(?:\.|d|days?,?|tage?,?|jours?|dag(?:en)?|giorni|dni)\s*)?"
_CLOCK: Final = re.compile(
    rf"(?P<sign>-)?{_DAYS}(?P<h>\d{{1,4}}):(?P<m>\d{{2}})(?::(?P<s>\d{{2}})(?:[.,]\d+)?)?",
    re.IGNORECASE,
)
_NUMBER: Final = r"\d+(?:[.,]\d+)?"
_WORDS: Final = re.compile(
    r"(?P<sign>-)?(?:P?T|P)?"
    rf"(?:(?P<d>{_NUMBER})\s*(?:d|days?|tage?|jours?|dag(?:en)?)\.?,?\s*T?)?"
    rf"(?:(?P<h>{_NUMBER})\s*(?:h|hrs?|hours?|std|stunden?|heures?|u|uur|ore|godz)\.?,?\s*)?"
    rf"(?:(?P<m>{_NUMBER})\s*(?:m|mins?|minutes?|minuten?|minuti)\.?,?\s*)?"
    rf"(?:(?P<s>{_NUMBER})\s*(?:s|secs?|seconds?|sek|sekunden?|secondes?)\.?)?",
    re.IGNORECASE,
)
_HOURS_MINUTES: Final = re.compile(r"(?P<sign>-)?(?P<d>)(?P<h>\d+)\s*h\s*(?P<m>\d{2})(?P<s>)", re.I)


def _found(text: str) -> re.Match[str] | None:
    """A length that says its units; None: it does not."""
    forms = (_CLOCK, _WORDS, _HOURS_MINUTES)
    every = (form.fullmatch(text.strip()) for form in forms)
    return next((f for f in every if f is not None and any(f[part] for part in "dhms")), None)


def has_unit(text: str) -> bool:
    """Whether a length says its own unit."""
    return _found(text) is not None


def seconds_of(text: str, numbers: Numbers, size: Decimal | None) -> int:
    """A length in seconds; below 0 where it is written so.

    Args:
        text: it.
        numbers: how the file writes numbers.
        size: of a bare number's unit, in hours; None: it has none.

    Raises:
        Malformed: it is none, or a number without a unit.
    """
    text = text.strip()
    if (found := _found(text)) is not None:
        parts = (Decimal((found[part] or "0").replace(",", ".")) for part in "dhms")
        day, hour, minute, second = parts
        length = int(day * DAY_S + hour * HOUR_S + minute * 60 + second)
        return -length if found["sign"] else length
    if size is None:
        raise Malformed(f"{text!r} has no unit of time", "duration")
    return round(numbers.number(text, HOURS, size) * HOUR_S)
