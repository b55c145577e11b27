"""The contract on one local file: for one machine. Acknowledged = on its disk."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Sequence
from pathlib import Path
from secrets import token_hex

from energyguard.clock import SYSTEM, Clock
from energyguard.store.coordinator.clearing import GRACE_MS
from energyguard.store.keys import Key
from energyguard.store.node.node_storage import NodeStorage
from energyguard.store.row import OWN_KEY, Row, check, newest
from energyguard.store.version import OLDEST, HybridClock

CLEAR_EVERY_MS = 60_000
CLEARED_AT_ONCE = 2_000


class LocalStore:
    """A ``Store`` in one file; ``copies`` above one cannot be had, and is taken as one."""

    def __init__(self, path: Path, clock: Clock = SYSTEM) -> None:
        """Open the file, or make it.

        Raises:
            Unavailable: another version made the file, or it cannot be opened.
        """
        self._begin(NodeStorage(path, clock), clock)

    def _begin(self, storage: NodeStorage, clock: Clock) -> None:
        self._storage, self._clock = storage, clock
        self._versions = HybridClock(f"local-{token_hex(4)}", clock)
        self._clear_ms = 0

    async def write(self, rows: Sequence[Row], copies: int | None = None) -> None:
        """See ``Store.write``."""
        for row in rows:
            check(row)
        await to_thread(self._put, rows)
        self._written(rows)

    async def change(
        self, key: Key, value: bytes | None, expires_ms: int = 0, copies: int | None = None
    ) -> Row:
        """See ``Store.change``."""
        rows = self._storage.history(key.series, key.at)
        self._versions.see(max((row.version for row in rows), default=OLDEST))
        row = Row(key.series, key.at, self._versions.next(), value, expires_ms)
        check(row)
        await to_thread(self._put, [row])
        self._written([row])
        return row

    async def read(
        self, series: str, at: int | None = OWN_KEY, copies: int | None = None
    ) -> Row | None:
        """See ``Store.read``."""
        if at is None:
            row = next(reversed(self._storage.latest(series)), None)
        else:
            row = newest(self._storage.history(series, at))
        return row if row is not None and row.is_there(self._clock.now_ms()) else None

    async def scan(
        self, series: str, begin: int, end: int, limit: int, *, every: bool = False
    ) -> list[Row]:
        """See ``Store.scan``."""
        rows = await to_thread(self._storage.scan, series, begin, end, limit, every=every)
        now_ms = self._clock.now_ms()
        return rows if every else [row for row in rows if row.is_there(now_ms)]

    async def names(self, above: str = "", limit: int = 1_000) -> list[str]:
        """See ``Store.names``."""
        return await to_thread(self._storage.series, above, limit)

    async def close(self) -> None:
        """See ``Store.close``."""
        self._storage.close()

    def _put(self, rows: Sequence[Row]) -> None:
        self._storage.put(rows)
        if self._clear_ms <= (now_ms := self._clock.now_ms()):
            self._clear_ms = now_ms + CLEAR_EVERY_MS
            over = self._storage.over(now_ms - GRACE_MS, CLEARED_AT_ONCE)
            self._storage.expire(over)
            self._storage.forget(over)

    def _written(self, rows: Sequence[Row]) -> None:
        """Rows are durable."""
