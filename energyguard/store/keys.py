"""What users call things, and which series and time that is.

``energy:p1:2025-09-06T17:54:02Z`` is the measurement of ``energy:p1`` at that time; a key whose end
is no time is the user's own. ``Z`` and ``+00:00`` reach the same measurement; a time without offset
is UTC.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from energyguard.errors import Malformed, OutOfRange
from energyguard.store.row import MAX_SERIES, OWN_KEY

_TIMED = re.compile(
    r"(?P<series>.+):(?P<time>\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?"
    r"(Z|[+-]\d\d:?\d\d)?)",
    re.DOTALL | re.IGNORECASE,
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Key(NamedTuple):
    """A series, and a time in it."""

    series: str
    at: int = OWN_KEY  # µs since 1970 UTC

    @classmethod
    def parse(cls, text: str) -> Key:
        """The key that a user means.

        Raises:
            Malformed: it is empty or too long, or ends in a time that does not exist.
            OutOfRange: its time is before 1970.
        """
        if not 0 < len(text.encode(errors="replace")) <= MAX_SERIES:
            raise Malformed(f"a key has 1 to {MAX_SERIES} bytes", "key")
        found = _TIMED.fullmatch(text)
        if found is None:
            return cls(text)
        return cls(found["series"], microseconds(found["time"]))


def microseconds(text: str) -> int:
    """A time as µs since 1970 UTC; without an offset it is UTC.

    Raises:
        Malformed: there is no such time.
        OutOfRange: it is before 1970.
    """
    try:
        time = datetime.fromisoformat(text.upper().replace(",", "."))
        time = time if time.tzinfo else time.replace(tzinfo=UTC)
        at = (time - _EPOCH) // _MICROSECOND
    except (ValueError, OverflowError) as error:
        raise Malformed(
            f"{text!r} is no time, such as 2025-09-06T17:54:02Z", "timestamp"
        ) from error
    if at <= OWN_KEY:
        raise OutOfRange(f"{text}: a time after 1970 is needed", "timestamp")
    return at


def iso(at: int) -> str:
    """A time as text, with as many digits as it needs: ``2025-09-06T17:54:02Z``."""
    text = (_EPOCH + at * _MICROSECOND).isoformat()
    return text.replace("+00:00", "Z")
