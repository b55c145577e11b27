"""What the tests of the store's doors are made of: a door with its guard, stores that fail, nodes
that there are not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
from starlette.types import ASGIApp

from energyguard.access.tokens import Tokens
from energyguard.api.problems import Answer
from energyguard.clock import ManualClock
from energyguard.compat.guard import Guard
from energyguard.errors import Conflict, DiskFull, NotFound, Unavailable
from energyguard.service.alerts.alerting import Alerting
from energyguard.settings.tree import Settings
from energyguard.store import Row
from energyguard.store.admin import ClusterStatus, NodeStatus
from energyguard.store.keys import Key
from energyguard.store.local import LocalStore
from energyguard.store.ring.membership import ClusterMembership, first, moving, settled
from energyguard.store.ring.ring import SLOTS, shares
from energyguard.store.row import OWN_KEY
from energyguard.store.version import HybridClock
from energyguard.testing import MemoryLog

NOW = 1_757_160_000_000  # 2025-09-06 12:00 UTC
NODES = tuple(f"http://127.0.0.1:{port}" for port in (8101, 8102, 8103))


class Parts:
    """A store on one file, a clock that stands still, and a token."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.clock = folder, ManualClock(NOW)
        self.store = LocalStore(folder / "store.db", self.clock)
        self.versions = HybridClock("door", self.clock)
        self.tokens = Tokens(folder, self.clock)
        self.token = self.tokens.create("tests")
        self.log = MemoryLog()
        self.alerting = Alerting(self.log, Settings(data_dir=folder), self.clock)

    def guarded(self, app: ASGIApp, answer: Answer, opened: Sequence[str], **guard: Any) -> Guard:
        """An application behind its guard."""
        host, auth = guard.pop("host", "127.0.0.1"), guard.pop("auth", True)
        return Guard(app, self.tokens, host, auth, answer, opened, **guard)

    def http(self, app: ASGIApp, answer: Answer, opened: Sequence[str], **guard: Any) -> Http:
        """A client of an application behind its guard."""
        return Http(
            transport=httpx.ASGITransport(self.guarded(app, answer, opened, **guard)),
            base_url="http://127.0.0.1:8000",
            headers={"Authorization": f"Bearer {self.token}"},
            trust_env=False,
        )


Http = httpx.AsyncClient


class Broken:
    """A store of which every call fails, with the error that it is given."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def write(self, rows: Sequence[Row], copies: int | None = None) -> None:
        raise self.error

    async def change(
        self, key: Key, value: bytes | None, expires_ms: int = 0, copies: int | None = None
    ) -> Row:
        raise self.error

    async def read(
        self, series: str, at: int | None = OWN_KEY, copies: int | None = None
    ) -> Row | None:
        raise self.error

    async def scan(
        self, series: str, begin: int, end: int, limit: int, *, every: bool = False
    ) -> list[Row]:
        raise self.error

    async def names(self, above: str = "", limit: int = 1_000) -> list[str]:
        raise self.error

    async def close(self) -> None:
        """Nothing to let go of."""


class Hanging(Broken):
    """A store of which reading and changing never ends."""

    def __init__(self) -> None:
        super().__init__(Unavailable("gone"))

    async def change(
        self, key: Key, value: bytes | None, expires_ms: int = 0, copies: int | None = None
    ) -> Row:
        await asyncio.Event().wait()
        raise self.error

    async def read(
        self, series: str, at: int | None = OWN_KEY, copies: int | None = None
    ) -> Row | None:
        await asyncio.Event().wait()
        return None


GONE = Broken(Unavailable("1 of 2 nodes replied"))
FULL = Broken(DiskFull("no room"))


class Nodes:
    """A cluster of names: its memberships are real, its nodes are not."""

    def __init__(self, *nodes: str, copies: int = 2, faults: bool = True) -> None:
        self.membership: ClusterMembership = (
            first(nodes, copies) if nodes else ClusterMembership(0, ())
        )
        self.paused: set[str] = set()
        self._faults = faults

    async def status(self) -> ClusterStatus:
        now = self.membership
        return ClusterStatus(
            now.epoch,
            now.strategy,
            now.copies,
            now.virtual_nodes,
            bool(now.coming),
            tuple(
                NodeStatus(node, node not in self.paused, share, SLOTS, 7, 0, 0, 0)
                for node, share in shares(now.owners)
            ),
            SLOTS,
            SLOTS,
        )

    async def join(self, node: str, instead_of: str | None = None) -> ClusterMembership:
        if "9999" in node:
            raise Unavailable(f"{node} does not reply")
        return self._enter(moving(self.membership, (*self.membership.nodes, node)))

    async def leave(self, node: str) -> ClusterMembership:
        if node not in self.membership.nodes:
            raise NotFound(f"no node {node}")
        left = tuple(one for one in self.membership.nodes if one != node)
        return self._enter(moving(self.membership, left))

    async def reconfigure(
        self, copies: int | None = None, strategy: str | None = None
    ) -> ClusterMembership:
        return self._enter(moving(self.membership, None, copies, strategy))

    async def pause(self, node: str, *, paused: bool) -> None:
        if not self._faults:
            raise Conflict(f"{node} does not allow fault injection")
        (self.paused.add if paused else self.paused.discard)(node)

    def _enter(self, now: ClusterMembership) -> ClusterMembership:
        self.membership = settled(now)
        return self.membership
