"""Tariffs of the catalogue, and lists of dynamic prices."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, Field

from energyguard.api.middleware import CurrentService
from energyguard.api.routes.entries import Change, Removal, Shown, shown
from energyguard.api.routes.entry_bodies import BODIES
from energyguard.model.calendar import FORMS
from energyguard.model.catalogue import key_of
from energyguard.model.days import local
from energyguard.model.quantities import from_nano
from energyguard.model.tariffs import TARIFF
from energyguard.service.bills.contract import TariffCard

router = APIRouter(tags=["bills"])
TariffId = Annotated[str, Path(max_length=200, description="Its id.")]
ListId = Annotated[str, Path(max_length=100, description="Its id, such as `spot-de`.")]
TariffEntry = BODIES[TARIFF]
_CSV: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {
                "schema": {"type": "string"},
                "example": "start,price\n2026-11-24T00:00+01:00,0.08213\n",
            }
        },
    }
}
_PRICES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The prices.", "content": {"text/csv": {"schema": {"type": "string"}}}}
}


class TariffAnswer(BaseModel):
    """A tariff, and the sites that it is of."""

    id: str
    revision: int = Field(description="What a change is based on.")
    by: str = Field(description="Who changed it last.")
    at_ms: int | None = Field(None, description="And when, wall time.")
    entry: TariffEntry  # type: ignore[valid-type]
    sites: list[str] = Field(description="Ids of those that say so themselves.")


class PriceListAnswer(BaseModel):
    """A list of dynamic prices."""

    id: str
    prices: int
    start: datetime
    end: datetime


class PricesTaken(BaseModel):
    """How many prices a file had."""

    list: str
    prices: int


def _tariff(card: TariffCard, response: Response | None = None) -> Shown:
    return shown(card, card.tariff, TariffAnswer, response)


@router.get("/tariffs", response_model=list[TariffAnswer], response_model_exclude_none=True)
def tariffs(service: CurrentService) -> list[Shown]:
    """Every tariff, by name."""
    return [_tariff(card) for card in service.bills.tariffs()]


@router.get("/tariffs/{tariff}", response_model=TariffAnswer, response_model_exclude_none=True)
def tariff(service: CurrentService, tariff: TariffId, response: Response) -> Shown:
    """One tariff. Its `ETag` is what a change is based on."""
    return _tariff(service.bills.tariff(tariff), response)


@router.put("/tariffs/{tariff}", response_model=TariffAnswer, response_model_exclude_none=True)
def put_tariff(
    change: Change,
    tariff: TariffId,
    body: TariffEntry,  # type: ignore[valid-type]
) -> Shown:
    """Enter a tariff, or let it be what the body says, from a time on or always."""
    change.put(key_of(TARIFF, tariff), body)
    return _tariff(change.service.bills.tariff(tariff), change.response)


@router.delete("/tariffs/{tariff}", status_code=204)
def remove_tariff(removal: Removal, tariff: TariffId) -> Response:
    """Take a tariff out that no site has; its history stays."""
    return removal.remove(key_of(TARIFF, tariff))


@router.get("/prices")
def price_lists(service: CurrentService) -> list[PriceListAnswer]:
    """Every list of dynamic prices: how many, from when to when."""
    return [
        PriceListAnswer(
            id=found.id,
            prices=found.prices,
            start=local(found.start_ms, "UTC"),
            end=local(found.end_ms, "UTC"),
        )
        for found in service.prices.lists()
    ]


@router.get("/prices/{list_id}", response_class=Response, responses=_PRICES)
def prices(
    service: CurrentService,
    list_id: ListId,
    span: Annotated[str, Query(description=f"Such as {FORMS}.", max_length=40)] = "this-year",
    zone: Annotated[str, Query(description="IANA; default: `serve.zone`.")] = "",
) -> Response:
    """The prices of a list as CSV, which taken in again changes nothing."""
    chosen = service.consumption.span(span, (), zone)
    slots = service.prices.slots(list_id, chosen.start_ms, chosen.end_ms)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("start", "end", "price"))
    for slot in slots:
        times = (local(ms, chosen.zone).isoformat() for ms in (slot.start_ms, slot.end_ms))
        writer.writerow((*times, from_nano(slot.nano)))
    headers = {"Content-Disposition": f'attachment; filename="prices-{chosen}.csv"'}
    return Response(text.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


async def _body(request: Request) -> bytes:
    return await request.body()


@router.post("/prices/{list_id}", openapi_extra=_CSV)
def put_prices(
    service: CurrentService, list_id: ListId, data: Annotated[bytes, Depends(_body)]
) -> PricesTaken:
    """Take prices from CSV; those of the same beginning are replaced. With a fault, none is."""
    return PricesTaken(list=list_id, prices=service.prices.put(list_id, data, f"{list_id}.csv"))
