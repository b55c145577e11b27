"""The processes of the replicated store: shard, coordinator, measurement store.

Each listens on one port, says one line when it answers, and ends when it is told to, after what
was under way.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from secrets import token_hex
from threading import Event
from typing import NamedTuple
from urllib.parse import urlsplit

from starlette.types import ASGIApp

from energyguard.access.tokens import Tokens
from energyguard.api.gate.auth import check_auth, is_loopback
from energyguard.api.problems import Answer
from energyguard.compat.building.coordinator import OPEN as BUILDING_OPEN
from energyguard.compat.building.coordinator import STREAMS as BUILDING_STREAMS
from energyguard.compat.building.coordinator import build_building
from energyguard.compat.building.shard import build_shard
from energyguard.compat.building.thresholds import take_over
from energyguard.compat.guard import Guard
from energyguard.compat.measurements.alarms import RaiseAlert
from energyguard.compat.measurements.door import OPEN as MEASUREMENTS_OPEN
from energyguard.compat.measurements.door import build_measurements
from energyguard.compat.shapes import as_building, as_measurements
from energyguard.errors import ConfigError
from energyguard.ports.server import serve
from energyguard.ports.sockets import listen
from energyguard.service.alerts.alerting import Alerting
from energyguard.store import open_store
from energyguard.store.client import RingStore, ring_nodes
from energyguard.store.node.shard import MAX_CACHE_ITEMS, OwnStore, Shard, ShardSettings
from energyguard.store.ring.ring import VIRTUAL_NODES
from energyguard.store.ring.transport import peer_address
from energyguard.store.version import HybridClock

OWN_SHARDS = 3
EVERYWHERE = ("0.0.0.0", "::")
"""Where one can listen, and nobody can call."""

Say = Callable[[str], None]


class Listener(NamedTuple):
    """Where a process listens, and whom it lets in."""

    port: int
    folder: Path
    host: str = "127.0.0.1"
    auth: bool = True
    secret: str = ""  # that all nodes and coordinators of a cluster share
    address: str = ""  # at which others reach it, where that is not where it listens

    @property
    def url(self) -> str:
        """Its address, which is also its name."""
        return self.address.rstrip("/") or f"http://{self.host}:{self.port}"


class ClusterLayout(NamedTuple):
    """How a cluster is laid out when it is formed."""

    nodes: Sequence[str]
    copies: int | None = None
    strategy: str = "consistent"
    virtual_nodes: int = VIRTUAL_NODES


def run_shard(
    door: Listener,
    say: Say,
    max_cache_items: int = MAX_CACHE_ITEMS,
    *,
    fault_injection: bool = False,
) -> None:
    """Be a node of the cluster, until told to stop.

    Raises:
        ConfigError: the address cannot be listened on, is open to others without a secret, or is
            none at which others can reach it.
    """
    node_host, _ = peer_address(door.url)
    if node_host in EVERYWHERE:
        raise ConfigError(
            f"{node_host} is no address at which other nodes reach this one: say which is, with "
            "--address http://HOST:PORT"
        )
    settings = ShardSettings(door.url, door.folder, door.secret, max_cache_items, fault_injection)

    async def main() -> None:
        async with _shard(settings) as shard:
            versions = HybridClock(door.url)
            app = build_shard(OwnStore(shard), shard.stats, door.url, versions)
            await _answer(door, "shard", app, as_building, BUILDING_OPEN, say)

    _run(door, main)


def run_coordinator(
    door: Listener,
    layout: ClusterLayout,
    alerting: Alerting,
    say: Say,
    url: str = "",
    broadcast_token: str = "",
) -> None:
    """Serve the building monitor's verbs, until told to stop.

    Args:
        door: where it listens.
        layout: the nodes of a ring of shards.
        alerting: rules and alerts, followed.
        say: takes the line that says that it answers.
        url: of another store, such as a Valkey, where no nodes are named.
        broadcast_token: what those show who broadcast; empty: nobody may.

    Raises:
        ConfigError: the address cannot be listened on, or is open to others without a secret; or
            neither nodes nor a store are named.
        Unavailable: the nodes do not reply.
    """
    if not layout.nodes and url.startswith("ring://"):
        layout = layout._replace(nodes=ring_nodes(url.removeprefix("ring://")))
    if not layout.nodes and not url:
        raise ConfigError(
            "name the shards with --nodes (BOOTSTRAP_NODES), or another store with `store.url`, "
            "such as valkey://HOST:PORT"
        )

    build = partial(build_building, alerting=alerting, broadcast_token=broadcast_token)

    async def main() -> None:
        async with AsyncExitStack() as stack:
            if layout.nodes:
                ring = await stack.enter_async_context(_ring(door, layout))
                await take_over(ring, alerting)
                app = build(ring, ring, ring.coordinator.versions)
            else:
                store = open_store(url)
                stack.push_async_callback(store.close)
                await take_over(store, alerting)  # a store that is away is told at the start
                versions = HybridClock(f"door-{token_hex(4)}")
                app = build(store, None, versions, alone=_without_login(url))
            await _answer(
                door, "coordinator", app, as_building, BUILDING_OPEN, say, BUILDING_STREAMS
            )

    _run(door, main)


def _without_login(url: str) -> str:
    scheme, _, address = url.partition("://")
    return f"{scheme}://{address.rpartition('@')[2]}"


def run_measurements(
    door: Listener,
    layout: ClusterLayout,
    raise_alert: RaiseAlert,
    say: Say,
    *,
    fault_injection: bool = False,
) -> None:
    """Serve the measurement store's verbs; without nodes on three shards of its own.

    Raises:
        ConfigError: the address cannot be listened on, or is open to others without a secret.
        Unavailable: the nodes do not reply.
    """

    async def main() -> None:
        async with AsyncExitStack() as stack:
            nodes = layout.nodes
            if not nodes:
                numbers = _own_numbers(door.folder)
                nodes = [f"http://{door.host}:{door.port + number}" for number in numbers]
                for number, node in zip(numbers, nodes, strict=True):
                    folder = door.folder / f"shard-{number}"
                    settings = ShardSettings(
                        node, folder, door.secret, fault_injection=fault_injection
                    )
                    await stack.enter_async_context(_shard(settings))
            ring = await stack.enter_async_context(_ring(door, layout._replace(nodes=nodes)))
            app = build_measurements(ring, ring, ring.coordinator.versions, raise_alert)
            await _answer(door, "measurement store", app, as_measurements, MEASUREMENTS_OPEN, say)

    _run(door, main)


def _own_numbers(folder: Path) -> range:
    """From 0, on the door's own port, as system B's nodes; a folder of older versions has 1 to 3,
    and a node's address is its name.
    """
    first = 1 if (folder / "shard-1").exists() and not (folder / "shard-0").exists() else 0
    return range(first, first + OWN_SHARDS)


@asynccontextmanager
async def _shard(settings: ShardSettings) -> AsyncIterator[Shard]:
    shard = Shard(settings)
    try:
        await shard.start()
    except OSError as error:
        shard.storage.close()
        raise ConfigError(f"{settings.node}: cannot listen to other nodes: {error}") from error
    try:
        yield shard
    finally:
        await shard.stop()


@asynccontextmanager
async def _ring(door: Listener, layout: ClusterLayout) -> AsyncIterator[RingStore]:
    ring = RingStore(layout.nodes, door.secret)
    try:
        await ring.open(layout.copies, layout.strategy, layout.virtual_nodes)
        yield ring
    finally:
        await ring.close()


def _run(door: Listener, main: Callable[[], object]) -> None:
    check_auth(door.auth, door.host)
    hosts = [door.host, urlsplit(door.url).hostname or ""]
    if not door.secret and (public := [host for host in hosts if not is_loopback(host)]):
        raise ConfigError(
            f"{public[0]} is open to others: nodes there share a secret "
            "(ENERGYGUARD_STORE_SECRET, the same for all)"
        )
    door.folder.mkdir(parents=True, exist_ok=True)
    coroutine = main()
    assert asyncio.iscoroutine(coroutine)
    asyncio.run(coroutine)


async def _answer(
    door: Listener,
    what: str,
    app: ASGIApp,
    shape: Answer,
    open_paths: Sequence[str],
    say: Say,
    streams: Sequence[str] = (),
) -> None:
    """Answer requests until a signal comes."""
    tokens = Tokens(door.folder)
    guarded = Guard(app, tokens, door.host, door.auth, shape, open_paths, streams=streams)
    stop, loop = Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    with listen(door.host, door.port, "`--port` chooses another one") as listening:
        await serve(guarded, listening, stop, lambda: say(f"{what} ready: {door.url}"))
