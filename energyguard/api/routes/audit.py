"""Who came in, who was refused, who changed what: an admin's."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from energyguard.api.middleware import CurrentService

router = APIRouter(tags=["access"])


class AuditRow(BaseModel):
    """Something that somebody did, or was refused."""

    model_config = ConfigDict(from_attributes=True)

    at_ms: int = Field(description="Wall time.")
    by: str = Field(description="Who: a person, a token; empty: nobody knows.")
    act: str = Field(description="What: `log-in`, `refused`, `rule change` …")
    about: str = Field(description="Of what: a rule, a person, a path.")
    note: str
    address: str = Field(description="From where.")


@router.get("/audit")
def audit(
    service: CurrentService,
    limit: Annotated[int, Query(ge=1, le=10_000, description="At most so many.")] = 100,
) -> list[AuditRow]:
    """The newest entries, newest first."""
    return [AuditRow.model_validate(entry) for entry in service.audit.newest(limit)]
