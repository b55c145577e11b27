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
from energyguard.files.grid import Grid
from energyguard.files.moments import DAY_MS, OPEN, FileMoments
from energyguard.files.times import ClockTime, clock_time

_NOMINAL: Final = {n: 24 * by for by in (1, 2, 4) for n in (23 * by, 24 * by, 25 * by)}
"""By how many columns a table has: how many an ordinary day has."""
_NUMBERED: Final = re.compile(r"\D{0,16}?(\d{1,3})")
_SPAN: Final = re.compile(r"(\S+?)\s*(?:-|–|to|bis)\s*\S+")
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
        span = _SPAN.fullmatch(name.strip())
        try:
            text = span[1] if span else name.strip()
            digits = _DIGITS.fullmatch(text)
            found.append((place, clock_time(f"{digits[1]}:{digits[2]}" if digits else text)))
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
    """Columns that are numbered without a gap, as many as a day has hours, halves or quarters."""
    runs: list[list[tuple[int, int]]] = [[]]
    for place, name in enumerate(grid.header):
        number = _NUMBERED.fullmatch(name.strip())
        if number is None:
            runs.append([])
            continue
        if runs[-1] and int(number[1]) != runs[-1][-1][1] + 1:
            runs.append([])
        runs[-1].append((place, int(number[1])))
    run = max(runs, key=len)
    nominal = _NOMINAL.get(len(run))
    if nominal is None or run[0][1] > 1:
        return None
    step = DAY_MS // nominal
    at = tuple(ClockTime(number * step) for number in range(len(run)))
    why = f"{len(run)} numbered columns, counted from midnight"
    return Slots(tuple(place for place, _ in run), at, step, True, why)
