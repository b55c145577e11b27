"""The building monitor's coordinator (system A): its verbs at the root of a port."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import APIRouter, FastAPI
from pydantic import BaseModel
from starlette.types import ASGIApp

from energyguard.clock import SYSTEM, Clock
from energyguard.compat.building.batches import Batches
from energyguard.compat.building.broadcasts import BROADCAST, broadcast_routes
from energyguard.compat.building.fast_path import FastPath
from energyguard.compat.building.keys import Keys
from energyguard.compat.building.notifications import STREAM, notification_routes
from energyguard.compat.building.sharding import sharding_routes
from energyguard.compat.building.thresholds import threshold_routes
from energyguard.compat.openapi_fragments import ERRORS, TOKEN, described_app, with_fast_path
from energyguard.compat.quorum import Owners
from energyguard.compat.shapes import BuildingError, as_building
from energyguard.service.alerts.alerting import Alerting
from energyguard.store import Store
from energyguard.store.admin import ClusterAdmin
from energyguard.store.version import HybridClock

OPEN = ("/health", BROADCAST)
"""What needs no token of ours: broadcasts have their own."""
STREAMS = (STREAM,)
"""What goes on for as long as somebody listens."""

_ABOUT = """Current state of the building, replicated.

`energy:p1:2025-09-06T17:54:02Z` is a measurement (`Z` and `+00:00` reach the same one),
`energy:p1:latest` the newest, `energy:p1:index` the times of all; any other key is your own.
A measurement that is put to `…:latest` is kept at the time of its `timestamp`; `…:index` is
computed, and what is put there changes nothing (`"status": "computed"`).

`200` says that as many nodes as were asked for have it on their disks; `502` and `504` say that
nobody knows: send it again. Errors: `{"detail", "error": {"code", "message"}}`.
"""


class Health(BaseModel):
    """It answers."""

    status: str = "ok"


def build_building(
    store: Store,
    cluster: ClusterAdmin | None,
    versions: HybridClock,
    clock: Clock = SYSTEM,
    alone: str = "local",
    *,
    alerting: Alerting,
    broadcast_token: str = "",
) -> ASGIApp:
    """The coordinator's verbs, without a guard in front.

    Args:
        store: where keys are.
        cluster: the nodes that the store is on; None: it is one local file, or a Valkey.
        versions: of batches: the clock that the store's own changes use, where it can be had.
        clock: for times to live.
        alone: what a store without a cluster is called.
        alerting: rules and alerts: thresholds are the one, notifications the other.
        broadcast_token: what those show who broadcast; empty: nobody may.
    """
    owners = Owners(cluster, alone)
    app = building_app(
        "EnergyGuard: building monitor",
        _ABOUT,
        (
            threshold_routes(alerting),
            notification_routes(alerting),
            sharding_routes(cluster, owners),
        ),
    )
    app.include_router(broadcast_routes(alerting, broadcast_token))

    @app.get("/health")
    async def health() -> Health:
        """Whether it answers; needs no token."""
        return Health()

    keys = Keys(store, owners, versions, clock)
    return FastPath(app, keys, Batches(keys, versions))


def building_app(title: str, about: str, parts: Iterable[APIRouter]) -> FastAPI:
    """An application whose document has the verbs of keys, in system A's shape of errors."""
    app = described_app(title, about, ERRORS, BuildingError, as_building)
    for part in parts:
        app.include_router(part, dependencies=[TOKEN])
    app.openapi = with_fast_path(app)  # type: ignore[method-assign]
    return app
