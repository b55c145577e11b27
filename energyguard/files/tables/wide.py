"""Wide tables: a line a day, with a column for each hour, half hour or quarter of it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np

from energyguard.errors import Malformed
from energyguard.files.tables.grid import Grid
from energyguard.files.values.moments import DAY_MS, OPEN, FileMoments
from energyguard.files.values.times import ClockTime, clock_time
from energyguard.files.values.words import header_of_text

_NOMINAL: Final = {n: 24 * by for by in (1, 2, 4) for n in (23 * by, 24 * by, 25 * by)}
"""By how many columns a table has: how many an ordinary day has."""
_NUMBERED: Final = re.compile(r"\D{0,16}?(\d{1,3})(\s?[*xXbB])?")
_SPAN: Final = re.compile(r"(\S+?)\s*(?:-|–|to|bis)\s*(\S+)")
_HOUR: Final = re.compile(r"(\d{1,2})\s?(h|Uhr|[AaPp]\.?[Mm]\.?)")
_HOURS: Final = re.compile(r"(\d{1,2})\s?(?:h|Uhr)?")
_WORDS_BEFORE: Final = re.compile(r"(?:[^\W\d_]{1,8}\s+){1,2}(?=\d)")
_DIGITS: Final = re.compile(r"(\d{2})(\d{2})")
_FEWEST: Final = 23
HOUR_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True)
class Slots:
    """The columns of a wide table.

    Attributes:
        places: where they stand.
        at: the beginning of each, after midnight by the clock; of numbered ones, by time elapsed.
        step_ms: how long each is.
        numbered: whether they are numbered: such a table has as many as its day has.
        why: what the headers are.
    """

    places: tuple[int, ...]
    at: tuple[ClockTime, ...]
    step_ms: int
    numbered: bool
    why: str

    def moments(self, day: FileMoments, slot: int) -> FileMoments:
        """The times of one column, by the clock of the days."""
        time = self.at[slot]
        n = len(day.ms)
        which = OPEN if not time.mark else ord(time.mark) - ord("A")
        return replace(day, ms=day.ms + time.ms, which=np.full(n, which, np.int8))


def slots_of(grid: Grid) -> Slots | None:
    """The columns of a wide table; None: it is none."""
    if not grid.has_header:
        return None
    return _by_clock(grid) or _by_number(grid)


def _by_clock(grid: Grid) -> Slots | None:
    found: list[tuple[int, ClockTime]] = []
    for place, name in enumerate(grid.header):
        try:
            found.append((place, _clock_of(_without_unit(name))))
        except Malformed:
            continue
    if len(found) < _FEWEST:
        return None
    times = [time.ms for _, time in found]
    steps = [b - a for a, b in pairwise(times) if b > a]
    step = min(steps, default=0)
    if not step or DAY_MS % step or step * len(found) < _FEWEST * HOUR_MS:
        return None
    ends = times[0] == step and times[-1] in (0, DAY_MS)
    why = f"headers {grid.header[found[0][0]]} to {grid.header[found[-1][0]]}"
    if ends:
        why += ": the ends of the intervals"
        found = [(place, time._replace(ms=(time.ms or DAY_MS) - step)) for place, time in found]
    at = _marked([time for _, time in found])
    return Slots(tuple(place for place, _ in found), at, step, False, why)


def _without_unit(name: str) -> str:
    """A header without the unit that may stand in it: ``Hour 1 (kWh)``."""
    header = header_of_text(name)
    return header.label if header.unit is not None and header.label else name.strip()


def _clock_of(name: str) -> ClockTime:
    """The time of the day that a header is: ``00:15``, ``0015``, ``0:00-0:15``, ``1 PM``, ``0-1``.

    Raises:
        Malformed: it is none.
    """
    text = _WORDS_BEFORE.sub("", name, count=1)
    if span := _SPAN.fullmatch(text):
        text = span[1]
        first, last = _HOURS.fullmatch(span[1]), _HOURS.fullmatch(span[2])
        if first and last and (int(first[1]) + 1) % 24 == int(last[1]) % 24:
            return clock_time(f"{first[1]}:00")
    if digits := _DIGITS.fullmatch(text):
        return clock_time(f"{digits[1]}:{digits[2]}")
    if hour := _HOUR.fullmatch(text):
        half = hour[2] if hour[2][0] in "AaPp" else ""
        return clock_time(f"{hour[1]}:00 {half}".strip())
    return clock_time(text)


def _marked(times: Sequence[ClockTime]) -> tuple[ClockTime, ...]:
    """Times of the day; of one that stands there twice, the first and the second by their mark."""
    often, found = Counter(time.ms for time in times if not time.mark), list[ClockTime]()
    seen: set[int] = set()
    for time in times:
        if often[time.ms] == 2 and not time.mark:
            time = time._replace(mark="B" if time.ms in seen else "A")
            seen.add(time.ms)
        found.append(time)
    return tuple(found)


def _by_number(grid: Grid) -> Slots | None:
    """Columns that are numbered without a gap, as many as a day has hours, halves or quarters.

    Of two with one number, the second has a mark: ``2`` and ``2X``. It is the hour that comes
    twice, so the others are meant by the clock.
    """
    runs: list[list[tuple[int, int, bool]]] = [[]]
    for place, name in enumerate(grid.header):
        found = _NUMBERED.fullmatch(_without_unit(name))
        if found is None:
            runs.append([])
            continue
        number, is_second = int(found[1]), found[2] is not None
        if runs[-1] and number != runs[-1][-1][1] + (not is_second):
            runs.append([])
        runs[-1].append((place, number, is_second))
    run = max(runs, key=len)
    seconds = {number for _, number, is_second in run if is_second}
    nominal = _NOMINAL.get(len(run) - len(seconds))
    if nominal is None or run[0][1] > 1:
        return None
    step, first = DAY_MS // nominal, run[0][1]
    at = tuple(
        ClockTime((number - first) * step, mark="B" if is_second else "A" * (number in seconds))
        for _, number, is_second in run
    )
    places, numbered = tuple(place for place, _, _ in run), not seconds
    how = "by the clock, the hour that comes twice has two" if seconds else "counted from midnight"
    return Slots(places, at, step, numbered, f"{len(run)} numbered columns, {how}")
