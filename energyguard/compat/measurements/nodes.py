"""The measurement store's verbs for nodes."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from energyguard.compat.building.sharding import check_copies, check_strategy, copies_of, series_in
from energyguard.compat.quorum import Owners
from energyguard.compat.shapes import ours
from energyguard.errors import NotFound
from energyguard.store.admin import ClusterAdmin, NodeStatus
from energyguard.store.ring.membership import ClusterMembership

FIRST = 0
"""The number of the first node, in the order of their hosts and ports; system B's is 0."""

NodeId = Annotated[str, Path(alias="id", description="The node's address, or its number.")]


class Replication(BaseModel):
    """How copies are laid out, and how many there are."""

    model_config = ConfigDict(strict=True)

    strategy: str = Field(description="`consistent`, or `full`: every node has everything.")
    replication_factor: int | None = Field(None, description="None: as many as there are now.")


class NodeBody(BaseModel):
    """A node."""

    node_id: int | None = Field(description="From 0; None: it is leaving.")
    node: str = Field(description="Its address.")
    port: int | None
    status: str = Field(description="`alive`: it has replied just now; or `dead`.")


class NodeDetails(NodeBody):
    """A node, and what it has."""

    share: float = Field(description="Of all copies, between 0 and 1.")
    rows: int | None = Field(description="None: it is silent.")
    lacking: int = Field(description="Slots in which it differs from another owner.")
    to_fetch: int = Field(description="Slots that are on their way to it.")
    hints: int = Field(description="Batches that wait for it.")
    for_others: int = Field(description="Rows that it holds for their owners, as a stand-in.")


class Nodes(BaseModel):
    """All nodes."""

    status: str = "success"
    nodes: list[NodeDetails]
    strategy: str
    replication_factor: int
    epoch: int
    moving: bool


class KeyNodes(BaseModel):
    """Who keeps a key, the first one first."""

    status: str = "success"
    nodes: list[NodeBody]


class Told(BaseModel):
    """It was done."""

    status: str = "success"
    message: str


def node_named(now: ClusterMembership, text: str) -> str:
    """The address of a node that is named by its address or its number.

    Raises:
        NotFound: there is no such node.
    """
    if text in now.nodes:
        return text
    if text.isascii() and text.isdigit() and len(text) < 6:
        place = int(text) - FIRST
        if 0 <= place < len(now.nodes):
            return _ordered(now)[place]
    raise NotFound(f"no node {text!r}; there are {FIRST} to {len(now.nodes) - 1 + FIRST}")


def node_routes(cluster: ClusterAdmin | None, owners: Owners) -> APIRouter:
    """``/nodes_status``, ``/configure_replication``, ``/fail_node``, ``/recover_node``, …"""
    routes = APIRouter(tags=["nodes"])

    @routes.get("/nodes_status")
    async def nodes_status() -> Nodes:
        """How the nodes are."""
        now, status = ours(cluster).membership, await ours(cluster).status()
        return Nodes(
            nodes=[_detailed(now, node) for node in status.nodes],
            strategy=status.strategy,
            replication_factor=copies_of(now),
            epoch=status.epoch,
            moving=status.moving,
        )

    @routes.post("/configure_replication")
    async def configure_replication(wanted: Replication) -> Told:
        """Change the strategy or the number of copies; data moves to its new owners."""
        check_strategy(wanted.strategy)
        if wanted.replication_factor is not None:
            check_copies(ours(cluster).membership, wanted.replication_factor)
        now = await ours(cluster).reconfigure(wanted.replication_factor, wanted.strategy)
        return Told(message=f"Strategy set to {now.strategy} with factor {copies_of(now)}")

    @routes.post("/fail_node/{id:path}")
    async def fail_node(node_id: NodeId) -> Told:
        """Fault injection: have a node take no traffic."""
        node = node_named(ours(cluster).membership, node_id)
        await ours(cluster).pause(node, paused=True)
        return Told(message=f"Node {_number(ours(cluster).membership, node)} marked as failed")

    @routes.post("/recover_node/{id:path}")
    async def recover_node(node_id: NodeId) -> Told:
        """Have a node take traffic again; what it missed it gets."""
        node = node_named(ours(cluster).membership, node_id)
        await ours(cluster).pause(node, paused=False)
        return Told(message=f"Node {_number(ours(cluster).membership, node)} recovered")

    @routes.get("/replica_nodes/{key:path}")
    async def replica_nodes(key: str) -> KeyNodes:
        """The nodes that keep a key."""
        now, status = ours(cluster).membership, await ours(cluster).status()
        up = {node.node for node in status.nodes if node.up}
        kept = owners.of(series_in(key))
        return KeyNodes(nodes=[NodeBody(**_node(now, node, node in up)) for node in kept])

    return routes


def _node(now: ClusterMembership, node: str, up: bool) -> dict[str, Any]:
    return {
        "node_id": _number(now, node),
        "node": node,
        "port": _port(node),
        "status": "alive" if up else "dead",
    }


def _ordered(now: ClusterMembership) -> list[str]:
    """The nodes by host and port: 9999 comes before 10000."""
    return sorted(now.nodes, key=lambda node: (node.rpartition(":")[0], _port(node) or 0, node))


def _number(now: ClusterMembership, node: str) -> int | None:
    order = _ordered(now)
    return order.index(node) + FIRST if node in order else None


def _port(node: str) -> int | None:
    port = node.rstrip("/").rpartition(":")[2]
    return int(port) if port.isascii() and port.isdigit() else None


def _detailed(now: ClusterMembership, of: NodeStatus) -> NodeDetails:
    names = ("share", "rows", "lacking", "to_fetch", "hints", "for_others")
    details = {name: getattr(of, name) for name in names}
    return NodeDetails(**_node(now, of.node, of.up), **details)
