"""What energy cost: the bill of a device, a site or a group; as a file, too."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from energyguard.api.middleware import CurrentService
from energyguard.codecs.sheets import MEDIA, sheet_bytes
from energyguard.model.calendar import FORMS
from energyguard.model.days import local
from energyguard.model.quantities import from_nano
from energyguard.service.bills.contract import EnergyBill
from energyguard.service.bills.rows import bill_table, plain
from energyguard.service.consumption.rows import name_of_key
from energyguard.service.contract import Service
from energyguard.tariffs.bill import major
from energyguard.tariffs.priced import UnpricedReason
from energyguard.tariffs.rating import BillLine, LineKind

router = APIRouter(tags=["bills"])
Money = Annotated[str, Field(description="In units of the currency: `12.34`.")]


class BillLineBody(BaseModel):
    """A line: quantity times price is its amount, rounded once, half away from zero."""

    kind: LineKind
    name: str = Field(description="As the tariff has it: `peak`, `VAT`; may be empty.")
    start: datetime
    end: datetime
    quantity: str = Field(description="A decimal, exact.")
    unit: str = Field(description="`kWh`, `day`, `month`, `kW`; of a tax the currency.")
    price: str | None = Field(description="Per unit; of dynamic prices the mean.")
    amount: Money
    amount_minor: int = Field(description="In minor units: 1234 cents.")
    tariff: str = Field(description="The tariff's id.")
    at: datetime | None = Field(None, description="When the highest quarter hour began.")


class UnpricedBody(BaseModel):
    """Time whose energy has no price: it is on no line."""

    start: datetime
    end: datetime
    kwh: str
    reason: UnpricedReason


class StretchBody(BaseModel):
    """Time from when to when."""

    start: datetime
    end: datetime


class BillAnswer(BaseModel):
    """The bill of a device, a site or a group; times are of the zone."""

    of: str
    name: str
    span: str
    zone: str
    start: datetime
    end: datetime
    until: datetime = Field(description="Up to then it counts: now, or the end.")
    currency: str = Field(description="ISO 4217.")
    total: Money
    total_minor: int
    kwh: str = Field(description="All energy of the span, net of what was fed in.")
    tariffs: list[str] = Field(description="Ids of those that held.")
    lines: list[BillLineBody]
    unpriced: list[UnpricedBody]
    missing: list[StretchBody] = Field(description="Whole hours without readings.")


@router.get(
    "/bills",
    response_model=BillAnswer,
    responses={200: {"content": {media: {} for media in MEDIA.values()}}},
)
def bill(
    service: CurrentService,
    of: Annotated[
        str, Query(description="`site/ID`, `device/ID`, `group/ID`.", max_length=400)
    ] = "",
    span: Annotated[str, Query(description=f"Such as {FORMS}.", max_length=40)] = "this-month",
    zone: Annotated[str, Query(description="IANA; default: that of the site.")] = "",
    tariff: Annotated[
        str, Query(description="What it would be with this one.", max_length=200)
    ] = "",
    shape: Annotated[Literal["json", "csv", "xlsx", "parquet"], Query(alias="format")] = "json",
) -> Any:
    """What energy cost in a span of the calendar, line by line, by the tariffs that held."""
    chosen = service.consumption.span(span, [of], zone)
    found = service.bills.of(of, chosen, tariff)
    if shape == "json":
        return _answer(service, found)
    name = f'attachment; filename="bill-{chosen}.{shape}"'
    body = sheet_bytes(bill_table(found), shape, str(chosen))
    return Response(body, media_type=MEDIA[shape], headers={"Content-Disposition": name})


def _answer(service: Service, found: EnergyBill) -> BillAnswer:
    zone, rated = found.span.zone, found.rated
    return BillAnswer(
        of=found.key,
        name=name_of_key(found.key, service.catalogue.entries),
        span=str(found.span),
        zone=zone,
        start=local(found.span.start_ms, zone),
        end=local(found.span.end_ms, zone),
        until=local(found.until_ms, zone),
        currency=found.currency,
        total=str(found.total),
        total_minor=rated.total,
        kwh=from_nano(rated.nano),
        tariffs=list(found.tariffs),
        lines=[_line(line, found) for line in rated.lines],
        unpriced=[
            UnpricedBody(
                start=local(s.start_ms, zone),
                end=local(s.end_ms, zone),
                kwh=from_nano(s.nano),
                reason=s.reason,
            )
            for s in rated.unpriced
        ],
        missing=[StretchBody(start=local(a, zone), end=local(b, zone)) for a, b in found.missing],
    )


def _line(line: BillLine, bill: EnergyBill) -> BillLineBody:
    zone = bill.span.zone
    return BillLineBody(
        kind=line.kind,
        name=line.name,
        start=local(line.start_ms, zone),
        end=local(line.end_ms, zone),
        quantity=plain(line.quantity),
        unit=line.unit,
        price=None if line.price is None else plain(line.price),
        amount=str(major(line.amount, bill.digits)),
        amount_minor=line.amount,
        tariff=line.tariff_id,
        at=None if line.at_ms is None else local(line.at_ms, zone),
    )
