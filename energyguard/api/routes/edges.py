"""The edges that were let in, as the cloud sees them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from energyguard.api.middleware import CurrentService, User
from energyguard.service.views import EdgeView

router = APIRouter(tags=["edges"])
Edge = Annotated[str, Path(max_length=100, description="Its name.")]


@router.get("/edges")
def edges(service: CurrentService) -> list[EdgeView]:
    """Every edge that was ever let in, by name; all times are of the wall clock."""
    return service.edges.all()


@router.get("/edges/{edge}")
def edge(service: CurrentService, edge: Edge) -> EdgeView:
    """One edge."""
    return service.edges.get(edge)


@router.post("/edges/{edge}/forget")
def forget_edge(service: CurrentService, user: User, edge: Edge) -> EdgeView:
    """Let an edge in no more, and free its devices for another; what it sent stays.

    Once more, it changes nothing.
    """
    return service.edges.forget(edge, user)
