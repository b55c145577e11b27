"""Devices of the catalogue, what was changed in it by whom, and the catalogue as a file."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from energyguard.api.middleware import CurrentService, User
from energyguard.api.routes.entries import Change, Removal, Shown, shown
from energyguard.api.routes.entry_bodies import BODIES
from energyguard.catalogue.listing import CatalogueState, DeviceFilter
from energyguard.model.catalogue import DEVICE, key_of
from energyguard.service.catalogue.views import (
    CatalogueCard,
    EntryChange,
    FoundDevices,
    ImportPreview,
    PlaceName,
)

router = APIRouter(prefix="/catalogue", tags=["catalogue"])
DeviceId = Annotated[str, Path(max_length=400, description="Its id; it may have a slash.")]
Word = Annotated[str, Query(max_length=400)]
DeviceEntry = BODIES[DEVICE]
_FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {"schema": {"type": "string"}, "example": "id,name\nH001,Oven\n"},
            "application/toml": {
                "schema": {"type": "string"},
                "example": '[device.H001]\nname = "Oven"\n',
            },
        },
    }
}
_TEXT: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file.", "content": {"text/plain": {"schema": {"type": "string"}}}}
}
FileName = Literal["catalogue.toml", "devices.csv"]


class DeviceAnswer(BaseModel):
    """A device with all that is known of it."""

    id: str
    name: str = Field(description="Its id where it has none.")
    state: CatalogueState
    revision: int = Field(description="What a change is based on; 0: nobody entered it.")
    by: str = Field(description="Who changed it last.")
    at_ms: int | None = Field(None, description="And when, wall time.")
    entry: DeviceEntry  # type: ignore[valid-type]
    sites: list[PlaceName] = Field(description="Where it stands, the outermost first.")
    groups: list[PlaceName]
    zone: str = Field(description="Of its days.")
    replaces: list[str] = Field(description="Devices whose place it took.")


class Undo(BaseModel):
    """An entry to be as it was."""

    model_config = ConfigDict(extra="forbid", strict=True)

    key: str = Field(description="`site/ID`, `device/ID`, `group/ID`.", max_length=400)
    revision: int | None = Field(
        None, description="As of this one; none: before the newest change.", ge=0, le=2**53
    )


class Swap(BaseModel):
    """A device that takes another's place."""

    model_config = ConfigDict(extra="forbid", strict=True)

    old: str = Field(max_length=200)
    new: str = Field(max_length=200)
    at_ms: int | None = Field(None, description="Since when; none: now.", ge=0, le=2**53)


def _device(card: CatalogueCard, response: Response) -> Shown:
    return shown(card, card.device, DeviceAnswer, response)


@router.get("/devices")
def find_devices(
    service: CurrentService,
    search: Annotated[
        str, Query(description="In the name, the id or a label, in any case.", max_length=400)
    ] = "",
    site: Annotated[str, Query(description="There, or in it.", max_length=400)] = "",
    group: Word = "",
    kind: Word = "",
    state: Annotated[
        CatalogueState | None, Query(description="`new`: it sends, and nobody entered it.")
    ] = None,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 50,
) -> FoundDevices:
    """Devices that people entered, that domains know, and that sent, by name; page by page."""
    wanted = DeviceFilter(search, site, group, kind, state or "")
    return service.catalogue.find(wanted, offset, limit)


@router.get("/devices/{device:path}", response_model=DeviceAnswer, response_model_exclude_none=True)
def entered_device(service: CurrentService, device: DeviceId, response: Response) -> Shown:
    """One device. Its `ETag` is what a change is based on."""
    return _device(service.catalogue.detail(device), response)


@router.put("/devices/{device:path}", response_model=DeviceAnswer, response_model_exclude_none=True)
def put_device(
    change: Change,
    device: DeviceId,
    body: DeviceEntry,  # type: ignore[valid-type]
) -> Shown:
    """Enter a device, or let it be what the body says: what is left out, nobody said."""
    change.put(key_of(DEVICE, device), body)
    return _device(change.service.catalogue.detail(device), change.response)


@router.patch(
    "/devices/{device:path}", response_model=DeviceAnswer, response_model_exclude_none=True
)
def change_device(
    change: Change,
    device: DeviceId,
    body: DeviceEntry,  # type: ignore[valid-type]
) -> Shown:
    """Change fields of a device; null: as nobody said it. Labels and channels go name by name."""
    change.patch(key_of(DEVICE, device), body)
    return _device(change.service.catalogue.detail(device), change.response)


@router.delete("/devices/{device:path}", status_code=204)
def remove_device(removal: Removal, device: DeviceId) -> Response:
    """Take out what people said of a device; it sends on, and its history stays."""
    return removal.remove(key_of(DEVICE, device))


@router.get("/history")
def entry_history(
    service: CurrentService,
    key: Annotated[str, Query(description="`site/ID`, `device/ID`, `group/ID`.", max_length=400)],
) -> list[EntryChange]:
    """Who changed an entry, when and in what; newest first."""
    return service.catalogue.history(key)


@router.post("/undo")
def undo_change(service: CurrentService, user: User, wanted: Undo) -> list[EntryChange]:
    """Let an entry be as it was; the answer is its history."""
    service.catalogue.undo(wanted.key, user, wanted.revision)
    return service.catalogue.history(wanted.key)


@router.post("/swap", response_model=DeviceAnswer, response_model_exclude_none=True)
def swap_devices(service: CurrentService, user: User, wanted: Swap, response: Response) -> Shown:
    """Let a device take another's place, which is retired; the answer is the new one."""
    service.catalogue.swap(wanted.old, wanted.new, user, wanted.at_ms)
    return _device(service.catalogue.detail(wanted.new), response)


async def _body(request: Request) -> bytes:
    return await request.body()


@router.get("/file", response_class=Response, responses=_TEXT)
def export_catalogue(
    service: CurrentService,
    name: Annotated[FileName, Query(description="All of it, or its devices.")] = "catalogue.toml",
    new: Annotated[bool, Query(description="Also devices that nobody entered.")] = False,
) -> Response:
    """The catalogue as a file, which taken in again changes nothing."""
    text = service.catalogue.export_file(name, new)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text, media_type="text/plain; charset=utf-8", headers=headers)


@router.post("/file", openapi_extra=_FILE)
def import_catalogue(
    service: CurrentService,
    user: User,
    data: Annotated[bytes, Depends(_body)],
    name: Annotated[FileName, Query(description="What the body is.")] = "catalogue.toml",
    preview: Annotated[bool, Query(description="Only say what it would change.")] = False,
    skip_faulty: Annotated[
        bool, Query(description="Leave out what is wrong; else nothing is changed.")
    ] = False,
) -> ImportPreview:
    """Change what a file says; what it does not name stays as it is."""
    if preview:
        return service.catalogue.preview_file(data, name)
    return service.catalogue.import_file(data, name, user, skip_faulty)
