"""Stations and their bays as they are now."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pyarrow as pa
from fastapi import APIRouter, Query
from fastapi.responses import Response

from energyguard.api.middleware import CurrentService
from energyguard.codecs.sheets import MEDIA, sheet_bytes
from energyguard.domains.charging.live.stations import stations_of
from energyguard.domains.charging.live.views import BayView, StationView
from energyguard.errors import Malformed
from energyguard.model.calendar import CalendarSpan
from energyguard.model.days import local

MAX_SESSIONS = 1_000_000
"""Rows of a workbook; a month of a network has fewer."""
router = APIRouter(tags=["stations"])
Station = Annotated[str, Query(max_length=200, description="Only this station's; empty: all.")]


@router.get("/stations")
def stations(service: CurrentService) -> list[StationView]:
    """Every station: where it is, and how many of its bays are free, parked, charging,
    overstaying or faulty.
    """
    return stations_of(service).stations()


@router.get("/stations/bays")
def bays(service: CurrentService, station: Station = "") -> list[BayView]:
    """Every bay: what it looks like, since when, its power, and what its charge costs so far."""
    return stations_of(service).bays(station)


@router.get("/stations/charging-sessions", response_model=None)
def charging_sessions(
    service: CurrentService,
    month: Annotated[
        str, Query(max_length=40, description="Such as 2026-11 or last-month; any span will do.")
    ] = "this-month",
    station: Station = "",
    zone: Annotated[str, Query(max_length=60, description="IANA zone; empty: `serve.zone`.")] = "",
    shape: Annotated[Literal["json", "csv", "xlsx", "parquet"], Query(alias="format")] = "json",
) -> Any:
    """The paid charges of a month: when, where, meter start and stop, kWh and
    what was paid (`eur`, in `currency`), as a table.
    """
    zone = zone or service.settings.serve.zone
    now_ms = stations_of(service).event_ms() or service.clock.now_ms()
    try:
        span = CalendarSpan.parse(month, zone, local(now_ms, zone).date())
    except (ValueError, KeyError) as error:
        raise Malformed(f"month: {error}", "month") from None
    found = service.query(
        "station_charge_list", start_ms=span.start_ms, end_ms=span.end_ms, station=station,
        limit=MAX_SESSIONS,
    )  # fmt: skip
    table = in_zone(found, zone)
    if shape == "json":
        return table.to_pylist()
    name = f'attachment; filename="sessions-{span}.{shape}"'
    body = sheet_bytes(table, shape, f"Sessions {span}")
    return Response(body, media_type=MEDIA[shape], headers={"Content-Disposition": name})


def in_zone(table: pa.Table, zone: str) -> pa.Table:
    """A table whose times show a zone's clock."""
    for i, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            column = table[i].cast(pa.timestamp("ms", "UTC")).cast(pa.timestamp("ms", zone))
            table = table.set_column(i, field.name, column)
    return table
