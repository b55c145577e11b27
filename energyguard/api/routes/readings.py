"""Send readings, read the newest or those of a time range, see which devices there are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Path, Query, Request

from energyguard.api.middleware import CurrentService, User
from energyguard.api.restore_newlines import FORM, with_lines
from energyguard.api.routes.asked import Instant, Limit, RangeParameter
from energyguard.service.devices import DeviceDetail, DeviceSummary, chosen
from energyguard.service.profiles import DeviceProfile
from energyguard.service.views import DeviceView, ReadingView, Receipt

router = APIRouter(tags=["readings"])
_ROW = {
    "type": "object",
    "required": ["timestamp", "household_id", "energy_kwh"],
    "properties": {
        "timestamp": {"type": "string", "format": "date-time"},
        "household_id": {"type": "string", "minLength": 1},
        "energy_kwh": {"type": "number", "description": "Below 0: fed in."},
    },
}
_CSV = {
    "schema": {"type": "string"},
    "example": "timestamp,household_id,energy_kwh\n2025-09-06T17:54:02Z,H001,0.05251\n",
}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": _CSV,
            "application/x-ndjson": {"schema": {"type": "string"}},
            "application/json": {"schema": {"type": "array", "items": _ROW}},
            "application/vnd.apache.arrow.stream": {
                "schema": {"type": "string", "format": "binary"}
            },
            FORM: _CSV,
        },
    }
}
_PATH = r'^[^,"\x00-\x1f]+$'


async def _sent(
    request: Request,
    service: CurrentService,
    user: User,
    shape: Annotated[
        str | None, Query(description="The body's shape; none: found out.", max_length=40)
    ] = None,
    device: Annotated[
        str,
        Query(
            description="Whose readings they are, where no column names it.",
            max_length=128,
            pattern=r'^[^,"\x00-\x1f]*$',
        ),
    ] = "",
    backfill: Annotated[
        bool,
        Query(description="Readings of the past: kept and counted, but they alert nobody."),
    ] = False,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=200)] = None,
) -> Callable[..., Receipt]:
    """A body, to be taken from a ``source``."""
    body = await request.body()
    if request.headers.get("content-type", "").startswith(FORM):
        body = with_lines(body)
    key = f"{user}/{idempotency_key}" if idempotency_key else None
    return partial(
        service.take_readings,
        body,
        shape,
        idempotency_key=key,
        device=device.strip(),
        sender=user,
        backfill=backfill,
    )


_Sent = Annotated[Callable[..., Receipt], Depends(_sent)]


@router.post("/readings", openapi_extra=_BODY)
def send_readings(take: _Sent) -> Receipt:
    """Take a batch of readings: CSV, JSON lines, a JSON array, an Arrow stream or file.

    Durable when it answers. Each row is accepted, malformed or out of range, and a bad row never
    costs its neighbours. A header that is not known refuses the body whole. The first thousand
    refused rows are dead letters each, the rest are one, with their number.

    The order of rows does not matter. A body whose newest reading is over a day old is a backfill,
    as with `backfill=1`. The same `Idempotency-Key` with the same body gets the same answer.
    """
    return take(source="api")


@router.post("/readings/{path:path}", openapi_extra=_BODY)
def send_readings_to_path(
    take: _Sent,
    path: Annotated[
        str, Path(description="Where its sender sends it.", max_length=200, pattern=_PATH)
    ],
) -> Receipt:
    """The same, of a sender whose dialect says the device by the path: `tele/plug-7/SENSOR`."""
    return take(source=f"api:{path}")


@router.get("/readings/newest")
def newest_readings(
    service: CurrentService,
    device: Annotated[str, Query(description="Only devices whose id contains this.")] = "",
    limit: Annotated[int, Query(ge=1, le=2_000)] = 200,
) -> list[ReadingView]:
    """The newest readings as the log has them, newest first; at most 2,000 are kept for this."""
    return service.live.readings(limit, device)


@router.get("/devices")
def devices(
    service: CurrentService,
    limit: Limit = 1_000,
    after: Annotated[str, Query(description="Only ids that sort after this one.")] = "",
) -> list[DeviceView]:
    """Devices heard of since the service began, by id, with newest reading and power."""
    return [row for row in service.live.devices() if row.device > after][:limit]


@router.get("/devices/{device}")
def device(service: CurrentService, device: str) -> list[DeviceView]:
    """One device: a row per topic and channel; empty when it was not heard of."""
    return service.live.device(device)


@router.get("/devices/{device}/detail")
def device_detail(
    service: CurrentService,
    device: str,
    start: Annotated[
        Instant | None, Query(description="From then on; default: end - 24 h.")
    ] = None,
    end: Annotated[
        Instant | None, Query(description="Before then; default: the device's newest.")
    ] = None,
) -> DeviceDetail:
    """What a device measures, since when, and in a range its gaps and how its readings ended."""
    return service.devices.detail(device, start, end)


@router.get("/devices/{device}/profile")
def device_profile(
    service: CurrentService,
    device: str,
    channel: Annotated[str, Query(description="Of it; default: the first that has one.")] = "",
    rule: Annotated[str, Query(description="By it; default: the first that has one.")] = "",
) -> DeviceProfile:
    """What is usual for a device at each half-hour of the week, and from where on it is not."""
    return service.profiles.get(device, channel, rule)


@router.get("/device-summaries")
def device_summaries(
    service: CurrentService,
    span: RangeParameter,
    search: Annotated[str, Query(description="Only ids with this in them.")] = "",
    sort: Annotated[
        Literal["name", "last", "kwh", "alerts"], Query(description="What is sorted by.")
    ] = "name",
    limit: Limit = 1_000,
) -> Sequence[DeviceSummary]:
    """Every device, also of the past: its newest reading, its energy and alerts of a range."""
    found = service.devices.summaries(span.start_ms, span.end_ms)
    return chosen(found, search, sort)[:limit]
