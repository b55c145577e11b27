"""The nodes of the replicated store, for page and API: one look at them serves all who ask.

    cluster = cluster_of(settings)                 # None: the store is no ring
    await cluster.view()
    await cluster.hold("http://127.0.0.1:8101")    # fault injection
    await cluster.close()

For one event loop. Nobody is called before the first question; nodes that are away cost an answer,
never the start.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from contextlib import suppress

from energyguard.clock import SYSTEM, Clock
from energyguard.errors import Conflict, NotFound, Unavailable
from energyguard.service.views import ClusterView, NodeView
from energyguard.settings.tree import Settings
from energyguard.store.admin import ClusterStatus
from energyguard.store.client import RingStore, ring_nodes
from energyguard.store.ring.transport import peer_address

KEPT_S = 1.0
"""An answer is new enough for this long, for everyone."""

SECRET = "ENERGYGUARD_STORE_SECRET"


class ClusterService:
    """The nodes, and what is known of them beside what they say."""

    def __init__(self, nodes: Sequence[str], secret: str = "", clock: Clock = SYSTEM) -> None:
        """Prepare.

        Args:
            nodes: HTTP addresses of the shards, or of some of them.
            secret: that all nodes and coordinators share.
            clock: the wall clock.

        Raises:
            ConfigError: one of them is no address.
        """
        for node in nodes:
            peer_address(node)
        self._nodes, self._secret, self._clock = list(nodes), secret, clock
        self._store: RingStore | None = None
        self._one_by_one = asyncio.Lock()
        self._looking: asyncio.Task[ClusterView] | None = None
        self._until = 0.0
        self._can_hold: dict[str, bool] = {}
        self._faults = False  # whether any node has ever allowed fault injection
        self._held: set[str] = set()

    async def view(self) -> ClusterView:
        """How the nodes are; asked at most once a second, however many ask.

        Raises:
            Unavailable: no node replies, or they are in no cluster yet.
        """
        looking = self._looking
        if looking is None or (looking.done() and self._clock.monotonic() >= self._until):
            looking = self._looking = asyncio.ensure_future(self._look())
            looking.add_done_callback(lambda done: done.cancelled() or done.exception())
        return await asyncio.shield(looking)

    async def hold(self, node: str) -> ClusterView:
        """Fault injection: have a node take no traffic.

        Args:
            node: its address, with or without ``http://``.

        Raises:
            NotFound: there is no such node.
            Conflict: the node does not allow fault injection.
            Unavailable: it does not reply.
        """
        return await self._pause(node, paused=True)

    async def release(self, node: str) -> ClusterView:
        """Have a node take traffic again; what it missed it gets.

        Raises:
            NotFound, Conflict, Unavailable: see ``hold``.
        """
        return await self._pause(node, paused=False)

    async def close(self) -> None:
        """Hang up."""
        if self._looking is not None:
            self._looking.cancel()
            with suppress(asyncio.CancelledError, Unavailable, Conflict):
                await self._looking
        if self._store is not None:
            await self._store.close()
            self._store = None

    async def _pause(self, named: str, *, paused: bool) -> ClusterView:
        async with self._one_by_one:
            store = await self._opened()
            node = _named(store.membership.everyone(), named)
            await store.pause(node, paused=paused)
            (self._held.add if paused else self._held.discard)(node)
            self._can_hold[node] = True
            self._looking = None
        return await self.view()

    async def _look(self) -> ClusterView:
        async with self._one_by_one:
            try:
                store = await self._opened()
                status = await store.status()
                await self._ask_modes(store, status)
            finally:
                self._until = self._clock.monotonic() + KEPT_S
        up = {node.node for node in status.nodes if node.up}
        self._held -= up
        return self._seen(status, len(store.membership.nodes))

    def _seen(self, status: ClusterStatus, size: int) -> ClusterView:
        nodes = tuple(
            NodeView(
                node=node.node,
                up=node.up,
                held=node.node in self._held,
                can_hold=self._can_hold.get(node.node, self._faults and not node.up),
                share=node.share,
                slots=node.slots,
                rows=node.rows,
                lacking=node.lacking,
                to_fetch=node.to_fetch,
                hints=node.hints,
                for_others=node.for_others,
            )
            for node in status.nodes
        )
        return ClusterView(
            epoch=status.epoch,
            moving=status.moving,
            strategy=status.strategy,
            copies=size if status.strategy == "full" else status.copies,
            slots=status.slots,
            slots_alike=status.slots_alike,
            nodes=nodes,
        )

    async def _ask_modes(self, store: RingStore, status: ClusterStatus) -> None:
        """Find out which nodes allow fault injection, once in the life of each.

        The protocol has no question for it. Who has replied just now takes traffic, so telling it
        to take traffic changes nothing, and is refused where fault injection is off.
        """
        for node in status.nodes:
            if not node.up and node.node not in self._held:
                self._can_hold.pop(node.node, None)  # it may come back otherwise
        unknown = [
            node.node for node in status.nodes if node.up and node.node not in self._can_hold
        ]
        found = await asyncio.gather(*(_allows(store, node) for node in unknown))
        known = zip(unknown, found, strict=True)
        self._can_hold |= {node: allows for node, allows in known if allows is not None}
        self._faults = self._faults or any(self._can_hold.values())

    async def _opened(self) -> RingStore:
        if self._store is not None:
            return self._store
        store = RingStore(self._nodes, self._secret, self._clock)
        names = ", ".join(self._nodes)
        try:
            await store.open(form=False)
        except Unavailable as error:
            await store.close()
            raise Unavailable(
                f"no node of the store replies: {names}; do they run, with the secret of this "
                f"process ({SECRET})?"
            ) from error
        except Conflict as error:
            await store.close()
            raise Unavailable(
                f"the store's nodes are in no cluster yet: {names}; `energyguard coordinator` "
                "forms one"
            ) from error
        except BaseException:
            await store.close()
            raise
        self._store = store
        return store


def cluster_of(settings: Settings, clock: Clock = SYSTEM) -> ClusterService | None:
    """The ring that ``store.url`` names; None: the store is something else.

    Raises:
        ConfigError: it names no node, or something that is none.
    """
    scheme, _, address = settings.store.url.partition("://")
    if scheme != "ring":
        return None
    return ClusterService(ring_nodes(address), os.environ.get(SECRET, ""), clock)


def _named(nodes: Sequence[str], text: str) -> str:
    for node in nodes:
        if text in (node, node.removeprefix("http://")):
            return node
    raise NotFound(f"no node {text!r}; there are: {', '.join(nodes)}")


async def _allows(store: RingStore, node: str) -> bool | None:
    try:
        await store.pause(node, paused=False)
    except Conflict:
        return False
    except (Unavailable, NotFound):
        return None
    return True
