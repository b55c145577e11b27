"""The newest windows over their thresholds, from the log."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from energyguard.api.middleware import CurrentService
from energyguard.service.views import WindowAlert

router = APIRouter(tags=["past"])


@router.get("/windows/alerting")
def alerting_windows(
    service: CurrentService,
    device: Annotated[str, Query(description="Only ids that contain this.")] = "",
    limit: Annotated[int, Query(ge=1, le=2_000)] = 200,
) -> list[WindowAlert]:
    """The newest records of `energy_alerts`, newest first."""
    return service.live.windows(limit, device)
