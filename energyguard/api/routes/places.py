"""Sites and groups: what people say there is, and where it stands."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field

from energyguard.api.middleware import CurrentService
from energyguard.api.routes.entries import Change, Removal, Shown, shown
from energyguard.api.routes.entry_bodies import BODIES
from energyguard.model.catalogue import GROUP, SITE, key_of
from energyguard.service.catalogue.views import GroupCard, PlaceName, SiteCard

router = APIRouter(tags=["catalogue"])
SiteId = Annotated[str, Path(max_length=200, description="Its id.")]
GroupId = Annotated[str, Path(max_length=200, description="Its id.")]
SiteEntry, GroupEntry = BODIES[SITE], BODIES[GROUP]


class SiteAnswer(BaseModel):
    """A site with what it has from those around it."""

    id: str
    revision: int = Field(description="What a change is based on; 0: nobody entered it.")
    by: str = Field(description="Who changed it last.")
    at_ms: int | None = Field(description="And when, wall time.")
    entry: SiteEntry  # type: ignore[valid-type]
    path: list[PlaceName] = Field(description="Those around it and itself, the outermost first.")
    zone: str
    currency: str
    holidays: list[str]
    sites: int = Field(description="Directly in it.")
    devices: int = Field(description="In it and in the sites in it, without retired ones.")


class GroupAnswer(BaseModel):
    """A group, and how many are in it."""

    id: str
    revision: int = Field(description="What a change is based on; 0: nobody entered it.")
    by: str
    at_ms: int | None
    entry: GroupEntry  # type: ignore[valid-type]
    devices: int


def _site(card: SiteCard, response: Response | None = None) -> Shown:
    return shown(card, card.site, SiteAnswer, response)


def _group(card: GroupCard, response: Response | None = None) -> Shown:
    return shown(card, card.group, GroupAnswer, response)


@router.get("/sites", response_model=list[SiteAnswer], response_model_exclude_none=True)
def sites(service: CurrentService) -> list[Shown]:
    """Every site, each followed by those in it, by name."""
    return [_site(card) for card in service.catalogue.sites()]


@router.get("/sites/{site}", response_model=SiteAnswer, response_model_exclude_none=True)
def site(service: CurrentService, site: SiteId, response: Response) -> Shown:
    """One site. Its `ETag` is what a change is based on."""
    return _site(service.catalogue.site(site), response)


@router.put("/sites/{site}", response_model=SiteAnswer, response_model_exclude_none=True)
def put_site(
    change: Change,
    site: SiteId,
    body: SiteEntry,  # type: ignore[valid-type]
) -> Shown:
    """Enter a site, or let it be what the body says: what is left out, nobody said."""
    change.put(key_of(SITE, site), body)
    return _site(change.service.catalogue.site(site), change.response)


@router.patch("/sites/{site}", response_model=SiteAnswer, response_model_exclude_none=True)
def change_site(
    change: Change,
    site: SiteId,
    body: SiteEntry,  # type: ignore[valid-type]
) -> Shown:
    """Change fields of a site; null: as nobody said it."""
    change.patch(key_of(SITE, site), body)
    return _site(change.service.catalogue.site(site), change.response)


@router.delete("/sites/{site}", status_code=204)
def remove_site(removal: Removal, site: SiteId) -> Response:
    """Take a site out in which nothing stands; its history stays."""
    return removal.remove(key_of(SITE, site))


@router.get("/groups", response_model=list[GroupAnswer], response_model_exclude_none=True)
def groups(service: CurrentService) -> list[Shown]:
    """Every group, by name."""
    return [_group(card) for card in service.catalogue.groups()]


@router.get("/groups/{group}", response_model=GroupAnswer, response_model_exclude_none=True)
def group(service: CurrentService, group: GroupId, response: Response) -> Shown:
    """One group. Its `ETag` is what a change is based on."""
    return _group(service.catalogue.group(group), response)


@router.put("/groups/{group}", response_model=GroupAnswer, response_model_exclude_none=True)
def put_group(
    change: Change,
    group: GroupId,
    body: GroupEntry,  # type: ignore[valid-type]
) -> Shown:
    """Enter a group, or let it be what the body says. Who is in it, says each device."""
    change.put(key_of(GROUP, group), body)
    return _group(change.service.catalogue.group(group), change.response)


@router.delete("/groups/{group}", status_code=204)
def remove_group(removal: Removal, group: GroupId) -> Response:
    """Take a group out in which no device is; its history stays."""
    return removal.remove(key_of(GROUP, group))
