"""Tables whose lines have a day and the number of an interval in it: hour 1 to 24, period 1 to 48.

Numbers count the time since midnight, so a day on which the clocks change has more or fewer of
them. Where such a day has those of an ordinary one, they are those of the clock.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from energyguard.files.tables.grid import Grid
from energyguard.files.values.local_clock import UtcTimes
from energyguard.files.values.moments import DAY_MS, FileMoments, Ints
from energyguard.files.values.words import ColumnHeader

if TYPE_CHECKING:
    from collections.abc import Callable

_NUMBER: Final = r"^[Hh]?(\d{1,3})$"
_HOURS: Final = re.compile(
    r"(?:hour|hr|hora|godzina|stunde|heure|ora|uur|hodina|timme|tunti|he|hb)"
    r"(?: (?:ending|beginning|number|no|nr|of day|of the day))?"
)
_HALVES: Final = re.compile(r"(?:settlement|trading|half hour(?:ly)?|hh) (?:period|number)|sp|tp")
_ANY: Final = re.compile(
    r"(?:\w+ )?(?:period|periodo|período|interval|intervall|intervallo|viertelstunde|kwartier)"
    r"(?: (?:number|no|nr))?"
)
_FROM_1: Final = re.compile(r"\b(?:ending|he|period)\b")
_FROM_0: Final = re.compile(r"\b(?:beginning|hb)\b")
_PER_DAY: Final = (24, 48, 96)
_NEARLY: Final = 0.9


class IntervalNumbers(NamedTuple):
    """The column that numbers the intervals of a day.

    Attributes:
        place: where it stands.
        per_day: how many an ordinary day has.
        first: the number of a day's first one; None: its cells have to show it.
    """

    place: int
    per_day: int
    first: int | None

    @property
    def step_ms(self) -> int:
        """How long an interval is."""
        return DAY_MS // self.per_day

    @property
    def longest(self) -> int:
        """How many intervals the longest day has."""
        return self.per_day // 24 * 25

    def starting(self, texts: pa.Array) -> IntervalNumbers:
        """The same, with the first number that its cells show: 0, or 24 of 24."""
        if self.first is not None:
            return self
        numbers = _numbers(texts)
        if 0 in numbers:
            return self._replace(first=0)
        return self._replace(first=1 if (numbers >= self.per_day).any() else None)

    def since_midnight(self, texts: pa.Array) -> Ints:
        """Of each cell when its interval begins, in ms; below 0: it is no number of one."""
        at = _numbers(texts) - (self.first or 0)
        return np.where((at >= 0) & (at < self.longest), at * self.step_ms, -1)


def numbers_of(
    grid: Grid, places: Sequence[int], headers: Sequence[ColumnHeader]
) -> IntervalNumbers | None:
    """The column that numbers intervals, by its header and its cells; None: there is none."""
    for place in places:
        words = headers[place].words
        per_day = 24 if _HOURS.fullmatch(words) else 48 if _HALVES.fullmatch(words) else 0
        if not per_day and not _ANY.fullmatch(words):
            continue
        found = numbers_at(grid, place, None, per_day)
        if found is not None and (per_day or _fills_day(grid, found)):
            first = 1 if _FROM_1.search(words) else 0 if _FROM_0.search(words) else None
            return found._replace(first=first)
    return None


def numbers_at(
    grid: Grid, place: int, first: int | None, per_day: int = 0
) -> IntervalNumbers | None:
    """A column as one that numbers intervals; None: its cells are no such numbers.

    Args:
        grid: the table.
        place: of the column.
        first: the number of a day's first interval; None: not known.
        per_day: how many a day has; 0: as its cells show.
    """
    numbers = _numbers(pa.array([row[place].strip() for row in grid.sample], pa.string()))
    found = [IntervalNumbers(place, n, first) for n in (per_day,) if n] or [
        IntervalNumbers(place, n, first) for n in _PER_DAY
    ]
    return next((kind for kind in found if _fit(numbers, kind.longest)), None)


def _fit(numbers: Ints, longest: int) -> bool:
    """Whether nearly all are numbers of intervals: what is damaged is refused by itself."""
    fits = (numbers >= 0) & (numbers <= longest)
    return bool(len(numbers)) and float(fits.mean()) >= _NEARLY


def _fills_day(grid: Grid, found: IntervalNumbers) -> bool:
    """Whether as many numbers are there as a day has intervals."""
    return len({row[found.place].strip() for row in grid.sample}) >= found.per_day


def _numbers(texts: pa.Array) -> Ints:
    """Numbers of intervals; -1 of what is none."""
    digits = pc.struct_field(
        pc.extract_regex(pc.utf8_trim_whitespace(texts), _NUMBER.replace("(", "(?P<n>", 1)), "n"
    )
    return np.asarray(digits.cast(pa.int64()).fill_null(-1), np.int64)


def numbered_utc(
    found: FileMoments, since_midnight: Ints, step_ms: int, utc: Callable[[FileMoments], UtcTimes]
) -> UtcTimes:
    """Times of numbered intervals by UTC.

    Args:
        found: n times as if no day was longer or shorter than others.
        since_midnight: of each, in ms.
        step_ms: how long an interval is.
        utc: gives times by UTC, by the clock of a zone.
    """
    midnight = replace(found, ms=found.ms - since_midnight)
    start = utc(midnight).ms
    elapsed = utc(replace(midnight, ms=midnight.ms + DAY_MS)).ms - start
    _, day = np.unique(midnight.ms, return_inverse=True)
    last = np.zeros(day.max(initial=0) + 1, np.int64)
    np.maximum.at(last, day, since_midnight + step_ms)
    is_longer = last[day] > elapsed
    by_clock = ((elapsed < DAY_MS) & is_longer) | ((elapsed > DAY_MS) & (last[day] == DAY_MS))
    if not by_clock.any():
        return UtcTimes(start + since_midnight, is_longer & (since_midnight >= elapsed), by_clock)
    clock = utc(found)
    beyond = ~by_clock & (since_midnight >= elapsed)
    return UtcTimes(
        np.where(by_clock, clock.ms, start + since_midnight),
        (clock.never & by_clock) | beyond,
        clock.twice & by_clock,
    )
