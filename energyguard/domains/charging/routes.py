"""Stations and their bays as they are now."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from energyguard.api.middleware import CurrentService
from energyguard.domains.charging.live.bays import BayView, StationView
from energyguard.domains.charging.live.stations import stations_of

router = APIRouter(tags=["stations"])
Station = Annotated[str, Query(max_length=200, description="Only this station's; empty: all.")]


@router.get("/stations")
def stations(service: CurrentService) -> list[StationView]:
    """Every station: where it is, and how many of its bays are free, parked, charging,
    overstaying or faulty.
    """
    return stations_of(service).stations()


@router.get("/stations/bays")
def bays(service: CurrentService, station: Station = "") -> list[BayView]:
    """Every bay: what it looks like, since when, its power, and what its charge costs so far."""
    return stations_of(service).bays(station)
