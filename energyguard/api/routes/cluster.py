"""The nodes of the replicated store."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from energyguard.api.middleware import CurrentService
from energyguard.errors import NotFound
from energyguard.service.parts import Cluster
from energyguard.service.views import ClusterView

router = APIRouter(tags=["cluster"])
Node = Annotated[
    str,
    Path(max_length=300, description="Its address, with or without `http://`: `127.0.0.1:8101`."),
]


def _cluster(service: CurrentService) -> Cluster:
    if service.cluster is None:
        raise NotFound("the store is no ring of nodes: `store.url` names none (ring://…)")
    return service.cluster


CurrentCluster = Annotated[Cluster, Depends(_cluster)]


@router.get("/cluster")
async def cluster(cluster_service: CurrentCluster) -> ClusterView:
    """How the nodes are; those that do not reply within a second are not `up`.

    `404` where the store is not a ring of nodes.
    """
    return await cluster_service.view()


@router.post("/cluster/nodes/{node:path}/pause")
async def pause_node(cluster_service: CurrentCluster, node: Node) -> ClusterView:
    """Fault injection: have a node take no traffic.

    `409` where the node runs without `--fault-injection`.
    """
    return await cluster_service.hold(node)


@router.post("/cluster/nodes/{node:path}/resume")
async def resume_node(cluster_service: CurrentCluster, node: Node) -> ClusterView:
    """Have a node take traffic again; what it missed it gets."""
    return await cluster_service.release(node)
