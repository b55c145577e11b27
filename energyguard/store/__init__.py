"""Current state: what each device said last, and any key that a user puts.

A row is a fact that replicas can miss and never disagree on: ``(series, at, version) → value``.
The value of a time is that of its highest version; a deletion is a row without a value. What
``write`` and ``change`` have returned for is on as many disks as were asked for; see
``docs/store.md`` for what each backend promises, and ``docs/decisions/0008-replicated-store.md``.

keys.py          what users call things
version.py       which row wins; the clock that makes a user's versions
row.py           rows
ring/            slots, owners, who is in the cluster; what is said, and how it travels
node/            the rows of one node in one file, and what it answers
coordinator/     rounds of requests for a client
admin.py         what an operator sees and does; status.py makes it from what nodes say
client.py        the contract on a ring of shards
local.py         the contract on one local file
valkey/          the contract on Valkey and Valkey Cluster
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from energyguard.clock import SYSTEM, Clock
from energyguard.errors import ConfigError
from energyguard.store.keys import Key
from energyguard.store.row import OWN_KEY, Row


class Store(Protocol):
    """Current state, on one disk or on several.

    ``copies`` is how many disks must have a row, or be asked for it; None: a majority of those
    that keep it. Where fewer can be reached, ``Unavailable`` is raised; a write may then have been
    done, or may be yet.
    """

    async def write(self, rows: Sequence[Row], copies: int | None = None) -> None:
        """Keep facts, each with its source's version; on the disks on return.

        Raises:
            Malformed: one of them is too large; none was taken.
            Unavailable: see above.
        """
        ...

    async def change(
        self, key: Key, value: bytes | None, expires_ms: int = 0, copies: int | None = None
    ) -> Row:
        """Give a key a value, or delete it (None), with a version above all that it has had.

        Args:
            key: any; that of a measurement too.
            value: the new value.
            expires_ms: wall clock, ms since 1970 UTC, at which it is over; 0: never.
            copies: see above.

        Raises:
            Malformed: it is too large.
            Conflict: the clocks of the nodes are too far apart.
            Unavailable: see above.
        """
        ...

    async def read(
        self, series: str, at: int | None = OWN_KEY, copies: int | None = None
    ) -> Row | None:
        """The row to be seen at a time, or (None) at the latest time that has one."""
        ...

    async def scan(
        self, series: str, begin: int, end: int, limit: int, *, every: bool = False
    ) -> list[Row]:
        """The rows to be seen at the first times in ``[begin, end)``, from one copy.

        Args:
            series: its name.
            begin: µs since 1970 UTC.
            end: µs since 1970 UTC.
            limit: of times; fewer rows may be there where some are deleted.
            every: all versions, oldest first, tombstones too.
        """
        ...

    async def names(self, above: str = "", limit: int = 1_000) -> list[str]:
        """The names of series above one, in order; some may have no value any more."""
        ...

    async def close(self) -> None:
        """Let go of files and connections."""
        ...


def _local(address: str, clock: Clock) -> Store:
    from energyguard.store.local import LocalStore

    return LocalStore(Path(address), clock)


def _valkey(address: str, clock: Clock) -> Store:
    from energyguard.store.valkey import ValkeyStore

    return ValkeyStore(address, clock)


def _valkey_cluster(address: str, clock: Clock) -> Store:
    from energyguard.store.valkey import ValkeyStore

    return ValkeyStore(address, clock, cluster=True)


def _ring(address: str, clock: Clock) -> Store:
    from energyguard.store.client import RingStore, ring_nodes

    return RingStore(ring_nodes(address), os.environ.get("ENERGYGUARD_STORE_SECRET", ""), clock)


BACKENDS: Mapping[str, Callable[[str, Clock], Store]] = {
    "ring": _ring,
    "sqlite": _local,
    "valkey": _valkey,
    "valkey-cluster": _valkey_cluster,
}


def open_store(url: str, clock: Clock = SYSTEM) -> Store:
    """Open the store at ``sqlite:///path``, ``ring://host:port,host:port``,
    ``valkey://host:port`` or ``valkey-cluster://host:port,host:port``.

    The nodes of a ring are asked with the secret in ``ENERGYGUARD_STORE_SECRET``.

    Raises:
        ConfigError: the scheme is unknown (the message names those there are), or an extra is
            not installed.
        Unavailable: it cannot be opened.
    """
    scheme, _, address = url.partition("://")
    backend = BACKENDS.get(scheme)
    if backend is None:
        raise ConfigError(
            f"store: no backend {scheme!r} in {url!r}; there are: {', '.join(BACKENDS)}"
        )
    return backend(address, clock)


__all__ = ["BACKENDS", "Key", "Row", "Store", "open_store"]
