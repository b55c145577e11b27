"""What others have found wrong on a floor, and broadcast: each becomes an alert like any other.

It is over at once, for a broadcast says that something was, and not how long. One that repeats
another of its floor and type within a while (``notify.cooldown``) is left out.
"""

from __future__ import annotations

import hashlib
import hmac
from threading import Lock
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Header, Request
from pydantic import BaseModel, ConfigDict, Field

from energyguard.errors import Forbidden
from energyguard.log import Records
from energyguard.model.alerts import Severity, State
from energyguard.model.quantities import parse_duration, to_nano
from energyguard.model.topics import ALERTS
from energyguard.records.alerts import ALERT_EVENT, AlertEvent
from energyguard.records.floor_alerts import MAX_EVENTS
from energyguard.records.floors import CHANNELS, MAX_FLOOR, device_of
from energyguard.service.alerts.alerting import Alerting
from energyguard.store.keys import microseconds

BROADCAST = "/internal/broadcast"
MAX_RECENT = 1_000
ENDED = "a broadcast says that it was, not how long"
_CHANNELS = {
    "kw_over": CHANNELS["sensore2_kw"],
    "amp_over": CHANNELS["sensore3_corrente"],
    "volt_over": CHANNELS["sensore3_tensione"],
    "dkwh_over": CHANNELS["delta_kwh"],
}


class Event(BaseModel):
    """Something that was seen, as others tell of it."""

    model_config = ConfigDict(extra="ignore", strict=True)

    type: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")
    value: float | None = Field(None, allow_inf_nan=False, ge=-9e9, le=9e9)
    threshold: float | None = Field(None, allow_inf_nan=False, ge=-9e9, le=9e9)


class Broadcast(BaseModel):
    """An anomaly that somebody else has found: a document as the stream has them."""

    model_config = ConfigDict(extra="ignore", strict=True)

    piano: int = Field(ge=1, le=MAX_FLOOR)
    timestamp: str | None = Field(None, max_length=64, description="ISO 8601; none: now.")
    eventi: Annotated[
        list[Event | Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]],
        Field(min_length=1, max_length=MAX_EVENTS),
    ]


class BroadcastResult(BaseModel):
    """What became of a broadcast."""

    status: str = Field(description="`ok`, or `suppressed`: all of it was told a moment ago.")
    alert_ids: list[str]
    suppressed: list[str] = Field(description="The types that were told a moment ago.")


class Broadcasts:
    """Takes in what others have found, each kind of it on a floor once in a while."""

    def __init__(self, alerting: Alerting) -> None:
        self._alerting = alerting
        self._cooldown_ms = parse_duration(alerting.settings.notify.cooldown)
        self._lock = Lock()
        self._taken_ms: dict[tuple[str, str], int] = {}

    def take(self, given: Broadcast) -> BroadcastResult:
        """Write alerts to the log; durable when it returns.

        Raises:
            Malformed: its timestamp is none.
        """
        now_ms, device = self._alerting.clock.now_ms(), device_of(given.piano)
        time_ms = microseconds(given.timestamp) // 1000 if given.timestamp else now_ms
        events = [Event(type=e) if isinstance(e, str) else e for e in given.eventi]
        with self._lock:
            recent = self._recent(device, now_ms)
            fresh = {event.type: event for event in events if event.type not in recent}
            found = [_alert(device, time_ms, event) for event in fresh.values()]
            if found:
                both = [[alert, _ended(alert)] for alert in found]
                values = [ALERT_EVENT.encode(event) for pair in both for event in pair]
                n = len(values)
                records = Records([device.encode()] * n, values, (), [now_ms] * n)
                self._alerting.log.append(ALERTS.name, records)
            self._taken_ms |= {(device, name): now_ms for name in fresh}
        suppressed = sorted({event.type for event in events} - fresh.keys())
        status = "ok" if found else "suppressed"
        return BroadcastResult(
            status=status, alert_ids=[alert.id for alert in found], suppressed=suppressed
        )

    def _recent(self, device: str, now_ms: int) -> set[str]:
        """What was told of a floor within the window, by this process or another."""
        after = now_ms - self._cooldown_ms
        self._taken_ms = {what: ms for what, ms in self._taken_ms.items() if ms > after}
        mine = {name for of, name in self._taken_ms if of == device}
        kept = self._alerting.notifications.newest(
            MAX_RECENT, after + 1, lambda e: e.device == device and not e.topic
        )
        return mine | {found.event.rule for found in kept}


def _alert(device: str, time_ms: int, event: Event) -> AlertEvent:
    text = f"{device}\n{event.type}\n{time_ms}"
    observed, expected = to_nano(event.value or 0.0), to_nano(event.threshold or 0.0)
    beyond = f" above {event.threshold:g}" if event.threshold is not None else ""
    value = "" if event.value is None else f": {event.value:g}{beyond}"
    return AlertEvent(
        id=hashlib.sha256(text.encode()).hexdigest()[:16],
        rule=event.type,
        device=device,
        channel=_CHANNELS.get(event.type, ""),
        severity=Severity.WARNING,
        state=State.FIRING,
        time_ms=time_ms,
        since_ms=time_ms,
        window_start_ms=time_ms,
        window_end_ms=time_ms,
        observed=observed,
        expected=expected,
        peak=observed,
        unit="",
        topic="",
        about=f"{device}: {event.type}{value}, by a broadcast",
    )


def _ended(alert: AlertEvent) -> AlertEvent:
    return msgspec.structs.replace(alert, state=State.RESOLVED, reason=ENDED)


def broadcast_routes(alerting: Alerting, token: str) -> APIRouter:
    """``/internal/broadcast``, for those who know its own token.

    Args:
        alerting: takes the alerts.
        token: what they show; empty: nobody is let in.
    """
    routes = APIRouter(tags=["notifications"])
    broadcasts = Broadcasts(alerting)

    def known(
        request: Request, x_internal_token: Annotated[str, Header(max_length=1_000)] = ""
    ) -> None:
        kind, _, bearer = request.headers.get("authorization", "").partition(" ")
        shown = x_internal_token or (bearer.strip() if kind.lower() == "bearer" else "")
        if not token or not hmac.compare_digest(shown.encode(), token.encode()):
            raise Forbidden("broadcasts need the token of INTERNAL_BROADCAST_TOKEN")

    @routes.post(BROADCAST, dependencies=[Depends(known)])
    def broadcast(body: Broadcast) -> BroadcastResult:
        """Tell of an anomaly that something else has found; a repeat within a while is left out.

        The token is `INTERNAL_BROADCAST_TOKEN`, as `X-Internal-Token` or as a bearer token.
        """
        return broadcasts.take(body)

    return routes
