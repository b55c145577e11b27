"""The buckets of some devices as rows, inserted where others were."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from energyguard.history import Tables
from energyguard.history.energy.energy_buckets import (
    LONG_ENTRIES,
    Buckets,
    LongRows,
    Readings,
    coarser_of,
    long_rows,
)
from energyguard.history.energy.energy_spans import FOREVER_MS
from energyguard.ledger.entries import Entries
from energyguard.model.readings import Bools, Ints
from energyguard.model.topics import DAY_MS

_DAYS = 2**17
"""More days than there are until the last one of a DateTime."""
LAST_S = 2**32 - 1
"""The last second of a DateTime."""
MIN_WHOLE = 10_000
"""So many hours that are replaced as a whole are made of their quarters here, and days of them; the
engine makes fewer for less, as it needs no question and no insert for the rest of a span.
"""
_BUCKETS = """
SELECT f.number AS key, r.start AS start
FROM (
    SELECT device, channel, toInt64(toUnixTimestamp(bucket)) * 1000 AS start
    FROM {table} FINAL
    WHERE (kwh != 0 OR counted > 0)
        AND bucket >= toDateTime({low:Int64}, 'UTC') AND bucket < toDateTime({high:Int64}, 'UTC')
        AND toStartOfHour(bucket) >= toDateTime({low:Int64}, 'UTC')
        AND toStartOfHour(bucket) < toDateTime({high:Int64}, 'UTC')
        AND toStartOfDay(bucket) >= toStartOfDay(toDateTime({low:Int64}, 'UTC'))
        AND toStartOfDay(bucket) < toDateTime({high:Int64}, 'UTC')
        AND (device, channel) IN (SELECT device, channel FROM folded)
) AS r
INNER JOIN folded AS f ON r.device = f.device AND r.channel = f.channel
WHERE r.start >= f.from_ms AND r.start < f.to_ms
"""
_LONG = """
SELECT f.number AS key, r.ms AS day, r.stamp_ms AS stamp
FROM (
    SELECT device, channel, toInt64(toUnixTimestamp(day)) * 1000 AS ms, stamp_ms, start_ms, end_ms
    FROM long_entries FINAL
    WHERE end_ms > start_ms
        AND day >= toDateTime({low:Int64}, 'UTC') AND day < toDateTime({high:Int64}, 'UTC')
        AND (device, channel) IN (SELECT device, channel FROM folded)
) AS r
INNER JOIN folded AS f ON r.device = f.device AND r.channel = f.channel
WHERE r.end_ms > f.from_ms AND r.start_ms < f.to_ms
"""


class Replaced(NamedTuple):
    """Of which devices which buckets are replaced: [from, to) in ms.

    Attributes:
        end_ms: the end of the last of them, where ``to_ms`` is ``FOREVER_MS``.
        has_whole: whether hours and days that lie wholly in it are replaced, too.
    """

    channel: str
    devices: Sequence[str]
    from_ms: Ints
    to_ms: Ints
    end_ms: int = FOREVER_MS
    has_whole: bool = False

    def whole(self, width: int) -> tuple[Ints, Ints]:
        """From when to when buckets of this width lie wholly in it: (devices,) each, in ms."""
        return -(-self.from_ms // width) * width, self.to_ms // width * width

    def rest(self, width: int) -> Iterator[Replaced]:
        """The times of which the buckets of this width are still to be replaced."""
        if not self.has_whole:
            yield self._replace(to_ms=np.where(self.to_ms == FOREVER_MS, self.end_ms, self.to_ms))
            return
        first, last = self.whole(width)
        begins, ends = self.from_ms < first, (last < self.to_ms) & (self.to_ms < FOREVER_MS)
        heads = (begins, self.from_ms, np.minimum(first, self.to_ms))
        tails = (ends & (first <= last), last, self.to_ms)
        for which, from_ms, to_ms in (heads, tails):
            if len(mine := np.flatnonzero(which)):
                names = [self.devices[place] for place in mine.tolist()]
                yield self._replace(devices=names, from_ms=from_ms[mine], to_ms=to_ms[mine])

    def rows(self) -> pa.Table:
        """As rows of the table ``spans``."""
        number = len(self.devices)
        names = ("device", "channel", "from_ms", "to_ms")
        columns = [pa.array(self.devices), pa.array([self.channel] * number)]
        return pa.table([*columns, self.from_ms, self.to_ms], names)


class ReplacedRows(NamedTuple):
    """Some devices of a channel whose buckets are replaced."""

    history: Tables
    replaced: Replaced
    readings: Readings
    entries: Entries
    topics: list[str]

    def put_buckets(self, table: str, made: Buckets, width: int) -> int:
        """Insert the buckets of this width, and empty ones where there were others.

        Returns:
            The end of the last of them (ms).
        """
        made = made.where(self._inside(made.key, made.start, width))
        ends = self._ends(width)
        sql = _BUCKETS.replace("{table}", table)
        before = self.history.answer(sql, ends)
        key, start = before["key"].to_numpy(), before["start"].to_numpy()
        gone = _missing(pairs(key, start // width), pairs(made.key, made.start // width))
        gone[gone] = self._inside(key[gone], start[gone], width)
        key, start = key[gone], start[gone]
        self.history.insert(table, self._rows(made, key, start))
        return max(int(start.max(initial=0)), int(made.start.max(initial=0))) + width

    def _rows(self, made: Buckets, key: Ints, start: Ints) -> pa.Table:
        empty = np.zeros(len(key), np.int64)
        has = made.counted > 0

        def of_reading(column: Ints, place: Ints) -> Ints:
            found = np.zeros(len(place), np.int64)
            found[has] = column[place[has]]
            return np.concatenate([found, empty])

        readings = self.readings
        topic = np.where(has, readings.topic[made.last] if len(readings.key) else -1, -1)
        topics = pa.array([*self.topics, ""])
        topic = np.concatenate([np.where(topic < 0, len(self.topics), topic), empty - 1])
        topic[topic < 0] = len(self.topics)
        names = pa.array(self.replaced.devices)
        keys = np.concatenate([made.key, key])
        columns = {
            "device": pa.DictionaryArray.from_arrays(keys.astype(np.int32), names),
            "channel": _repeated(self.replaced.channel, len(keys)),
            "bucket": pa.array(np.concatenate([made.start, start]) // 1000).cast(
                pa.timestamp("s", "UTC")
            ),
            "topic": pa.DictionaryArray.from_arrays(topic.astype(np.int32), topics),
            "kwh": np.concatenate([made.energy, empty]),
            "counted": np.concatenate([made.counted, empty]).astype(np.uint64),
            "first_ms": of_reading(readings.time, made.first),
            "last_ms": of_reading(readings.time, made.last),
            "first": of_reading(readings.value, made.first),
            "last": of_reading(readings.value, made.last),
            "lowest": np.concatenate([made.lowest, empty]),
            "highest": np.concatenate([made.highest, empty]),
            "total": np.concatenate([made.total, empty.astype(np.float64)]),
        }
        return pa.table(columns)

    def put_long_entries(self) -> None:
        """Insert the long entries that touch what is replaced, and withdraw others."""
        entries, replaced = self.entries, self.replaced
        rows = long_rows(entries)
        key = entries.key[rows.entry]
        rows = rows.where((rows.end > replaced.from_ms[key]) & (rows.start < replaced.to_ms[key]))
        key, stamp = entries.key[rows.entry], entries.stamp[rows.entry]
        before = self.history.answer(_LONG, self._ends(DAY_MS))
        was = [before[name].to_numpy() for name in ("key", "day", "stamp")]
        gone = self._withdrawn(was[0], was[1], was[2], rows)
        none = np.zeros(int(gone.sum()), np.int64)
        keys, days, stamps = (
            np.concatenate([now, old[gone]])
            for now, old in zip((key, rows.day, stamp), was, strict=True)
        )
        names = pa.array(replaced.devices)
        columns = {
            "device": pa.DictionaryArray.from_arrays(keys.astype(np.int32), names),
            "channel": _repeated(replaced.channel, len(keys)),
            "day": _seconds(days),
            "stamp_ms": stamps,
            "start_ms": np.concatenate([rows.start, none]),
            "end_ms": np.concatenate([rows.end, none]),
            "energy": np.concatenate([entries.energy[rows.entry], none]),
            "length": np.concatenate([rows.length, none + 1]),
            "carry": np.concatenate([rows.carry, none]),
        }
        self.history.insert(LONG_ENTRIES.name, pa.table(columns))

    def _withdrawn(self, key: Ints, day: Ints, stamp: Ints, rows: LongRows) -> Bools:
        """(n,) which of the rows that there were are not among those made now."""
        entries = self.entries
        entry, mine = pairs(entries.key, entries.stamp), pairs(key, stamp)
        place = np.searchsorted(entry, mine)
        made = rows.entry * _DAYS + rows.day // DAY_MS
        return _missing(mine, entry) | _missing(place * _DAYS + day // DAY_MS, made)

    def put_whole(self, quarters: Buckets, levels: Mapping[str, int]) -> bool:
        """Insert what is coarser of the quarters that lie in the whole of it, where that is much.

        Args:
            quarters: of these devices.
            levels: the widths of coarser tables in ms, the finest first.

        Returns:
            whether it was much.
        """
        made, none = quarters, Entries.none()
        for table, width in levels.items():
            made = coarser_of(made, none, width)
            inside = self._inside(made.key, made.start, width)
            if table == next(iter(levels)) and inside.sum() < MIN_WHOLE:
                return False
            self.put_buckets(table, made, width)
        return True

    def _inside(self, key: Ints, start: Ints, width: int) -> Bools:
        first, last = self.replaced.whole(width)
        inside: Bools = (start >= first[key]) & (start < last[key])
        return inside

    def _ends(self, width: int) -> dict[str, str]:
        """What is replaced, in seconds: whole hours or days."""
        unit = max(width, 3_600_000)
        low, high = int(self.replaced.from_ms.min()), int(self.replaced.to_ms.max())
        return {
            "low": str(low // unit * unit // 1000),
            "high": str(min(-(-high // unit) * unit // 1000, LAST_S)),
        }


def pairs(key: Ints, number: Ints) -> Ints:
    """Two numbers as one, in their order; the second is below 2 ** 42: ms until the year 2109."""
    return key << 42 | number


def _missing(wanted: Ints, there: Ints) -> Bools:
    """(n,) which numbers are not among others, which are sorted."""
    if not len(there):
        return np.ones(len(wanted), np.bool_)
    near = there[np.minimum(np.searchsorted(there, wanted), len(there) - 1)]
    missing: Bools = near != wanted
    return missing


def _seconds(ms: Ints) -> pa.TimestampArray:
    return pa.array(ms // 1000).cast(pa.timestamp("s", "UTC"))


def _repeated(text: str, rows: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), [text])
