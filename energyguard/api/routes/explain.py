"""Why an energy is what it is, and readings as they lie in the log."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from energyguard.api.middleware import CurrentService
from energyguard.api.routes.asked import Instant
from energyguard.api.routes.corrections import CorrectionBody
from energyguard.model.calendar import FORMS
from energyguard.service.explain.rows import explanation_record, original_record

router = APIRouter(tags=["past"])


class BoundedBody(BaseModel):
    """What was used in a time, at least and at most; kWh. Null: not known, or not looked at."""

    start: datetime
    end: datetime
    kwh: float | None
    import_kwh: float | None
    export_kwh: float | None
    low: float | None
    high: float | None
    coverage: float | None = Field(description="The share of the time of which readings speak.")


class ExplainedEntryBody(BaseModel):
    """An entry of the ledger, and the reading that made it."""

    time: datetime = Field(description="Of the reading.")
    value: float = Field(description="Of the reading, in the channel's unit.")
    start: datetime
    end: datetime
    kwh: float
    inside: float = Field(description="What of it lies in the time that is explained.")
    low: float
    high: float
    kind: str = Field(description="first, interval, difference, gap, reset, rollover, swap, …")
    why: str = Field(description="In English; it is made of the next three.")
    evidence: str
    number: int
    after_ms: int | None
    verdicts: list[str] = Field(description="late, duplicate, conflicting, ahead.")


class OrdinaryBody(BaseModel):
    """Entries of which there is nothing to say."""

    kind: str
    entries: int
    kwh: float


class JudgedBody(BaseModel):
    """A reading that no window counted."""

    time: datetime
    channel: str
    value: float
    verdict: str


class HoursBody(BaseModel):
    """Hours without readings."""

    start: datetime
    end: datetime


class ExplainedPartBody(BoundedBody):
    """A device or a site of a sum."""

    of: str
    minus: bool


class ExplanationAnswer(BoundedBody):
    """Why an energy is what it is; times are of the zone."""

    of: str
    zone: str
    readings: int
    channel: str
    detailed: bool = Field(description="False: too many readings: look at a shorter time.")
    steps: list[BoundedBody]
    entries: list[ExplainedEntryBody] = Field(description="Those that are not ordinary, or all.")
    ordinary: list[OrdinaryBody]
    judged: list[JudgedBody]
    missing: list[HoursBody]
    bill: dict[str, Any] | None = Field(description="Of whole days where a tariff holds.")
    parts: list[ExplainedPartBody]
    parts_more: int = Field(description="Parts that are not listed.")
    corrections: list[CorrectionBody] = Field(description="Of its readings, also taken back.")
    as_known: datetime | None = Field(description="By when all this was known; null: now.")
    now_kwh: float | None = Field(description="Beside what was known then: what is known now.")


class OriginalBody(BaseModel):
    """A reading as it lies in the log."""

    device: str
    channel: str
    time: datetime
    value: float
    unit: str
    sequence: int | None
    topic: str
    offset: int
    place: int = Field(description="Of the reading in its record.")
    kept: bool = Field(description="False: the log keeps the record no longer.")
    partition: int | None
    appended: datetime | None
    size: int = Field(description="Bytes of the record.")
    readings: int = Field(description="In the record.")
    packed: bool = Field(description="The text is hex, of readings that were packed together.")
    text: str = Field(description="The record as it came: its first 4 kB.")
    headers: dict[str, str]
    withheld: bool = Field(description="Devices are in it that you do not see.")


Of = Annotated[
    str, Query(description="`device/ID`, `site/ID`, `group/ID`; none: everything.", max_length=400)
]


@router.get("/explain", response_model=ExplanationAnswer)
def explain(
    service: CurrentService,
    of: Of = "",
    span: Annotated[str, Query(description=f"Such as {FORMS}.", max_length=40)] = "today",
    start: Annotated[Instant | None, Query(description="Instead of a span: from then on.")] = None,
    end: Annotated[Instant | None, Query(description="And before then.")] = None,
    zone: Annotated[str, Query(description="IANA; default: that of the site.")] = "",
    everything: Annotated[
        bool, Query(alias="all", description="All entries, the ordinary ones too.")
    ] = False,
    as_known: Annotated[Instant | None, Query(description="As it was known by then.")] = None,
) -> Any:
    """Why an energy is what it is: entries, bounds, what is missing, price lines, parts."""
    days = service.consumption.span(span, [of], zone)
    start_ms = days.start_ms if start is None else start
    end_ms = days.end_ms if end is None else end
    explain = service.explanations.of
    found = explain(of, start_ms, end_ms, days.zone, everything, as_known)
    return explanation_record(found)


@router.get("/explain/reading", response_model=list[OriginalBody])
def original_reading(
    service: CurrentService,
    device: Annotated[str, Query(max_length=200)],
    time: Annotated[Instant, Query(description="Of the reading.")],
    zone: Annotated[str, Query(description="IANA; default: that of the site.")] = "",
) -> Any:
    """A device's readings of a time, as they lie in the log: the bytes that came."""
    zone = zone or service.consumption.zone_of([f"device/{device}"])
    return [original_record(row, zone) for row in service.explanations.originals(device, time)]
