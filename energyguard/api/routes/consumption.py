"""What devices, sites and groups used in spans of the calendar; as a file, too."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import zip_longest
from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from energyguard.api.middleware import CurrentService
from energyguard.codecs.sheets import MEDIA, sheet_bytes
from energyguard.errors import Malformed
from energyguard.model.calendar import FORMS, CalendarStep
from energyguard.model.days import local
from energyguard.service.bills.contract import StepCosts
from energyguard.service.consumption.amounts import ConsumptionStep
from energyguard.service.consumption.consumption import ConsumptionSeries
from energyguard.service.consumption.rows import (
    check_rows,
    consumption_table,
    name_of_key,
    shown_cost,
)
from energyguard.service.contract import Service

router = APIRouter(tags=["past"])
MAX_KEYS = 100


class StepBody(BaseModel):
    """A step, such as an hour of a day; times are of the zone."""

    start: datetime
    end: datetime
    kwh: float | None = Field(description="Net: drawn less fed in. None: nothing came.")
    readings: int

    @classmethod
    def of(cls, step: ConsumptionStep, zone: str, **more: Any) -> Self:
        """Make it from the service's step."""
        start, end = (local(ms, zone) for ms in (step.start_ms, step.end_ms))
        return cls(start=start, end=end, kwh=step.kwh, readings=step.readings, **more)


class CostedStepBody(StepBody):
    """A step with what it cost."""

    cost: float | None = Field(description="Of energy, with taxes. None: nothing has a price.")
    currency: str | None = Field(description="Of `cost`, ISO 4217.")


class ConsumptionBody(BaseModel):
    """What a device, a site, a group or everything used."""

    of: str
    name: str
    total_kwh: float | None = Field(description="Up to `until`; none: nothing came.")
    steps: list[CostedStepBody]
    highest: int | None = Field(description="The step with the most.")
    missing: list[int] = Field(description="The steps so far in which nothing came.")
    open: int | None = Field(description="The step that is not over yet.")
    before_total_kwh: float | None = Field(
        None, description="Of the span before, up to `before_until`."
    )
    before: list[StepBody] | None = Field(None, description="The steps of the span before.")


class ConsumptionAnswer(BaseModel):
    """Energy step by step in a span of the calendar."""

    span: str
    zone: str
    start: datetime
    end: datetime
    until: datetime = Field(description="Up to then it counts: now, or the end.")
    before_until: datetime = Field(description="The same time of the span before.")
    series: list[ConsumptionBody]


@router.get(
    "/consumption",
    response_model=ConsumptionAnswer,
    responses={200: {"content": {media: {} for media in MEDIA.values()}}},
)
def consumption(
    service: CurrentService,
    of: Annotated[
        list[str] | None,
        Query(description="`device/ID`, `site/ID`, `group/ID`; may be repeated. None: everything."),
    ] = None,
    span: Annotated[str, Query(description=f"Such as {FORMS}.", max_length=40)] = "today",
    zone: Annotated[
        str, Query(description="IANA; default: that of the sites, else `serve.zone`.")
    ] = "",
    step: Annotated[
        CalendarStep | None, Query(description="Default: by the span's length.")
    ] = None,
    compare: Annotated[bool, Query(description="With the span before.")] = True,
    shape: Annotated[Literal["json", "csv", "xlsx", "parquet"], Query(alias="format")] = "json",
) -> Any:
    """Energy by hour, day or month of a span of the calendar, beside the span before."""
    keys = of or [""]
    if len(keys) > MAX_KEYS:
        raise Malformed(f"{len(keys)} at once: at most {MAX_KEYS}", "of")
    chosen = service.consumption.span(span, keys, zone)
    check_rows(keys, chosen, step, is_columnar=shape in {"csv", "parquet"})
    found = service.consumption.of(keys, chosen, step=step, compare=compare)
    costs = service.bills.step_costs(keys, chosen, step)
    if shape == "json":
        return _answer(service, found, compare, costs)
    table = consumption_table(found, service.catalogue.entries, compare, costs)
    name = f'attachment; filename="consumption-{chosen}.{shape}"'
    body = sheet_bytes(table, shape, str(chosen))
    return Response(body, media_type=MEDIA[shape], headers={"Content-Disposition": name})


def _answer(
    service: Service,
    found: list[ConsumptionSeries],
    compare: bool,
    costs: Mapping[str, StepCosts],
) -> ConsumptionAnswer:
    span = found[0].span
    until, before_until = found[0].until_ms, found[0].before_until_ms
    start, end, until_, before = (
        local(ms, span.zone) for ms in (span.start_ms, span.end_ms, until, before_until)
    )
    return ConsumptionAnswer(
        span=str(span),
        zone=span.zone,
        start=start,
        end=end,
        until=until_,
        before_until=before,
        series=[_body(service, s, compare, costs.get(s.key, ())) for s in found],
    )


def _body(
    service: Service, series: ConsumptionSeries, compare: bool, costs: StepCosts
) -> ConsumptionBody:
    zone = series.span.zone
    steps = []
    for step, of_step in zip_longest(series.steps, costs):
        cost, currency = shown_cost(step, of_step)
        steps.append(CostedStepBody.of(step, zone, cost=cost, currency=currency))
    return ConsumptionBody(
        of=series.key,
        name=name_of_key(series.key, service.catalogue.entries),
        total_kwh=series.total_kwh,
        steps=steps,
        highest=series.highest,
        missing=list(series.missing),
        open=series.open,
        before_total_kwh=series.before_total_kwh if compare else None,
        before=[StepBody.of(step, zone) for step in series.before] if compare else None,
    )
