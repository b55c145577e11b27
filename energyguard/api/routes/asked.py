"""What a request asks for: times, and a time range."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import pyarrow as pa
from fastapi import Depends, Query, Request
from pydantic import BeforeValidator, WithJsonSchema

from energyguard.api.middleware import CurrentService
from energyguard.errors import Malformed, Unavailable
from energyguard.model.quantities import parse_duration
from energyguard.service.contract import Service

LAST_MS = 4_102_444_800_000 * 2
"""A time after this is taken as this: nothing was measured later."""
MAX_POINTS = 10_000


def _instant(given: Any) -> int:
    """A time as ISO 8601 (without a zone: UTC) or as milliseconds since 1970 UTC."""
    text = str(given).strip()
    if text.lstrip("-").isdigit() and len(text) < 20:
        ms = int(text)
    else:
        moment = datetime.fromisoformat(text.replace(" ", "+"))
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        ms = int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000)
    return min(max(ms, 0), LAST_MS)


def _length(given: Any) -> int:
    ms = parse_duration(str(given))
    if ms <= 0:
        raise ValueError("must be longer than nothing")
    return ms


Instant = Annotated[
    int,
    BeforeValidator(_instant),
    WithJsonSchema({"type": "string", "format": "date-time", "description": "ISO 8601, or ms"}),
]
Length = Annotated[
    int,
    BeforeValidator(_length),
    WithJsonSchema({"type": "string", "pattern": "^[1-9][0-9]{0,2} ?(s|m|h)$"}),
]
Limit = Annotated[int, Query(ge=1, le=10_000, description="At most so many rows.")]


@dataclass(frozen=True, slots=True)
class Range:
    """A half-open time range of event time."""

    start_ms: int
    end_ms: int

    def check_points(self, step_ms: int) -> None:
        """Refuse to answer with more points than anyone looks at.

        Raises:
            Malformed: there would be more than 10,000.
        """
        if (self.end_ms - self.start_ms) // step_ms > MAX_POINTS:
            raise Malformed(f"more than {MAX_POINTS} points: a longer step or less time", "step")


def newest(service: Service, device: str = "", channel: str = "") -> int:
    """The newest time of what is asked for: as the live view has it, else the history.

    The wall clock, where nothing was measured.
    """
    if device or channel:
        views = service.live.device(device) if device else service.live.devices()
        live = max((row.time_ms for row in views if channel in ("", row.channel)), default=None)
    else:
        live = service.live.newest_ms()
    if live is None:
        with suppress(Unavailable):  # what asks the history itself says so
            live = service.archived_ms(device, channel)
    return service.clock.now_ms() if live is None else live


def _range(
    request: Request,
    service: CurrentService,
    start: Annotated[
        Instant | None, Query(description="From then on; default: end - 24 h.")
    ] = None,
    end: Annotated[
        Instant | None, Query(description="Before then; default: the newest of what is asked for.")
    ] = None,
) -> Range:
    if end is None:
        chosen = (request.query_params.get(name, "") for name in ("device", "channel"))
        end_ms = newest(service, *chosen) + 1
    else:
        end_ms = end
    start_ms = start if start is not None else max(0, end_ms - 86_400_000)
    return Range(start_ms, max(start_ms, end_ms))


RangeParameter = Annotated[Range, Depends(_range)]


def rows(table: pa.Table) -> list[dict[str, Any]]:
    """An answer of the history as rows."""
    found: list[dict[str, Any]] = table.to_pylist()
    return found
