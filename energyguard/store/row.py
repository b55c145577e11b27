"""Rows: facts that replicas can miss, and never disagree on.

Nothing in a row ever changes, and a row is all that stands in it: where a source gives one version
to two values, there are two rows, and the same of them wins everywhere. Two replicas are brought
together by the union of their rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec

from energyguard.errors import Malformed
from energyguard.store.ring.ring import slot_of
from energyguard.store.version import Version

OWN_KEY = 0
"""The time of a key of the user's own, which has no event time: only its newest row is kept."""
BUCKETS = 256
_BUCKET_US = 1 << 32  # 72 minutes: what a node missed while it was away lies in few buckets
MAX_SERIES = 1_024
LARGEST_VALUE = 1_000_000

_encode = msgspec.msgpack.Encoder().encode


class Row(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One version of the value of a series at a time."""

    series: str
    at: int  # event time, µs since 1970 UTC; OWN_KEY: a key of the user's own
    version: Version
    value: bytes | None  # None: deleted (a tombstone)
    expires_ms: int = 0  # wall clock, ms since 1970 UTC; 0: never

    @property
    def slot(self) -> int:
        """The slot of its series."""
        return slot_of(self.series)

    @property
    def key(self) -> tuple[str, int]:
        """What a version belongs to."""
        return self.series, self.at

    def is_there(self, now_ms: int) -> bool:
        """Whether a reader sees a value: it is neither deleted nor over."""
        return self.value is not None and not 0 < self.expires_ms <= now_ms

    @property
    def fingerprint(self) -> int:
        """64 bits of everything in the row, as a signed number."""
        digest = hashlib.blake2b(_encode(self), digest_size=8).digest()
        return int.from_bytes(digest, "big", signed=True)

    @property
    def bucket(self) -> int:
        """Which of a slot's buckets it is counted in: its time's, or a key of the user's own's."""
        if self.at != OWN_KEY:
            return self.at // _BUCKET_US % BUCKETS
        return hashlib.blake2b(self.series.encode(), digest_size=1).digest()[0]

    @property
    def rank(self) -> tuple[Version, int]:
        """The highest of a key wins."""
        return self.version, self.fingerprint


def check(row: Row) -> None:
    """Refuse what no node would keep.

    Raises:
        Malformed: the series has no name or a long one, or the value is too large.
    """
    if not 0 < len(row.series.encode()) <= MAX_SERIES:
        raise Malformed(f"a key has 1 to {MAX_SERIES} bytes", "key")
    if row.value is not None and len(row.value) > LARGEST_VALUE:
        raise Malformed(f"a value has at most {LARGEST_VALUE:,} bytes", "value")


def newest(rows: Iterable[Row]) -> Row | None:
    """The row that wins among those of one key."""
    return max(rows, key=lambda row: row.rank, default=None)


def newest_versions(rows: Iterable[Row]) -> list[Row]:
    """The row that wins of each key, in the order of series and time."""
    best: dict[tuple[str, int], Row] = {}
    for row in rows:
        have = best.setdefault(row.key, row)
        if row.rank > have.rank:
            best[row.key] = row
    return [best[key] for key in sorted(best)]


def latest(rows: Iterable[Row], now_ms: int) -> Row | None:
    """The row of the latest time that has a value."""
    there = [row for row in newest_versions(rows) if row.is_there(now_ms)]
    return max(there, key=lambda row: row.at, default=None)
