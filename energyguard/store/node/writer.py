"""What changes a node's rows, and with them the sums of their buckets, in one transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from energyguard.durable.commits import GroupCommit
from energyguard.store.row import OWN_KEY, Row

SUMS = (1 << 62) - 1
"""Sums are kept modulo 2^62: two of them do not overflow SQLite's integers."""

_INSERT = """
INSERT INTO rows (slot, bucket, fingerprint, series, at, major, minor, node, value, expires_ms)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
"""
_CHANGED = "RETURNING slot, bucket, fingerprint"
_DELETE_OLDER = f"DELETE FROM rows WHERE slot = ? AND series = ? AND at = 0 {_CHANGED}"
_DELETE = f"""
DELETE FROM rows WHERE slot = ? AND series = ? AND at = ?
AND (major, minor, node, fingerprint) = (?, ?, ?, ?) {_CHANGED}
"""
_HAS_NEWER = """
SELECT 1 FROM rows WHERE slot = ? AND series = ? AND at = 0
AND (major, minor, node, fingerprint) >= (?, ?, ?, ?)
"""
_HAS_ABOVE = """
SELECT 1 FROM rows WHERE slot = ? AND series = ? AND at = ?
AND (major, minor, node, fingerprint) > (?, ?, ?, ?)
"""
_DELETE_BELOW = f"""
DELETE FROM rows WHERE slot = ? AND series = ? AND at = ?
AND (major, minor, node, fingerprint) < (?, ?, ?, ?) {_CHANGED}
"""
_PLACE = "slot = ? AND series = ? AND at = ? AND fingerprint = ?"
_DELETE_DAMAGED = f"DELETE FROM rows WHERE {_PLACE} {_CHANGED}"
_KEEP_DAMAGED = f"""
INSERT INTO damaged SELECT slot, series, at, fingerprint, value FROM rows WHERE {_PLACE}
"""
_ADD = f"""
INSERT INTO digests VALUES (?, ?, ?, ?)
ON CONFLICT DO UPDATE SET sum = (sum + excluded.sum) & {SUMS}, rows = rows + excluded.rows
"""

Counted = tuple[int, int, int]
"""The slot, the bucket and the fingerprint of a row."""


class Digest(NamedTuple):
    """What a bucket holds: the sum of its rows' fingerprints modulo 2^62, and how many they are."""

    sum: int
    rows: int


NOTHING = Digest(0, 0)


class NodeStorageWriter(GroupCommit):
    """The writer of a node's rows; it knows what each slot holds, as far as it is committed.

    Its methods are pieces of work for ``run``.
    """

    def __init__(self, path: Path, checkpoint_pages: int) -> None:
        super().__init__(path, checkpoint_pages)
        self.slots: dict[int, Digest] = {}
        self._deltas: dict[int, Digest] = {}  # of the transaction
        self._dropped: list[int] = []
        for slot, total, n in self.connection.execute("SELECT slot, sum, rows FROM digests"):
            self._deltas[slot] = _sum(self._deltas.get(slot, NOTHING), Digest(total, n))
        self.ended(well=True)

    def begun(self) -> None:
        """A transaction has begun."""
        self._deltas, self._dropped = {}, []

    def ended(self, *, well: bool) -> None:
        """A transaction has ended."""
        if well:
            for slot, delta in self._deltas.items():
                self.slots[slot] = _sum(self.slots.get(slot, NOTHING), delta)
            for slot in self._dropped:
                self.slots.pop(slot, None)

    def put(self, rows: Iterable[Row]) -> int:
        """Keep rows; gives how many were new, and not older than what a user's own key has."""
        insert, changes = self.connection.execute, self.connection.total_changes
        added: list[Counted] = []
        for row in rows:
            if row.at == OWN_KEY and not self._is_newest(row):
                continue
            counted, before = (row.slot, row.bucket, row.fingerprint), changes()
            values = row.series, row.at, *row.version, row.value, row.expires_ms
            insert(_INSERT, counted + values)
            if changes() > before:  # to let SQLite say so (RETURNING) takes longer
                added.append(counted)
        self._count(added, 1)
        return len(added)

    def expire(self, rows: Sequence[Row]) -> int:
        """Have the last rows of keys and nothing below; gives in how many places it was not so."""
        execute, changed = self.connection.execute, self.put(rows)
        for key in map(_key, rows):
            if execute(_HAS_ABOVE, key).fetchone() is not None:
                changed += 1
            elif below := list(execute(_DELETE_BELOW, key)):
                self._count(below, -1)
                changed += 1
        return changed

    def forget(self, rows: Iterable[Row]) -> int:
        """Take rows away; gives how many there were."""
        gone = list(self.connection.executemany(_DELETE, map(_key, rows)))
        self._count(gone, -1)
        return len(gone)

    def set_aside(self, place: tuple[int, str, int, int]) -> None:
        """Take the rows with a slot, a series, a time and a fingerprint out: they are damaged."""
        self.connection.execute(_KEEP_DAMAGED, place)
        self._count(list(self.connection.execute(_DELETE_DAMAGED, place)), -1)

    def remember(self, name: str, value: bytes, drop: Sequence[int]) -> None:
        """Keep something beside the rows, and take all rows of slots away."""
        self.connection.execute("REPLACE INTO memory VALUES (?, ?)", (name, value))
        for table in ("rows", "digests"):
            places = [(slot,) for slot in drop]
            self.connection.executemany(f"DELETE FROM {table} WHERE slot = ?", places)
        self._dropped += drop

    def _is_newest(self, row: Row) -> bool:
        """Whether a row of a user's own key is above what is there, which then goes."""
        place = (row.slot, row.series)
        rank: tuple[Any, ...] = (*row.version, row.fingerprint)
        if self.connection.execute(_HAS_NEWER, (*place, *rank)).fetchone() is not None:
            return False
        self._count(list(self.connection.execute(_DELETE_OLDER, place)), -1)
        return True

    def _count(self, changed: Sequence[Counted], sign: int) -> None:
        """Bring the sums up to date with rows that came (1) or went (-1)."""
        news: dict[tuple[int, int], list[int]] = defaultdict(list)
        for slot, bucket, fingerprint in changed:
            news[slot, bucket].append(fingerprint)
        deltas = [(*p, sign * sum(them) & SUMS, sign * len(them)) for p, them in news.items()]
        self.connection.executemany(_ADD, deltas)
        for slot, _, total, n in deltas:
            self._deltas[slot] = _sum(self._deltas.get(slot, NOTHING), Digest(total, n))


def _key(row: Row) -> tuple[Any, ...]:
    return (row.slot, row.series, row.at, *row.version, row.fingerprint)


def _sum(one: Digest, other: Digest) -> Digest:
    return Digest((one.sum + other.sum) & SUMS, one.rows + other.rows)
