"""The building monitor's shard (system A): the verbs of one node, over its own rows.

What is put here is on this node only, until the others fetch it; clients ask a coordinator.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel, Field
from starlette.types import ASGIApp

from energyguard.clock import SYSTEM, Clock
from energyguard.compat.building.batches import Batches
from energyguard.compat.building.coordinator import Health, building_app
from energyguard.compat.building.fast_path import FastPath
from energyguard.compat.building.keys import Keys
from energyguard.compat.openapi_fragments import TOKEN
from energyguard.compat.quorum import Owners
from energyguard.store import Store
from energyguard.store.version import HybridClock

_ABOUT = """One node of the store: its own rows, and no others'. Clients ask a coordinator."""


class Stats(BaseModel):
    """What the node has."""

    db_path: str
    keys_in_db: int = Field(description="Rows, tombstones too.")
    cache_enabled: bool
    cache_items: int
    max_cache_items: int
    hits: int = Field(description="Reads that the cache answered.")
    misses: int = Field(description="Reads that the disk answered.")


def build_shard(
    store: Store,
    stats: Callable[[], Mapping[str, Any]],
    name: str,
    versions: HybridClock,
    clock: Clock = SYSTEM,
) -> ASGIApp:
    """The shard's verbs, without a guard in front.

    Args:
        store: the node's own.
        stats: the fields of ``Stats``.
        name: the node's address.
        versions: of batches.
        clock: for times to live.
    """
    app = building_app("EnergyGuard: shard", _ABOUT, ())

    @app.get("/health")
    async def health() -> Health:
        """Whether it answers; needs no token."""
        return Health()

    @app.get("/stats", dependencies=[TOKEN])
    def node_stats() -> Stats:
        """What the node has, and how its cache does."""
        return Stats(**stats())

    keys = Keys(store, Owners(None, name), versions, clock)
    return FastPath(app, keys, Batches(keys, versions))
