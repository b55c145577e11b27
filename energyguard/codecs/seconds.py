"""Times as system D writes them, ``2024-05-19 11:03:12``: whole seconds, UTC.

Others write ISO 8601: ``2024-05-19T11:03:12Z``, ``2024-05-19T13:03:12.250+02:00``,
``20240519T110312Z``; or s, ms, µs or ns since 1970, as a number or as text.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from math import floor

from energyguard.errors import Malformed, OutOfRange

EARLIEST_S = 946_684_800  # 2000: a clock that begins in 1970 has not been set
_LATEST_S = 253_402_300_800  # the end of 9999
_SMALLER_FROM = 100_000_000_000  # as seconds that is in 5138, as milliseconds 1973
_SMALLER = (1, 1_000, 1_000_000, 1_000_000_000)
_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_ISO = re.compile(
    r"(\d{4})(-?)(\d\d)\2(\d\d)[T ]?(\d\d)(:?)(\d\d)(?:\6(\d\d)(?:[.,]\d{1,9})?)?"
    r" ?(?:Z|UTC|GMT|([+-]\d\d(?::?\d\d)?))?",
    re.ASCII | re.IGNORECASE,
)
_SINCE_1970 = re.compile(r"(?:\d{9,10}|\d{13}|\d{16}|\d{19})(?:\.\d+)?", re.ASCII)


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
    if _SINCE_1970.fullmatch(text):
        return since_1970(Decimal(text))
    found = None if _TIME.fullmatch(text) else _ISO.fullmatch(text)
    if found is None:
        return seconds(text)
    year, _, month, day, hour, _, minute, second_text, offset = found.groups("00")
    more = timedelta(days=hour == "24", seconds=second_text == "60")  # the end of a day; a leap
    hour = "00" if hour == "24" and minute == second_text == "00" else hour
    whole = "59" if second_text == "60" else second_text
    zone = "+00:00" if offset == "00" else offset
    try:
        began = datetime.fromisoformat(f"{year}-{month}-{day}T{hour}:{minute}:{whole}{zone}")
        second = int((began + more).timestamp())
    except (ValueError, OverflowError) as error:
        raise Malformed(f"timestamp: {text!r}: {error}", "timestamp") from error
    return _after_2000(second, text)


def since_1970(stamp: float | Decimal) -> int:
    """A time in s, ms, µs or ns since 1970 UTC, in whole seconds; its size says which.

    Raises:
        OutOfRange: it is before 2000, or beyond the year 9999.
    """
    size = stamp if stamp >= 0 else -stamp
    per_s = next((unit for unit in _SMALLER if size < _SMALLER_FROM * unit), _SMALLER[-1])
    second = floor(stamp // per_s)
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
