"""Dates in the format that the data show, and local time with its summer time."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from energyguard.errors import ConfigError, Malformed

_DATE = re.compile(r"(\d{1,4})[-/.](\d{1,2})[-/.](\d{1,4})")
_TIME = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d)(?:\.\d+)?)?")
_EPOCH = date(1970, 1, 1).toordinal()
DAY_S, HOUR_S = 86_400, 3_600
LONGEST_MONTH = 31
DAMAGED = 0.2  # at most such a part of the dates is damaged


def month_first(texts: Iterable[str], file: str) -> bool:
    """Whether the month stands before the day in dates such as ``03/11/2018``, as the data show.

    A few damaged dates decide nothing.

    Raises:
        Malformed: many dates can only be read one way, and many only the other.
    """
    day: list[str] = []
    month: list[str] = []
    for text in texts:
        found = _DATE.match(text)
        if found is None or len(found[1]) == 4:
            continue
        first, second = int(found[1]), int(found[2])
        if 12 < first <= LONGEST_MONTH and second <= 12:
            day.append(text)
        elif 12 < second <= LONGEST_MONTH and first <= 12:
            month.append(text)
    if min(len(day), len(month)) > DAMAGED * max(len(day), len(month)):
        raise Malformed(f"{file}: dates of two formats: {day[0]!r} and {month[0]!r}", "date")
    return len(month) > len(day)


@dataclass
class Reader:
    """Reads local times of one file.

    Attributes:
        zone: their zone.
        month_first: how dates with the year at the end are read.
    """

    zone: ZoneInfo
    month_first: bool
    _days: dict[str, int] = field(default_factory=dict)
    _hours: dict[int, tuple[int, int, bool]] = field(default_factory=dict)

    def naive(self, text: str) -> int:
        """A local time as seconds since 1970 by that clock.

        Raises:
            Malformed: it is none, or the day does not exist.
        """
        day, _, time = text.replace("T", " ").strip().partition(" ")
        known = self._days.get(day)
        if known is None:
            known = self._days[day] = self._day(day)
        found = _TIME.fullmatch(time.strip()) if time else None
        if found is None:
            raise Malformed(f"{text!r} has no time of the day", "time")
        hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
        if hour > 23 or minute > 59 or second > 59:
            raise Malformed(f"{text!r}: there is no such time", "time")
        return known * DAY_S + hour * HOUR_S + minute * 60 + second

    def _day(self, text: str) -> int:
        found = _DATE.fullmatch(text)
        if found is None:
            raise Malformed(f"{text!r} is no date", "date")
        first, second, third = int(found[1]), int(found[2]), int(found[3])
        if len(found[1]) == 4:
            year, month, day = first, second, third
        elif self.month_first:
            month, day, year = first, second, third
        else:
            day, month, year = first, second, third
        try:
            return date(year, month, day).toordinal() - _EPOCH
        except ValueError as error:
            raise Malformed(f"{text!r}: impossible date: {error}", "date") from error

    def seconds(self, naive: int, *, later: bool = False) -> int:
        """Seconds since 1970 UTC of a local time; of the hour that comes twice, the first.

        Args:
            naive: seconds by the local clock.
            later: take the second of the two.
        """
        early, late, _ = self._offsets(naive)
        return naive - (late if later else early)

    def comes_twice(self, naive: int) -> bool:
        """Whether it is in the hour that comes twice, when summer time ends."""
        early, late, never = self._offsets(naive)
        return early != late and not never

    def never_was(self, naive: int) -> bool:
        """Whether it is in the hour that is left out, when summer time begins."""
        return self._offsets(naive)[2]

    def _offsets(self, naive: int) -> tuple[int, int, bool]:
        """What to take off, as the first and as the second one; whether there is no such time."""
        quarter = naive // 900  # zones change at full quarters
        known = self._hours.get(quarter)
        if known is None:
            local = datetime.fromtimestamp(naive, UTC).replace(tzinfo=self.zone)
            both = [local.replace(fold=fold).utcoffset() or timedelta() for fold in (0, 1)]
            back = local.astimezone(UTC).astimezone(self.zone).replace(tzinfo=None)
            known = (
                int(both[0].total_seconds()),
                int(both[1].total_seconds()),
                back != local.replace(tzinfo=None),
            )
            self._hours[quarter] = known
        return known


def zone_named(name: str) -> ZoneInfo:
    """A zone.

    Raises:
        ConfigError: there is none of this name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ConfigError(f"--zone {name}: no such time zone; one is Europe/London") from error
