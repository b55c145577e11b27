"""The rows of one node, in one file: durable when ``put`` returns, and summed up per bucket.

Sums and rows change in the same transaction, so equal sums mean equal rows, also after a crash.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from energyguard.clock import SYSTEM, Clock
from energyguard.durable.connections import Pool, create, our_errors
from energyguard.store.node.writer import Digest, NodeStorageWriter
from energyguard.store.ring.messages import FOREVER
from energyguard.store.ring.ring import slot_of
from energyguard.store.row import OWN_KEY, Row, newest_versions
from energyguard.store.version import Version
from energyguard.telemetry import logger

TABLES = 1  # their version
CHECKPOINT_PAGES = 16_000  # 64 MB: a page that changes often is moved into the file seldom
LATEST_AT_ONCE = 16
A_CLOCKS_MS = 10**12  # 2001: a version below is its source's, and tells no time

_COLUMNS = "series, at, major, minor, node, value, expires_ms, fingerprint"
_AT = f"SELECT {_COLUMNS} FROM rows WHERE slot = ? AND series = ? AND at = ?"
_BETWEEN = f"""
SELECT {_COLUMNS} FROM rows WHERE slot = ? AND series = ? AND at IN (
    SELECT DISTINCT at FROM rows WHERE slot = ? AND series = ? AND at >= ? AND at < ?
    ORDER BY at {{order}} LIMIT ?
)
"""
_SINCE = "CASE WHEN value IS NULL THEN major ELSE expires_ms END"
_OVER = f"""
SELECT {_COLUMNS} FROM rows WHERE (value IS NULL OR expires_ms > 0)
AND {_SINCE} BETWEEN {A_CLOCKS_MS} AND ?
AND NOT EXISTS (
    SELECT 1 FROM rows AS newer
    WHERE (newer.slot, newer.series, newer.at) = (rows.slot, rows.series, rows.at)
    AND (newer.major, newer.minor, newer.node, newer.fingerprint)
        > (rows.major, rows.minor, rows.node, rows.fingerprint)
)
ORDER BY {_SINCE} LIMIT ?
"""
_OF_BUCKETS = """
SELECT {columns} FROM rows WHERE slot = ? AND bucket IN (SELECT value FROM json_each(?)) {order}
"""
_IN_ORDER = "ORDER BY series, at, major, minor, node, fingerprint"
_SERIES = """
WITH RECURSIVE name(slot, series, n) AS (
    SELECT slot, (SELECT min(series) FROM rows WHERE slot = d.slot AND series > ?1), 1
    FROM (SELECT DISTINCT slot FROM digests WHERE rows > 0) AS d
    UNION ALL
    SELECT slot, (SELECT min(series) FROM rows WHERE slot = name.slot AND series > name.series),
        n + 1
    FROM name WHERE series IS NOT NULL AND n < ?2
)
SELECT series FROM name WHERE series IS NOT NULL ORDER BY series LIMIT ?2
"""

_log = logger(__name__)


class NodeStorage:
    """The rows of one node; for several threads."""

    def __init__(self, path: Path, clock: Clock = SYSTEM) -> None:
        """Open the file, or make it.

        Raises:
            Unavailable: another version made the file, or it cannot be opened.
        """
        self.path, self._clock = path, clock
        with our_errors(path):
            create(path, (files(__package__) / "schema.sql").read_text(), TABLES)
            self._writer = NodeStorageWriter(path, CHECKPOINT_PAGES)
            self._pool = Pool(path)

    def put(self, rows: Sequence[Row]) -> int:
        """Keep rows; on the disk on return. Those that are there already change nothing.

        Returns:
            how many were new, and not older than what a user's own key has.

        Raises:
            DiskFull: none was taken.
        """
        return self._writer.run(lambda writer: writer.put(rows))

    def history(self, series: str, at: int) -> list[Row]:
        """All rows of a time, in no order."""
        return self._read(_AT, (slot_of(series), series, at))

    def scan(
        self, series: str, begin: int, end: int, limit: int, *, every: bool = False
    ) -> list[Row]:
        """The rows at the first ``limit`` times in ``[begin, end)``: those that win, or all.

        Tombstones too, in the order of time and version.
        """
        places = (slot_of(series), series)
        found = self._read(_BETWEEN.format(order="ASC"), (*places, *places, begin, end, limit))
        return (
            sorted(found, key=lambda row: (row.at, row.rank)) if every else newest_versions(found)
        )

    def over(self, before_ms: int, limit: int) -> list[Row]:
        """Last rows of keys that have been over since some time, the oldest first."""
        with self._pool.connection() as connection:
            found = connection.execute(_OVER, (before_ms - 1, limit))
            return list(self._sound(found))

    def series(self, above: str, limit: int) -> list[str]:
        """The names of series above one, in order."""
        with self._pool.connection() as connection:
            return [name for (name,) in connection.execute(_SERIES, (above, limit))]

    def slots(self) -> dict[int, Digest]:
        """What each slot holds; those without a row are not told."""
        return {slot: digest for slot, digest in self._writer.slots.copy().items() if digest.rows}

    def latest(self, series: str, below: int = FOREVER) -> list[Row]:
        """The rows that win from the latest time back to the first that has a value, in that order.

        What lies before them is a tombstone or over: who brings several nodes' answers together
        has to see those too.
        """
        places, now_ms = (slot_of(series), series), self._clock.now_ms()
        found: list[Row] = []
        while True:
            reach = (*places, *places, OWN_KEY + 1, below, LATEST_AT_ONCE)
            rows = newest_versions(self._read(_BETWEEN.format(order="DESC"), reach))
            for row in reversed(rows):
                found.append(row)
                if row.is_there(now_ms):
                    return found
            if not rows:
                return found
            below = rows[0].at

    def digests(self, slot: int) -> dict[int, Digest]:
        """What each bucket of a slot holds; those without a row are not told."""
        query = "SELECT bucket, sum, rows FROM digests WHERE slot = ? AND rows > 0"
        with self._pool.connection() as connection:
            return {b: Digest(total, n) for b, total, n in connection.execute(query, (slot,))}

    def fingerprints(self, slot: int, buckets: Collection[int]) -> list[int]:
        """Those of all rows of some buckets."""
        query = _OF_BUCKETS.format(columns="fingerprint", order="")
        with self._pool.connection() as connection:
            return [one for (one,) in connection.execute(query, (slot, str(sorted(buckets))))]

    def rows_of(self, slot: int, buckets: Collection[int]) -> Iterator[Row]:
        """All rows of some buckets, in the order of series, time and version."""
        with self._pool.connection() as connection:
            query = _OF_BUCKETS.format(columns=_COLUMNS, order=_IN_ORDER)
            found = connection.execute(query, (slot, str(sorted(buckets))))
            yield from self._sound(found)

    def expire(self, rows: Sequence[Row]) -> int:
        """Have the last rows of some keys, and nothing below them.

        Returns:
            in how many places it was not so before; where there is something above, it is not now.
        """
        return self._writer.run(lambda writer: writer.expire(rows))

    def forget(self, rows: Sequence[Row]) -> int:
        """Take rows away that every owner has expired. Gives how many there were."""
        return self._writer.run(lambda writer: writer.forget(rows))

    def remember(self, name: str, value: bytes, drop: Sequence[int] = ()) -> None:
        """Keep something beside the rows, and take the rows of slots away that others own now."""
        self._writer.run(lambda writer: writer.remember(name, value, drop))

    def remembered(self, name: str) -> bytes | None:
        """What was kept beside the rows."""
        with self._pool.connection() as connection:
            query = "SELECT value FROM memory WHERE name = ?"
            return next((value for (value,) in connection.execute(query, (name,))), None)

    def close(self) -> None:
        """Let go of the file, after whoever writes has done so."""
        self._writer.close()
        self._pool.close()

    def _read(self, query: str, values: tuple[Any, ...]) -> list[Row]:
        with self._pool.connection() as connection:
            return list(self._sound(connection.execute(query, values)))

    def _sound(self, found: Iterable[tuple[Any, ...]]) -> Iterator[Row]:
        """Rows whose checksum holds; the others are set aside, and other nodes still have them."""
        for series, at, major, minor, node, value, expires_ms, fingerprint in found:
            row = Row(series, at, Version(major, minor, node), value, expires_ms)
            if row.fingerprint == fingerprint:
                yield row
            else:
                self._set_aside(series, at, fingerprint)

    def _set_aside(self, series: str, at: int, fingerprint: int) -> None:
        _log.error("a row is damaged: set aside", file=str(self.path), series=series, at=at)
        place = (slot_of(series), series, at, fingerprint)
        self._writer.run(lambda writer: writer.set_aside(place))
