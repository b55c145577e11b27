"""Times as system D writes them, ``2024-05-19 11:03:12``: whole seconds, UTC.

Others write ISO 8601: ``2024-05-19T11:03:12Z``, ``2024-05-19T13:03:12.250+02:00``; or a number of
seconds or milliseconds since 1970.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from math import floor

from energyguard.errors import Malformed, OutOfRange

EARLIEST_S = 946_684_800  # 2000: a clock that begins in 1970 has not been set
_LATEST_S = 253_402_300_800  # the end of 9999
_MS_FROM = 100_000_000_000  # as seconds that is in 5138, as milliseconds 1973
_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_ISO = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d(:?\d\d)?)?", re.ASCII
)


@lru_cache(maxsize=4_096)
def seconds(text: str) -> int:
    """``2024-05-19 11:03:12`` as seconds since 1970 UTC.

    Raises:
        Malformed: it is no such time.
        OutOfRange: it is before 2000: a clock that was never set.
    """
    if not _TIME.fullmatch(text):
        raise Malformed(f"timestamp: {text!r} is no time, such as 2024-05-19 11:03:12", "timestamp")
    try:
        second = int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())
    except ValueError as error:
        raise Malformed(f"timestamp: {text!r}: {error}", "timestamp") from error
    return _after_2000(second, text)


@lru_cache(maxsize=4_096)
def instant(text: str) -> int:
    """A time of ISO 8601, or as system D writes it, as seconds since 1970 UTC.

    Without an offset it is UTC; a part of a second is left out.

    Raises:
        Malformed: it is no such time.
        OutOfRange: it is before 2000: a clock that was never set.
    """
    if _TIME.fullmatch(text) or not _ISO.fullmatch(text):
        return seconds(text)
    try:
        found = datetime.fromisoformat(text.upper())
        second = floor((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError) as error:
        raise Malformed(f"timestamp: {text!r}: {error}", "timestamp") from error
    return _after_2000(second, text)


def since_1970(stamp: float) -> int:
    """A time in seconds or milliseconds since 1970 UTC, in whole seconds; its size says which.

    Raises:
        OutOfRange: it is before 2000, or beyond the year 9999.
    """
    second = floor(stamp // 1_000 if abs(stamp) >= _MS_FROM else stamp)
    if second >= _LATEST_S:
        raise OutOfRange(f"timestamp: {stamp} is beyond the year 9999", "timestamp")
    return _after_2000(second, str(stamp))


def _after_2000(second: int, text: str) -> int:
    if second < EARLIEST_S:
        raise OutOfRange(f"timestamp: {text} is before 2000: a clock that is not set", "timestamp")
    return second


@lru_cache(maxsize=4_096)
def text_of(second: int) -> str:
    """A time as D writes it."""
    day, left = divmod(second, 86_400)
    hour, left = divmod(left, 3_600)
    return f"{_date(day)} {hour:02d}:{left // 60:02d}:{left % 60:02d}"


def text_or_none(second: int | None) -> str | None:
    """A time as D writes it; None where there is none."""
    return None if second is None else text_of(second)


@lru_cache(maxsize=64)
def _date(day: int) -> str:
    return datetime.fromtimestamp(day * 86_400, UTC).strftime("%Y-%m-%d")
