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
_WORDS: Final = re.compile(
    r"(?P<sign>-)?(?:P?T|P)?"
    r"(?:(?P<d>\d+)\s*(?:d|days?|tage?|jours?|dag(?:en)?)\.?,?\s*T?)?"
    r"(?:(?P<h>\d+)\s*(?:h|hrs?|hours?|std|stunden?|heures?|u|uur|ore|godz)\.?,?\s*)?"
    r"(?:(?P<m>\d+)\s*(?:m|mins?|minutes?|minuten?|minuti)\.?,?\s*)?"
    r"(?:(?P<s>\d+)(?:[.,]\d+)?\s*(?:s|secs?|seconds?|sek|sekunden?|secondes?)\.?)?",
    re.IGNORECASE,
)


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
    found = _CLOCK.fullmatch(text) or _WORDS.fullmatch(text)
    if found is not None and any(found[part] for part in "hms"):
        day, hour, minute, second = (int(found[part] or 0) for part in "dhms")
        length = day * DAY_S + hour * HOUR_S + minute * 60 + second
        return -length if found["sign"] else length
    if size is None:
        raise Malformed(f"{text!r} has no unit of time", "duration")
    return round(numbers.number(text, HOURS, size) * HOUR_S)
