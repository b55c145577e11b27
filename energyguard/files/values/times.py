"""Times as people write them: a day and a time of the day; and local time with its summer time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from energyguard.errors import ConfigError, Malformed
from energyguard.files.values.dates import FIGURES, day_number, is_day

ABBREVIATIONS: Final[Mapping[str, int]] = {
    **dict.fromkeys(("z", "utc", "gmt", "wet"), 0),
    **dict.fromkeys(("cet", "mez", "bst", "west"), 3_600),
    **dict.fromkeys(("cest", "mesz", "eet", "sast"), 7_200),
    "eest": 10_800,
    "edt": -14_400,
    **dict.fromkeys(("est", "cdt"), -18_000),
    **dict.fromkeys(("mdt", "cst"), -21_600),
    **dict.fromkeys(("mst", "pdt"), -25_200),
    "pst": -28_800,
    "aest": 36_000,
    "aedt": 39_600,
}
"""By the abbreviation of a zone's clock: by how many seconds it is ahead of UTC."""
_ZONE: Final = rf"(?:{'|'.join(sorted(ABBREVIATIONS, key=len, reverse=True))})"
_TIME = re.compile(
    r"([0-9]{1,2})([ABab])?:([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]+))?)?"
    r"\s*(?:([AaPp])(?:\.?\s?[Mm]\.?)?(?![A-Za-z])|([Bb])(?![A-Za-z])|Uhr|h)?"
    rf"\s*((?i:{_ZONE})|[+-][0-9]{{2}}(?::?[0-9]{{2}})?)?(?:\[[\w/+-]{{1,40}}\])?"
)
_WITH_CLOCK: Final = re.compile(
    r"(.*?[^\s,])(?:[Tt]|,?\s+(?:(?:-|um|at|à)\s+)?)([0-9]{1,2}[ABab]?:[0-9]{2}.*)"
)
_WITH_OTHER: Final = re.compile(rf"({FIGURES})(?:[Tt]|,?\s+)(\S.*)")
_COMPACT: Final = re.compile(
    r"((?:19|20)[0-9]{2})(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])[Tt ]?"
    r"([01][0-9]|2[0-4])([0-5][0-9])([0-5][0-9])?(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_SINCE = re.compile(r"([0-9]{9,10})(?:\.[0-9]+)?|([0-9]{12,13})")  # 1970: s, or ms
LATEST_S = 4_102_444_800
"""2100: no history holds a time from then on."""
DAY_S, HOUR_S = 86_400, 3_600


class Halves(NamedTuple):
    """A text's day, and its time of the day; empty: it has none."""

    day: str
    clock: str


@lru_cache(maxsize=8_192)  # days and times of the day come often
def halves(text: str) -> Halves:
    """Take a time apart, without blanks around it; what is no time is all in its day."""
    if compact := _COMPACT.fullmatch(text):
        year, month, day, hour, minute, second, zone = compact.groups(default="")
        return Halves(f"{year}-{month}-{day}", f"{hour}:{minute}:{second or '00'}{zone}")
    found = _WITH_CLOCK.fullmatch(text) or _WITH_OTHER.fullmatch(text)
    return Halves(found[1], found[2]) if found is not None else Halves(text, "")


def is_compact(text: str) -> bool:
    """Whether a text is a time in one number: ``20260301001500``."""
    return _COMPACT.fullmatch(text) is not None


def is_clock(text: str) -> bool:
    """Whether a text is written as a time of the day."""
    return _TIME.fullmatch(text) is not None


def tells_zone(text: str) -> bool:
    """Whether a time says by itself when it is: with its offset, or since 1970."""
    day, clock = halves(text.strip())
    if not is_day(day):
        return _SINCE.fullmatch(text.strip()) is not None
    time = _TIME.fullmatch(clock.strip())
    return time is not None and time[8] is not None


def joined(day: str, time: str) -> str:
    """A time of two cells; a day may have a midnight beside it, a time a day of its own."""
    if not (day and time):
        return day or time
    whole, alone = halves(day), halves(time)
    if is_day(whole.day) and is_clock(whole.clock.strip()):
        day = whole.day
    return f"{day} {alone.clock if is_day(alone.day) and alone.clock else time}"


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
        if (since := _SINCE.fullmatch(text)) and not is_compact(text):
            found = Moment(int(since[1] or 0) or int(since[2]) // 1000, is_utc=True)
        else:
            found = self._written(text)
        if not 0 <= found.second < LATEST_S:
            raise Malformed(f"{text!r}: impossible date: not of 1970 to 2099", "date")
        return found

    def _written(self, text: str) -> Moment:
        written, clock = halves(text)
        if not is_day(written):
            raise Malformed(f"{text.split()[0] if text else text!r} is no date", "date")
        day = self._days.get(written)
        if day is None:
            day = self._days[written] = day_number(written, self.month_first)
        if not clock:
            raise Malformed(f"{text!r} has no time of the day", "time")
        time = clock_time(clock)
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


def _offset(text: str) -> int:
    """The seconds by which a clock is ahead of UTC."""
    if text[0] not in "+-":
        return ABBREVIATIONS[text.lower()]
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
    day, clock = halves(text)
    if clock:
        return is_clock(clock.strip()) and is_day(day)
    return _SINCE.fullmatch(text) is not None
