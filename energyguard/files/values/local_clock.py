"""Local times as UTC: also in the hour that comes twice in autumn, and the one that never was.

Of a time that stands there once in the hour that comes twice, the first is meant; of one that
stands there twice, the one that comes first in the order of time. Times of files that repeat their
rows stand there that much oftener.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from energyguard.files.values.moments import DAY_MS, OPEN, SECOND, Bools, FileMoments, Ints
from energyguard.files.values.times import LocalTimeReader

_QUARTER_MS = 900_000
_QUARTERS = DAY_MS // _QUARTER_MS
_EARLIEST_MS, _LATEST_MS = -DAY_MS * 719_000, DAY_MS * 2_932_000
"""Of the years 1 to 9997: before and after them no calendar has days; no history holds such."""


@dataclass(frozen=True, slots=True)
class UtcTimes:
    """n times as UTC.

    Attributes:
        ms: since 1970.
        never: which stand in the hour that is left out when summer time begins.
        twice: which stand in an hour that comes twice, and do not say which one is meant.
    """

    ms: Ints
    never: Bools
    twice: Bools


def utc_times(
    found: FileMoments, zone: ZoneInfo, whose: Ints, content: Callable[[], Ints], newest_first: bool
) -> UtcTimes:
    """Times by UTC.

    Args:
        found: n times by their own clock.
        zone: that of those that do not say when they are.
        whose: n numbers: times of one number follow one another.
        content: gives n numbers: rows of one number have the same cells. Seldom asked.
        newest_first: whether later times stand above earlier ones.
    """
    early, late, never = _offsets(found, zone)
    which = found.which.copy()
    open_ = (early != late) & ~never & (which == OPEN) & ~found.is_utc & ~found.bad
    if open_.any():
        which[open_] = _by_order(found, whose, content(), open_, newest_first)
    offset = np.where(which == SECOND, late, early)
    ms = np.where(found.is_utc, found.ms, found.ms - offset)
    return UtcTimes(ms, never & ~found.bad, open_)


def _offsets(found: FileMoments, zone: ZoneInfo) -> tuple[Ints, Ints, Bools]:
    """What to take off, as the first and as the second, in ms; and which never were."""
    reader = LocalTimeReader(zone, month_first=False)
    local = np.where(found.is_utc | found.bad, 0, found.ms).clip(_EARLIEST_MS, _LATEST_MS)
    day, in_day = np.divmod(local, DAY_MS)
    days, codes = np.unique(day, return_inverse=True)
    table = np.empty((3, len(days), _QUARTERS), np.int64)
    for number, value in enumerate(days.tolist()):
        start_s = value * (DAY_MS // 1_000)
        first = reader.offsets(start_s)
        if first == reader.offsets(start_s + DAY_MS // 1_000 - 900) and first[0] == first[1]:
            table[:, number, :] = np.array(first)[:, None]
            continue
        for quarter in range(_QUARTERS):
            table[:, number, quarter] = reader.offsets(start_s + quarter * 900)
    early, late, never = table[:, codes, in_day // _QUARTER_MS]
    return early * 1_000, late * 1_000, (never > 0) & ~found.is_utc


def _by_order(
    found: FileMoments, whose: Ints, content: Ints, open_: Bools, newest_first: bool
) -> list[int]:
    """Which of the two hours each open time is in."""
    rows = np.flatnonzero(open_)
    repeats = _repeats(found, whose, open_)
    groups: dict[tuple[int, int], list[int]] = defaultdict(list)
    for row in rows.tolist():
        groups[int(whose[row]), int(found.ms[row])].append(row)
    cut = _cut_within(whose, open_) if newest_first else set()
    chosen: dict[int, int] = {}
    for (who, _ms), places in groups.items():
        if len(places) < 2 * repeats:
            chosen.update(dict.fromkeys(places, int(who in cut)))
            continue
        kinds = list(dict.fromkeys(int(content[row]) for row in places))
        for number, row in enumerate(places):
            turn = kinds.index(int(content[row])) if len(kinds) == 2 else number % 2
            chosen[row] = 1 - turn if newest_first else turn
    return [chosen[row] for row in rows.tolist()]


def _repeats(found: FileMoments, whose: Ints, open_: Bools) -> int:
    """How often an ordinary time of one device usually stands there."""
    ordinary = ~open_ & ~found.bad
    if not ordinary.any():
        return 1
    pairs = pa.table({"who": whose[ordinary], "ms": found.ms[ordinary]})
    counts = pairs.group_by(["who", "ms"]).aggregate([([], "count_all")])
    return max(1, int(np.median(np.asarray(counts.column("count_all")))))


def _cut_within(whose: Ints, open_: Bools) -> set[int]:
    """Whose oldest time is in such an hour: of rows with the newest first, the second is meant."""
    oldest = dict(zip(whose.tolist(), range(len(whose)), strict=True))
    return {who for who, row in oldest.items() if open_[row]}
