"""Dates in the format that the data show, and local time with its summer time."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from energyguard.errors import ConfigError, Malformed

_DATE = re.compile(r"([0-9]{1,4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,4})")
_NAMED = re.compile(r"([0-9]{1,2})[- ]([A-Za-z]{3})[A-Za-z]*\.?,?[- ]([0-9]{4}|[0-9]{2})")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WHOLE = re.compile(rf"({_DATE.pattern}|{_NAMED.pattern})(?:(?:[Tt]|,?\s+)(\S.*))?")
_TIME = re.compile(
    r"([0-9]{1,2})([ABab])?:([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]+))?)?"
    r"\s*(?:([AaPp])(?:\.?[Mm]\.?)?|([Bb]))?\s*(Z|z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)
_SINCE = re.compile(r"([0-9]{9,10})(?:\.[0-9]+)?|([0-9]{12,13})")  # 1970: s, or ms
_EPOCH = date(1970, 1, 1).toordinal()
LATEST_S = 4_102_444_800
"""2100: no history holds a time from then on."""
PIVOT = 70  # of a year of two digits: below it is of this century
DAY_S, HOUR_S = 86_400, 3_600
MAX_MONTH = 31
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
        if 12 < first <= MAX_MONTH and second <= 12:
            day.append(text)
        elif 12 < second <= MAX_MONTH and first <= 12:
            month.append(text)
    if min(len(day), len(month)) > DAMAGED * max(len(day), len(month)):
        raise Malformed(f"{file}: dates of two formats: {day[0]!r} and {month[0]!r}", "date")
    return len(month) > len(day)


def leaves_order_open(texts: Iterable[str]) -> bool:
    """Whether dates are there of which nothing in the file says if the day stands first."""
    is_open = False
    for text in texts:
        found = _DATE.match(text)
        if found is None or len(found[1]) == 4:
            continue
        year_first = len(found[3]) == 2 and "." not in found[0] and int(found[3]) <= MAX_MONTH
        if not year_first and (int(found[1]) > 12 or int(found[2]) > 12):
            return False
        is_open |= year_first or found[1] != found[2]
    return is_open


def tells_zone(text: str) -> bool:
    """Whether a time says by itself when it is: with its offset, or since 1970."""
    whole = _WHOLE.fullmatch(text.strip())
    if whole is None:
        return _SINCE.fullmatch(text.strip()) is not None
    time = _TIME.fullmatch((whole[8] or "").strip())
    return time is not None and time[8] is not None


def joined(day: str, time: str) -> str:
    """A time of two cells; a day may have a midnight beside it, a time a day of its own."""
    if not (day and time):
        return day or time
    whole = _WHOLE.fullmatch(day)
    if whole is not None and whole[8] and _TIME.fullmatch(whole[8].strip()):
        day = whole[1]
    alone = _WHOLE.fullmatch(time)
    return f"{day} {alone[8] if alone is not None and alone[8] else time}"


class ClockTime(NamedTuple):
    """A time of the day, as it stands there.

    Attributes:
        ms: since midnight; 24:00 is the midnight that ends the day.
        offset_s: by which its clock is ahead of UTC; None: it does not say so.
        mark: of an hour that comes twice, ``A`` for the first or ``B`` for the second.
    """

    ms: int
    offset_s: int | None = None
    mark: str = ""


def clock_time(text: str) -> ClockTime:
    """Read a time of the day: ``9:15``, ``09:15:30.5+01:00``, ``9:15 PM``, ``24:00``, ``2B:15``.

    Raises:
        Malformed: it is none.
    """
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise Malformed(f"{text!r} is no time of the day", "time")
    hour, minute, second = int(found[1]), int(found[3]), int(found[4] or 0)
    if found[6] is not None:
        hour = hour % 12 + (12 if found[6] in "Pp" else 0) if 1 <= hour <= 12 else 25
    part_ms = int((found[5] or "0")[:3].ljust(3, "0"))
    is_end = hour == 24 and not (minute or second or part_ms)
    if (hour > 23 and not is_end) or minute > 59 or second > 59:
        raise Malformed(f"{text!r}: there is no such time", "time")
    ms = (hour * HOUR_S + minute * 60 + second) * 1_000 + part_ms
    offset = None if found[8] is None else _offset(found[8])
    return ClockTime(ms, offset, (found[2] or found[7] or "").upper())


def day_number(text: str, month_first: bool = False) -> int:
    """A date as days since 1970.

    Raises:
        Malformed: it is none, or there is no such day.
    """
    named, found = _NAMED.fullmatch(text), _DATE.fullmatch(text)
    if named is not None:
        month_name = named[2].lower()
        day, year = int(named[1]), _year(named[3])
        month = _MONTHS.index(month_name) + 1 if month_name in _MONTHS else 0
    elif found is None:
        raise Malformed(f"{text!r} is no date", "date")
    elif len(found[1]) > 2 or int(found[1]) > MAX_MONTH:
        year, month, day = _year(found[1]), int(found[2]), int(found[3])
    else:
        day, month, year = int(found[1]), int(found[2]), _year(found[3])
        if month_first:
            day, month = month, day
    try:
        return date(year, month, day).toordinal() - _EPOCH
    except ValueError as error:
        raise Malformed(f"{text!r}: impossible date: {error}", "date") from error


class Moment(NamedTuple):
    """A time as it stands in a file: seconds since 1970 by its own clock."""

    second: int
    is_utc: bool  # it says itself when it is; else by the zone's clock


@dataclass
class LocalTimeReader:
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
        return self.moment(text).second

    def moment(self, text: str) -> Moment:
        """A time as it stands there.

        Raises:
            Malformed: it is none, the day does not exist, or it is not of 1970 to 2099.
        """
        text = text.strip()
        if since := _SINCE.fullmatch(text):
            found = Moment(int(since[1] or 0) or int(since[2]) // 1000, is_utc=True)
        else:
            found = self._written(text)
        if not 0 <= found.second < LATEST_S:
            raise Malformed(f"{text!r}: impossible date: not of 1970 to 2099", "date")
        return found

    def _written(self, text: str) -> Moment:
        whole = _WHOLE.fullmatch(text)
        if whole is None:
            raise Malformed(f"{text.split()[0] if text else text!r} is no date", "date")
        day = self._days.get(whole[1])
        if day is None:
            day = self._days[whole[1]] = day_number(whole[1], self.month_first)
        if not whole[8]:
            raise Malformed(f"{text!r} has no time of the day", "time")
        time = clock_time(whole[8])
        at = day * DAY_S + time.ms // 1_000
        return Moment(at - (time.offset_s or 0), is_utc=time.offset_s is not None)

    def seconds(self, naive: int, *, later: bool = False) -> int:
        """Seconds since 1970 UTC of a local time; of the hour that comes twice, the first.

        Args:
            naive: seconds by the local clock.
            later: take the second of the two.
        """
        early, late, _ = self.offsets(naive)
        return naive - (late if later else early)

    def comes_twice(self, naive: int) -> bool:
        """Whether it is in the hour that comes twice, when summer time ends."""
        early, late, never = self.offsets(naive)
        return early != late and not never

    def never_was(self, naive: int) -> bool:
        """Whether it is in the hour that is left out, when summer time begins."""
        return self.offsets(naive)[2]

    def offsets(self, naive: int) -> tuple[int, int, bool]:
        """What to take off, as the first and as the second one; whether there is no such time.

        Args:
            naive: seconds by the local clock.
        """
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


def _year(digits: str) -> int:
    """A year; of two digits, that of 1970 to 2069."""
    year = int(digits)
    if len(digits) > 2:
        return year
    return year + (2000 if year < PIVOT else 1900)


def _offset(text: str | None) -> int:
    """The seconds by which a clock is ahead of UTC."""
    if text is None or text[0] not in "+-":
        return 0
    seconds = int(text[1:3]) * HOUR_S + int(text[3:].lstrip(":") or 0) * 60
    return -seconds if text[0] == "-" else seconds


def zone_named(name: str) -> ZoneInfo:
    """A zone.

    Raises:
        ConfigError: there is none of this name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ConfigError(f"--zone {name}: no such time zone; one is Europe/London") from error


def since_or_written(text: str) -> bool:
    """Whether a text is a time with its date, whether or not there is such a day."""
    whole = _WHOLE.fullmatch(text)
    if whole is not None:
        return bool(whole[8]) and _TIME.fullmatch(whole[8].strip()) is not None
    return _SINCE.fullmatch(text) is not None
