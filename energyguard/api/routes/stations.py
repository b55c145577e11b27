"""Questions about stations: occupancy, stays, charges, revenue, violations and what led to them."""

from __future__ import annotations

from contextlib import closing
from difflib import get_close_matches
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query

from energyguard.api.routes.asked import (
    CurrentService,
    Instant,
    Length,
    Range,
    rows,
)
from energyguard.api.routes.station_answers import (
    Happening,
    KindCount,
    OccupiedNow,
    OccupiedStep,
    RankedStation,
    RevenueStep,
    SessionStep,
    SignalRow,
    StationCharges,
    StationOccupancy,
    StationStays,
    ViolationRow,
)
from energyguard.errors import NotFound
from energyguard.history.people import People
from energyguard.service.contract import Service

router = APIRouter(prefix="/stations", tags=["stations"])
DAY_MS = 86_400_000
Station = Annotated[str, Query(max_length=200, description="Only this one's; empty: all.")]
Count = Annotated[int, Query(ge=1, le=10_000, description="At most so many.")]


def _range(
    service: CurrentService,
    start: Annotated[
        Instant | None, Query(description="From then on; default: end - 24 h.")
    ] = None,
    end: Annotated[
        Instant | None, Query(description="Before then; default: the newest of chargers.")
    ] = None,
) -> Range:
    end_ms = end if end is not None else _newest_ms(service) + 1
    start_ms = start if start is not None else max(0, end_ms - DAY_MS)
    return Range(start_ms, max(start_ms, end_ms))


def _newest_ms(service: Service) -> int:
    """What time it is at the chargers: by what comes in, by what came, by the wall clock."""
    now = service.stations.event_ms()
    if now is None:
        for row in rows(service.query("station_span")):
            now = int(row["last"].timestamp() * 1000)
    return service.clock.now_ms() if now is None else now


AskedRange = Annotated[Range, Depends(_range)]


def _ask(service: Service, name: str, span: Range, **more: object) -> list[dict[str, Any]]:
    return rows(service.query(name, start_ms=span.start_ms, end_ms=span.end_ms, **more))


@router.get("/occupancy")
def station_occupancy(
    service: CurrentService, span: AskedRange, station: Station = ""
) -> list[StationOccupancy]:
    """How much of the time of its bays cars stood at each station, and how much was free."""
    found = _ask(service, "station_occupancy", span, station=station)
    return [StationOccupancy(**row) for row in found]


@router.get("/stays")
def station_stays(
    service: CurrentService, span: AskedRange, station: Station = ""
) -> list[StationStays]:
    """The stays that began in a range, and how long cars stayed in the mean."""
    return [StationStays(**row) for row in _ask(service, "station_stays", span, station=station)]


@router.get("/charges")
def station_charges(
    service: CurrentService, span: AskedRange, station: Station = ""
) -> list[StationCharges]:
    """The paid charges that began in a range: their mean time and energy."""
    return [
        StationCharges(**row) for row in _ask(service, "station_charges", span, station=station)
    ]


@router.get("/sessions")
def station_sessions(
    service: CurrentService, span: AskedRange, station: Station = "", step: Length = 3_600_000
) -> list[SessionStep]:
    """How many stays began in each interval."""
    span.check_points(step)
    found = _ask(service, "station_sessions", span, station=station, step_ms=step)
    return [SessionStep(**row) for row in found]


@router.get("/revenue")
def station_revenue(
    service: CurrentService, span: AskedRange, station: Station = "", step: Length = 3_600_000
) -> list[RevenueStep]:
    """What was paid and charged in each period: EUR to the cent, kWh."""
    span.check_points(step)
    found = _ask(service, "station_revenue", span, station=station, step_ms=step)
    return [RevenueStep(**row) for row in found]


@router.get("/top")
def station_top(
    service: CurrentService,
    span: AskedRange,
    n: Count = 5,
    by: Annotated[Literal["station", "charger"], Query(description="Who is ranked.")] = "station",
) -> list[RankedStation]:
    """The stations, or the chargers, with the most and the least profit."""
    question = "station_top" if by == "station" else "station_top_chargers"
    return [RankedStation(**row) for row in _ask(service, question, span, n=n)]


@router.get("/violations")
def station_violations(
    service: CurrentService, span: AskedRange, station: Station = "", n: Count = 100
) -> list[ViolationRow]:
    """The newest violations, newest first."""
    found = _names(service, _ask(service, "station_violations", span, station=station, n=n))
    return [ViolationRow(**row) for row in found]


@router.get("/violations/kinds")
def station_violation_kinds(
    service: CurrentService, span: AskedRange, station: Station = ""
) -> list[KindCount]:
    """How often each limit was broken at each station."""
    found = _ask(service, "station_violation_kinds", span, station=station)
    return [KindCount(**row) for row in found]


@router.get("/occupied")
def station_occupied(
    service: CurrentService, span: AskedRange, step: Length = 60_000
) -> list[OccupiedStep]:
    """How many cars stood at all chargers together, step by step."""
    span.check_points(step)
    return [OccupiedStep(**row) for row in _ask(service, "station_occupied", span, step_ms=step)]


@router.get("/occupied/now")
def station_now(service: CurrentService) -> OccupiedNow | None:
    """How many cars stood there in the newest second that is certain; null before the first."""
    return next((OccupiedNow(**row) for row in rows(service.query("station_now"))), None)


@router.get("/day")
def station_day(
    service: CurrentService,
    span: AskedRange,
    station: Annotated[str, Query(min_length=1, max_length=200)],
    n: Count = 5_000,
) -> list[Happening]:
    """Stays, charges and violations at the chargers of a station, in order of time."""
    found = _names(service, _ask(service, "station_day", span, station=station, n=n))
    return [Happening(**row) for row in found]


@router.get("/signals")
def station_signals(
    service: CurrentService,
    span: AskedRange,
    charger: Annotated[str, Query(min_length=1, max_length=200)],
    n: Count = 200,
) -> list[SignalRow]:
    """The newest signals of a charger, as they came, oldest first."""
    found = _names(service, _ask(service, "station_signals", span, charger=charger, n=n))
    if not found:
        known = [bay.charger for bay in service.stations.bays()]
        if charger not in known:
            near = ", ".join(get_close_matches(charger, known)) or "none of a similar name"
            raise NotFound(f"no charger {charger!r}; near: {near}")
    return [SignalRow(**row) for row in found]


def _names(service: Service, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Plates and users instead of pseudonyms, where the settings allow it."""
    if not service.settings.serve.names:
        return found
    fields = ("who", "plate", "user")
    with closing(People(service.settings.data_dir)) as people:
        names = people.names({row[field] for row in found for field in fields if row.get(field)})
    return [
        row | {field: names.get(row[field], row[field]) for field in fields if field in row}
        for row in found
    ]
