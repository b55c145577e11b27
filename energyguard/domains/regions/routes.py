"""Homes by state, as they may be shown."""

from __future__ import annotations

from fastapi import APIRouter

from energyguard.api.middleware import CurrentService
from energyguard.domains.regions.live.regions import regions_of
from energyguard.domains.regions.live.states import RegionsView

router = APIRouter(tags=["regions"])


@router.get("/regions")
def regions(service: CurrentService) -> RegionsView:
    """Every state: the average power of its homes now, a year's kWh at that rate and its price.

    Homes are shown in groups of `regions.min_homes`, whole or not at all.
    """
    return regions_of(service).view()
