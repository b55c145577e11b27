"""The building monitor's verbs for nodes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from energyguard.compat.quorum import Owners
from energyguard.compat.shapes import TooManyCopies, ours
from energyguard.compat.target import INDEX, LATEST, series_of
from energyguard.errors import Malformed
from energyguard.store.admin import ClusterAdmin
from energyguard.store.keys import Key
from energyguard.store.ring.membership import STRATEGIES, ClusterMembership


class Node(BaseModel):
    """A node."""

    model_config = ConfigDict(strict=True)

    node: Annotated[str, Field(min_length=1, max_length=300)] = Field(
        description="Its address, `http://host:port`."
    )


class Factor(BaseModel):
    """How many copies there are to be."""

    model_config = ConfigDict(strict=True)

    replication_factor: Annotated[int, Field(ge=1)]


class ShardingInfo(BaseModel):
    """Who is in the cluster."""

    total_nodes: int
    replication_factor: int
    virtual_nodes_per_node: int
    total_virtual_nodes: int
    nodes: list[str]
    strategy: str
    epoch: int = Field(description="Each change of the cluster is an epoch.")
    moving: bool = Field(description="Keys are on their way to new owners.")

    @classmethod
    def of(cls, now: ClusterMembership) -> ShardingInfo:
        """Make it from an epoch."""
        return cls(
            total_nodes=len(now.nodes),
            replication_factor=copies_of(now),
            virtual_nodes_per_node=now.virtual_nodes,
            total_virtual_nodes=now.virtual_nodes * len(now.nodes),
            nodes=list(now.nodes),
            strategy=now.strategy,
            epoch=now.epoch,
            moving=bool(now.coming),
        )


class Changed(BaseModel):
    """The nodes after a change; keys may still be on their way."""

    status: str
    message: str
    nodes: list[str]


class Reconfigured(BaseModel):
    """How many copies there are."""

    status: str = "ok"
    replication_factor: Annotated[int, Field(ge=1)]


class ReplicaNodes(BaseModel):
    """Who keeps a key."""

    key: str
    nodes: list[str]


def copies_of(now: ClusterMembership) -> int:
    """How many copies of each key there are."""
    return len(now.nodes) if now.strategy == "full" else now.copies


def check_copies(now: ClusterMembership, copies: int) -> None:
    """Refuse a number of copies that cannot be.

    Raises:
        TooManyCopies: below one, or above the number of nodes.
    """
    if not 1 <= copies <= len(now.nodes):
        raise TooManyCopies(f"replication factor {copies}: there are {len(now.nodes)} nodes")


def check_strategy(strategy: str) -> None:
    """Refuse a strategy that there is not.

    Raises:
        Malformed: it is unknown.
    """
    if strategy not in STRATEGIES:
        raise Malformed(f"strategy {strategy!r}: there are {' and '.join(STRATEGIES)}", "strategy")


def series_in(key: str) -> str:
    """The series that a key belongs to: nodes keep whole series."""
    return series_of(key, LATEST) or series_of(key, INDEX) or Key.parse(key).series


def sharding_routes(cluster: ClusterAdmin | None, owners: Owners) -> APIRouter:
    """``/sharding/…`` and ``/replica_nodes/…``."""
    routes = APIRouter(tags=["nodes"])

    @routes.get("/sharding/info")
    async def sharding_info() -> ShardingInfo:
        """Who is in the cluster."""
        return ShardingInfo.of(ours(cluster).membership)

    @routes.post("/sharding/add-node")
    async def add_node(body: Node) -> Changed:
        """Let a node in; the keys that are to be its own move there."""
        before = ours(cluster).membership
        if body.node in before.nodes:
            about = f"{body.node} is a node already"
            return Changed(status="warning", message=about, nodes=list(before.nodes))
        now = await ours(cluster).join(body.node)
        return Changed(
            status="success", message=f"{body.node} is a node now", nodes=list(now.nodes)
        )

    @routes.post("/sharding/remove-node")
    async def remove_node(body: Node) -> Changed:
        """Give a node up, dead or alive; others take its keys over."""
        before = ours(cluster).membership
        if body.node not in before.nodes:
            about = f"{body.node} is no node of this cluster"
            return Changed(status="warning", message=about, nodes=list(before.nodes))
        now = await ours(cluster).leave(body.node)
        about = f"{body.node} is no node any more"
        return Changed(status="success", message=about, nodes=list(now.nodes))

    @routes.post("/sharding/reconfigure")
    async def reconfigure(body: Factor) -> Reconfigured:
        """Change how many copies of each key there are."""
        check_copies(ours(cluster).membership, body.replication_factor)
        now = await ours(cluster).reconfigure(body.replication_factor)
        return Reconfigured(replication_factor=now.copies)

    @routes.get("/replica_nodes/{key:path}")
    async def replica_nodes(key: str) -> ReplicaNodes:
        """The nodes that keep a key, the first one first."""
        ours(cluster)
        return ReplicaNodes(key=key, nodes=list(owners.of(series_in(key))))

    return routes
