"""How readings ended, how far everything is, and the dead letters."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from energyguard.api.middleware import CurrentService
from energyguard.service.views import DeadLetter, Overview, Quality, Receipt

router = APIRouter(tags=["quality"])
Offset = Annotated[int, Field(ge=0, lt=2**62)]


class Replay(BaseModel):
    """Which dead letters to take in again."""

    model_config = ConfigDict(extra="forbid", strict=True)

    offsets: list[Offset] | None = Field(None, description="These; none: all.", max_length=10_000)
    reason: str | None = Field(None, description="Only those that say this.", max_length=200)


@router.get("/overview")
def overview(service: CurrentService) -> Overview:
    """The numbers of the first page."""
    return service.overview()


@router.get("/quality")
def quality(service: CurrentService) -> Quality:
    """How readings ended, by reason; watermark and lag of each partition."""
    return service.quality()


@router.get("/dlq")
def dead_letters(
    service: CurrentService,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    before: Annotated[Offset | None, Query(description="Only letters below this offset.")] = None,
) -> list[DeadLetter]:
    """The newest dead letters, newest first."""
    return service.dead_letters(limit, before)


@router.post("/dlq/replay")
def replay(service: CurrentService, body: Replay) -> Receipt:
    """Decode dead letters again and take them in; what is still bad becomes a new letter."""
    return service.replay_dead_letters(body.offsets, body.reason)


@router.get("/dlq/{offset}")
def dead_letter(service: CurrentService, offset: Annotated[Offset, Path()]) -> DeadLetter:
    """One dead letter."""
    return service.dead_letter(offset)
