"""Which readings are read, and which buckets are replaced, where readings of energy came in.

The ledger's state is a function of the newest readings, so a fold that begins ``WARM_UP`` readings
earlier meets it again, and so many readings later nothing differs any more. How many readings lie
where, the hours and days of the roll-ups say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from energyguard.history import Tables
from energyguard.model.readings import Ints
from energyguard.model.topics import DAY_MS

WARM_UP = 128
"""So many readings before those whose entries are wanted are folded, too."""
REVISED = 8
"""A reading may revise the entries of so many before it."""
LEARNED = 16
"""All that is learned is a function of so many readings."""
QUARTER_MS = 900_000
FOREVER_MS = 2**53
_NEAR_DAYS = 2  # of these the hours are looked at, of others the days

_COUNTS = """
SELECT device, channel, counted, first_ms, last_ms FROM (
    SELECT toString(device) AS device, toString(channel) AS channel, counted, first_ms, last_ms
    FROM rollup_1h FINAL
    WHERE counted > 0 AND (device, channel) IN (SELECT device, channel FROM touched)
        AND bucket >= toDateTime({low:Int64}, 'UTC') AND bucket < toDateTime({high:Int64}, 'UTC')
        AND toStartOfDay(bucket) >= toDateTime({low:Int64}, 'UTC')
        AND toStartOfDay(bucket) < toDateTime({high:Int64}, 'UTC')
    UNION ALL
    SELECT device, channel, counted, first_ms, last_ms
    FROM rollup_1d FINAL
    WHERE counted > 0 AND (device, channel) IN (SELECT device, channel FROM touched)
        AND bucket < toDateTime({low:Int64}, 'UTC')
    ORDER BY bucket DESC LIMIT {warm:Int64} BY device, channel
    UNION ALL
    SELECT device, channel, counted, first_ms, last_ms
    FROM rollup_1d FINAL
    WHERE counted > 0 AND (device, channel) IN (SELECT device, channel FROM touched)
        AND bucket >= toDateTime({high:Int64}, 'UTC')
    ORDER BY bucket LIMIT {warm:Int64} BY device, channel
)
ORDER BY device, channel, first_ms
"""


class FoldSpan(NamedTuple):
    """What is read of a device's channel, and which buckets are replaced: [from, to) in ms.

    Attributes:
        read_from, read_to: the readings that are folded.
        from_ms, to_ms: the buckets that are replaced; both begin a quarter of an hour.
            ``FOREVER_MS``: to the end of what its entries reach.
    """

    read_from: int
    read_to: int
    from_ms: int
    to_ms: int


class Counted(NamedTuple):
    """Hours and days of a device's channel that have readings, in order."""

    readings: Ints
    first_ms: Ints
    last_ms: Ints


def fold_spans(
    history: Tables, touched: Mapping[tuple[str, str], tuple[int, int]]
) -> dict[tuple[str, str], FoldSpan]:
    """Work out the span of each of these; the table ``touched`` has them, too.

    Args:
        history: whose roll-ups say how many readings lie where.
        touched: by device and channel, the earliest and the latest reading that came in (ms).
    """
    if not touched:
        return {}
    low = min(lo for lo, _ in touched.values()) // DAY_MS - _NEAR_DAYS
    high = max(hi for _, hi in touched.values()) // DAY_MS + _NEAR_DAYS
    ends = {"low": str(low * 86_400), "high": str(high * 86_400), "warm": str(WARM_UP)}
    found = _by_channel(history.answer(_COUNTS, ends))
    none = Counted(*(np.empty(0, np.int64) for _ in range(3)))
    return {what: span_of(found.get(what, none), lo, hi) for what, (lo, hi) in touched.items()}


def _by_channel(rows: pa.Table) -> dict[tuple[str, str], Counted]:
    names = list(zip(rows["device"].to_pylist(), rows["channel"].to_pylist(), strict=True))
    numbers = [
        rows[name].cast(pa.int64()).to_numpy() for name in ("counted", "first_ms", "last_ms")
    ]
    found: dict[tuple[str, str], Counted] = {}
    start = 0
    for at in range(1, len(names) + 1):
        if at == len(names) or names[at] != names[start]:
            found[names[start]] = Counted(*(column[start:at] for column in numbers))
            start = at
    return found


def span_of(counted: Counted, lo_ms: int, hi_ms: int) -> FoldSpan:
    """What to read and replace where readings came in from ``lo_ms`` to ``hi_ms``."""
    before = int(np.searchsorted(counted.first_ms, lo_ms))  # buckets that begin before
    from_ms = _back(counted, before, REVISED, lo_ms)
    from_ms = from_ms // QUARTER_MS * QUARTER_MS
    before = int(np.searchsorted(counted.first_ms, from_ms))
    read_from = _back(counted, before, WARM_UP, from_ms)
    after = int(np.searchsorted(counted.last_ms, hi_ms, side="right")) + 1  # of these all lie after
    differs = _on(counted, after)
    same = _on(counted, differs)
    if same > len(counted.readings):
        newest = int(counted.last_ms.max(initial=hi_ms))
        return FoldSpan(read_from, max(newest, hi_ms) + 1, from_ms, FOREVER_MS)
    to_ms = int(counted.first_ms[differs]) // QUARTER_MS * QUARTER_MS
    return FoldSpan(read_from, int(counted.last_ms[same - 1]) + 1, from_ms, to_ms)


def _on(counted: Counted, start: int) -> int:
    """The bucket before which, from ``start`` on, there are at least ``LEARNED`` readings."""
    so_far = np.cumsum(counted.readings[start:])
    return start + int(np.searchsorted(so_far, LEARNED)) + 1


def _back(counted: Counted, before: int, readings: int, time_ms: int) -> int:
    """From when on there are at least so many readings before a time, or all that there are."""
    so_far: Ints = np.cumsum(counted.readings[:before][::-1])
    # The last bucket may reach beyond the time: nobody knows how many of its readings are before.
    inside = before and counted.last_ms[before - 1] >= time_ms
    needed = readings + (int(so_far[0]) if inside else 0)
    at = int(np.searchsorted(so_far, needed))
    if not before:
        return time_ms
    return min(time_ms, int(counted.first_ms[max(before - 1 - at, 0)]))
