"""Times as system D writes them, ``2024-05-19 11:03:12``: whole seconds, UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

from energyguard.errors import Malformed, OutOfRange

EARLIEST_S = 946_684_800  # 2000: a clock that begins in 1970 has not been set
_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


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
