"""Times of the week at which a price holds, as people write them: ``mon-fri 07:00-22:00``.

Days first (``mon-fri``, ``sat,sun``, ``holiday``; none: every day), then times of the clock on the
wall (``22:00-06:00`` goes over midnight; none: the whole day). Each moment is judged by its own
day: of ``fri 22:00-06:00`` the hours after midnight are those of Friday morning.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final, NamedTuple

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOLIDAY: Final = "holiday"
DAY_MIN: Final = 24 * 60
_STEP_MIN: Final = 15
_TIMES = re.compile(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})", re.ASCII)
FORMS: Final = "mon-fri 07:00-22:00, sat,sun,holiday, 22:00-06:00"


class PricePeriod(NamedTuple):
    """Days and times of the clock; see ``parse_period``."""

    days: frozenset[int]  # 0 is Monday; empty: every day
    holiday: bool  # also, or only, holidays
    times: tuple[tuple[int, int], ...]  # minutes of the day, [from, to); empty: all of it

    def holds(self, at: datetime, is_holiday: bool) -> bool:
        """Whether it holds at a time of the zone's clock."""
        if self.days or self.holiday:
            on_day = at.weekday() in self.days or (self.holiday and is_holiday)
            if not on_day:
                return False
        minute = at.hour * 60 + at.minute
        return not self.times or any(_within(minute, start, end) for start, end in self.times)


def _within(minute: int, start: int, end: int) -> bool:
    return start <= minute < end if start < end else minute >= start or minute < end


def parse_period(text: str) -> PricePeriod:
    """Read times of the week.

    Raises:
        ValueError: it is none; the message says what can be written.
    """
    days: set[int] = set()
    holiday = False
    times: list[tuple[int, int]] = []
    for word in text.lower().replace(",", " ").split():
        if found := _TIMES.fullmatch(word):
            times.append(_minutes(text, *map(int, found.groups())))
        elif word == HOLIDAY:
            holiday = True
        else:
            days |= _days(text, word)
    return PricePeriod(frozenset(days), holiday, tuple(times))


def _minutes(text: str, *clock: int) -> tuple[int, int]:
    start, end = (clock[i] * 60 + clock[i + 1] for i in (0, 2))
    bad = any(minute > 59 for minute in clock[1::2]) or start >= DAY_MIN or end > DAY_MIN
    if bad or start == end or start % _STEP_MIN or end % _STEP_MIN:
        raise ValueError(
            f"{text!r}: times are quarter hours from 00:00 to 24:00, such as 07:00-22:00"
        )
    return start, end % DAY_MIN if start else end


def _days(text: str, word: str) -> set[int]:
    first, dash, last = word.partition("-")
    if first not in DAYS or (dash and last not in DAYS):
        raise ValueError(f"{text!r}: {word!r} is no day and no time; write one like {FORMS}")
    begin, end = DAYS.index(first), DAYS.index(last or first)
    return {(begin + n) % 7 for n in range((end - begin) % 7 + 1)}
