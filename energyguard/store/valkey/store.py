"""One Valkey or a Valkey Cluster as a ``Store``.

The name of a series is written before its rows: a name without rows is allowed, rows without a
name are not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from secrets import token_hex
from typing import Any, Final

from energyguard.clock import SYSTEM, Clock
from energyguard.store.keys import Key
from energyguard.store.row import OWN_KEY, Row, check
from energyguard.store.valkey.client import PATIENCE_S
from energyguard.store.valkey.commands import (
    AT_ONCE,
    Command,
    add_names,
    find_names,
    following,
    keep,
    keep_newest,
    latest,
    newest,
    parts,
    row_of,
)
from energyguard.store.valkey.servers import Servers
from energyguard.store.version import OLDEST, HybridClock

NAMES_KNOWN: Final = 200_000


class ValkeyStore:
    """A ``Store`` on Valkey. ``copies`` counts the master and its replicas; a master is read."""

    def __init__(
        self,
        address: str,
        clock: Clock = SYSTEM,
        *,
        cluster: bool = False,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """Nothing is asked yet.

        Args:
            address: ``[user:password@]host:port``; of a cluster several, with commas between.
            clock: the wall clock, for versions and what is over.
            cluster: they are servers of a cluster: writes are on two disks, unless it is said.
            patience_s: how long a server may be away.

        Raises:
            ConfigError: the address cannot be read.
        """
        self._servers = Servers(address, cluster=cluster, patience_s=patience_s)
        self._clock, self._copies = clock, 2 if cluster else 1
        self._versions = HybridClock(f"valkey-{token_hex(4)}", clock)
        self._named: dict[str, int] = {}  # on so many disks is the name of a series

    async def write(self, rows: Sequence[Row], copies: int | None = None) -> None:
        """See ``Store.write``."""
        for row in rows:
            check(row)
        needed = self._needed(copies)
        await self._name({row.series for row in rows}, needed)
        await self._servers.ask([keep(part) for part in parts(rows)], needed)

    async def change(
        self, key: Key, value: bytes | None, expires_ms: int = 0, copies: int | None = None
    ) -> Row:
        """See ``Store.change``."""
        check(Row(key.series, key.at, OLDEST, value, expires_ms))
        needed = self._needed(copies)
        await self._name({key.series}, needed)
        while True:
            before = await self._newest(key.series, key.at)
            self._versions.see(before.version if before is not None else OLDEST)
            row = Row(key.series, key.at, self._versions.next(), value, expires_ms)
            (kept,), once = await self._servers.ask([keep_newest(row)], needed)
            if kept or not once:  # sent twice: it may have been there before what is newer
                return row

    async def read(
        self, series: str, at: int | None = OWN_KEY, copies: int | None = None
    ) -> Row | None:
        """See ``Store.read``."""
        now_ms = self._clock.now_ms()
        if at is None:
            found = await self._ask(latest(series, now_ms))
            return None if found is None else row_of(series, found)
        row = await self._newest(series, at)
        return row if row is not None and row.is_there(now_ms) else None

    async def scan(
        self, series: str, begin: int, end: int, limit: int, *, every: bool = False
    ) -> list[Row]:
        """See ``Store.scan``."""
        n, rows, times = min(limit + 1, AT_ONCE), list[Row](), set[int]()
        last: bytes | None = None
        while len(times) <= limit:
            members = await self._ask(following(series, begin, end, last, n))
            rows += (row_of(series, member) for member in members)
            times |= {row.at for row in rows[-n:]}
            if len(members) < n:
                break
            last = members[-1]
        chosen = set(sorted(times)[:limit])
        rows = [row for row in rows if row.at in chosen]
        if every:
            return rows
        newest_versions, now_ms = {row.at: row for row in rows}, self._clock.now_ms()
        return [row for row in newest_versions.values() if row.is_there(now_ms)]

    async def names(self, above: str = "", limit: int = 1_000) -> list[str]:
        """See ``Store.names``."""
        found = (await self._servers.ask(find_names(above, limit))).of
        return sorted(name.decode() for names in found for name in names)[:limit]

    async def close(self) -> None:
        """See ``Store.close``."""
        await self._servers.close()

    def _needed(self, copies: int | None) -> int:
        return self._copies if copies is None else max(1, copies)

    async def _ask(self, command: Command) -> Any:
        return (await self._servers.ask([command])).of[0]

    async def _newest(self, series: str, at: int) -> Row | None:
        found = await self._ask(newest(series, at))
        return row_of(series, found[0]) if found else None

    async def _name(self, series: Iterable[str], copies: int) -> None:
        """Have the names of series on enough disks before their rows are written."""
        new = [name for name in series if self._named.get(name, 0) < copies]
        await self._servers.ask(add_names(new), copies)
        if len(self._named) > NAMES_KNOWN:
            self._named.clear()
        self._named.update(dict.fromkeys(new, copies))
