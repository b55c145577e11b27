"""Sites and groups: what people say there is, and where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Header, Path, Query, Response
from pydantic import BaseModel, Field

from energyguard.api.middleware import CurrentService, User
from energyguard.api.routes.asked import Instant
from energyguard.api.routes.entry_bodies import BODIES, EntryBody
from energyguard.catalogue.changes import Edit
from energyguard.catalogue.differences import with_fields
from energyguard.errors import Malformed
from energyguard.model.catalogue import GROUP, SITE, Entry, key_of
from energyguard.service.catalogue.views import GroupCard, PlaceName, SiteCard
from energyguard.service.contract import Service

router = APIRouter(tags=["catalogue"])
SiteId = Annotated[str, Path(max_length=200, description="Its id.")]
GroupId = Annotated[str, Path(max_length=200, description="Its id.")]
IfMatch = Annotated[
    str,
    Header(
        max_length=40,
        description='The `ETag` of what was changed; where it is another by now: 409. `"0"`: none.',
    ),
]
From = Annotated[
    Instant | None, Query(alias="from", description="From which event time on; none: always.")
]
SiteEntry, GroupEntry = BODIES[SITE], BODIES[GROUP]
Changed = Mapping[str, Any]


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


def plain_entry(entry: Entry) -> dict[str, Any]:
    """An entry as it is in JSON."""
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(entry))  # with lists
    return {name: value for name, value in found.items() if name != "is"}


def based_on(if_match: str) -> int | None:
    """The revision of an ``If-Match``; None: there is none.

    Raises:
        Malformed: it is no revision.
    """
    text = if_match.strip().removeprefix("W/").strip('"')
    if text in ("", "*"):
        return None
    if not (text.isascii() and text.isdigit()):
        raise Malformed(f'{if_match!r} is no revision; send the ETag: "12"', "if-match")
    return int(text)


def put_entry(
    service: Service, key: str, body: EntryBody, user: str, from_ms: int | None, if_match: str
) -> None:
    """Let an entry be what a body says."""
    entry = with_fields(key.partition("/")[0], None, body.given())
    service.catalogue.put([Edit(key, entry, from_ms, based_on(if_match))], user)


def _site(card: SiteCard, response: Response | None = None) -> Changed:
    if response is not None:
        response.headers["ETag"] = f'"{card.revision}"'
    return {
        "id": card.id,
        "revision": card.revision,
        "by": card.by,
        "at_ms": card.at_ms,
        "entry": plain_entry(card.site),
        "path": card.path,
        "zone": card.zone,
        "currency": card.currency,
        "holidays": card.holidays,
        "sites": card.sites,
        "devices": card.devices,
    }


def _group(card: GroupCard, response: Response | None = None) -> Changed:
    if response is not None:
        response.headers["ETag"] = f'"{card.revision}"'
    return {
        "id": card.id,
        "revision": card.revision,
        "by": card.by,
        "at_ms": card.at_ms,
        "entry": plain_entry(card.group),
        "devices": card.devices,
    }


@router.get("/sites", response_model=list[SiteAnswer], response_model_exclude_none=True)
def sites(service: CurrentService) -> list[Changed]:
    """Every site, each followed by those in it, by name."""
    return [_site(card) for card in service.catalogue.sites()]


@router.get("/sites/{site}", response_model=SiteAnswer, response_model_exclude_none=True)
def site(service: CurrentService, site: SiteId, response: Response) -> Changed:
    """One site. Its `ETag` is what a change is based on."""
    return _site(service.catalogue.site(site), response)


@router.put("/sites/{site}", response_model=SiteAnswer, response_model_exclude_none=True)
def put_site(
    service: CurrentService,
    user: User,
    site: SiteId,
    body: SiteEntry,  # type: ignore[valid-type]
    response: Response,
    from_ms: From = None,
    if_match: IfMatch = "",
) -> Changed:
    """Enter a site, or let it be what the body says: what is left out, nobody said."""
    put_entry(service, key_of(SITE, site), body, user, from_ms, if_match)
    return _site(service.catalogue.site(site), response)


@router.patch("/sites/{site}", response_model=SiteAnswer, response_model_exclude_none=True)
def change_site(
    service: CurrentService,
    user: User,
    site: SiteId,
    body: SiteEntry,  # type: ignore[valid-type]
    response: Response,
    from_ms: From = None,
    if_match: IfMatch = "",
) -> Changed:
    """Change fields of a site; null: as nobody said it."""
    fields = body.given()  # type: ignore[attr-defined]
    service.catalogue.change(key_of(SITE, site), user, fields, from_ms, based_on(if_match))
    return _site(service.catalogue.site(site), response)


@router.delete("/sites/{site}", status_code=204)
def remove_site(
    service: CurrentService, user: User, site: SiteId, if_match: IfMatch = ""
) -> Response:
    """Take a site out in which nothing stands; its history stays."""
    service.catalogue.remove(key_of(SITE, site), user, based_on(if_match))
    return Response(status_code=204)


@router.get("/groups", response_model=list[GroupAnswer], response_model_exclude_none=True)
def groups(service: CurrentService) -> list[Changed]:
    """Every group, by name."""
    return [_group(card) for card in service.catalogue.groups()]


@router.get("/groups/{group}", response_model=GroupAnswer, response_model_exclude_none=True)
def group(service: CurrentService, group: GroupId, response: Response) -> Changed:
    """One group. Its `ETag` is what a change is based on."""
    return _group(service.catalogue.group(group), response)


@router.put("/groups/{group}", response_model=GroupAnswer, response_model_exclude_none=True)
def put_group(
    service: CurrentService,
    user: User,
    group: GroupId,
    body: GroupEntry,  # type: ignore[valid-type]
    response: Response,
    from_ms: From = None,
    if_match: IfMatch = "",
) -> Changed:
    """Enter a group, or let it be what the body says. Who is in it, says each device."""
    put_entry(service, key_of(GROUP, group), body, user, from_ms, if_match)
    return _group(service.catalogue.group(group), response)


@router.delete("/groups/{group}", status_code=204)
def remove_group(
    service: CurrentService, user: User, group: GroupId, if_match: IfMatch = ""
) -> Response:
    """Take a group out in which no device is; its history stays."""
    service.catalogue.remove(key_of(GROUP, group), user, based_on(if_match))
    return Response(status_code=204)
