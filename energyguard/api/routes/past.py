"""Questions about the past: window sums, top N, heat map, series, trend."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from energyguard.api.routes.answers import HeatCell, SeriesPoint, TopRow, Trend, WindowSum
from energyguard.api.routes.asked import AskedRange, CurrentService, Length, rows
from energyguard.service.views import WindowAlert

router = APIRouter(tags=["past"])
By = Annotated[Literal["kwh", "alerts"], Query(description="What to rank by.")]
Count = Annotated[int, Query(ge=1, le=1_000, description="How many devices.")]


@router.get("/windows")
def windows(
    service: CurrentService,
    span: AskedRange,
    device: Annotated[str, Query(min_length=1)],
    window: Length = 900_000,
    slide: Length = 900_000,
) -> list[WindowSum]:
    """The energy of each window of a device."""
    span.check_points(slide)
    table = service.query(
        "window_sums",
        device=device,
        start_ms=span.start_ms,
        end_ms=span.end_ms,
        window_ms=window,
        slide_ms=slide,
    )
    return [WindowSum(**row) for row in rows(table)]


@router.get("/windows/alerting")
def alerting_windows(
    service: CurrentService,
    device: Annotated[str, Query(description="Only ids that contain this.")] = "",
    limit: Annotated[int, Query(ge=1, le=2_000)] = 200,
) -> list[WindowAlert]:
    """The newest records of `energy_alerts`, newest first."""
    return service.live.windows(limit, device)


@router.get("/top")
def top(service: CurrentService, span: AskedRange, by: By = "kwh", n: Count = 10) -> list[TopRow]:
    """The devices with the most energy or the most alerts."""
    table = service.query("top", start_ms=span.start_ms, end_ms=span.end_ms, by=by, n=n)
    return [TopRow(**row) for row in rows(table)]


@router.get("/heatmap")
def heatmap(
    service: CurrentService, span: AskedRange, by: By = "kwh", n: Count = 20
) -> list[HeatCell]:
    """Hour of the day (UTC) by device, of the first ``n`` devices."""
    table = service.query(
        "heatmap",
        zone="UTC",
        step_ms=3_600_000,
        start_ms=span.start_ms,
        end_ms=span.end_ms,
        by=by,
        n=n,
    )
    return [HeatCell(**row) for row in rows(table)]


@router.get("/series")
def series(
    service: CurrentService,
    span: AskedRange,
    device: Annotated[str, Query(description="One device; none: all together.")] = "",
    channel: str = "energy_kwh",
    step: Length = 60_000,
) -> list[SeriesPoint]:
    """Energy step by step; the mean, of a channel that is a level."""
    span.check_points(step)
    table = service.query(
        "series",
        device=device,
        channel=channel,
        start_ms=span.start_ms,
        end_ms=span.end_ms,
        step_ms=step,
    )
    return [SeriesPoint(**row) for row in rows(table)]


@router.get("/trend")
def trend(
    service: CurrentService,
    span: AskedRange,
    device: Annotated[str, Query(min_length=1)],
    channel: str = "temperature_c",
) -> Trend:
    """Mean and trend of a device's channel: the line of least squares through its readings."""
    table = service.query(
        "trend", device=device, channel=channel, start_ms=span.start_ms, end_ms=span.end_ms
    )
    return Trend(**next(iter(rows(table)), {"readings": 0}))
