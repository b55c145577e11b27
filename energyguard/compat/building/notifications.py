"""The building monitor's notifications: a stream of anomalies, and what is unread.

All of it is the product's own: an anomaly is the first time that an alert of a floor fires, and the
stream is that of ``/api/v1/live``.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from starlette.responses import StreamingResponse

from energyguard.api.middleware import User
from energyguard.api.routes.live import resumable, streamed, written
from energyguard.errors import Overloaded, Rejected
from energyguard.records.alerts import AlertEvent
from energyguard.records.floor_alerts import alert_document
from energyguard.records.floors import floor_of
from energyguard.service.alerts.alerting import Alerting
from energyguard.service.alerts.notifications import Notification
from energyguard.service.views import Update
from energyguard.store.keys import microseconds

STREAM = "/anomalies/stream"
MAX_LIMIT = 1_000


def _since(given: Any) -> int:
    """Seconds since 1970 UTC, or ISO 8601, in ms."""
    text = str(given).strip()
    try:
        seconds = float(text)
    except ValueError:
        try:
            return microseconds(text.replace(" ", "+")) // 1000
        except Rejected as error:
            raise ValueError(error.reason) from error
    if not 0 <= seconds < 1e11:
        raise ValueError("seconds since 1970, or a time such as 2025-09-06T17:54:02Z")
    return round(seconds * 1000)


Since = Annotated[
    int,
    BeforeValidator(_since),
    WithJsonSchema({"type": "string", "description": "Seconds since 1970 UTC, or ISO 8601."}),
]


class Notices(BaseModel):
    """Notifications, newest first."""

    notifications: list[dict[str, Any]]


class UnreadCount(BaseModel):
    """How many whoever asks has not read."""

    unread_count: int


class MarkRead(BaseModel):
    """Up to where somebody has read; empty: all that is there."""

    model_config = ConfigDict(extra="forbid", strict=True)

    until: str = Field("", max_length=4_000, description="The `id` of an event of the stream.")


class MarkedRead(UnreadCount):
    """They are read."""

    status: str = "ok"


def of_a_floor(event: AlertEvent) -> bool:
    """Whether an alert is of a floor: the building monitor knows no other device."""
    return floor_of(event.device) is not None


def notification_routes(alerting: Alerting) -> APIRouter:
    """The stream, the list, what is unread, and marking it read."""
    routes = APIRouter(tags=["notifications"])

    @routes.get(STREAM, response_class=StreamingResponse)
    async def anomalies(
        last_event_id: Annotated[str, Header(max_length=4_000)] = "",
    ) -> StreamingResponse:
        """Server-sent events: a `ping` first, then an `anomaly` for each alert of a floor.

        It resumes after `Last-Event-ID`. Who reads too slowly gets `missed` with a count.
        """
        if alerting.listeners >= alerting.settings.serve.streams:
            raise Overloaded("all live streams are taken (`serve.streams`): wait", 5.0)
        updates = alerting.subscribe(["anomaly"], resumable(last_event_id))
        return streamed(updates, _server_sent)

    @routes.get("/notifications")
    def notifications(
        user: User,
        limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 50,
        since_ts: Annotated[Since | None, Query()] = None,
    ) -> Notices:
        """The newest anomalies of floors, newest first: those that came then or later."""
        kept = alerting.notifications
        found = kept.newest(limit, since_ts or 0, of_a_floor)
        return Notices(
            notifications=[_document(row) | {"read": kept.is_read(user, row)} for row in found]
        )

    @routes.get("/notifications/unread_count")
    def unread_count(user: User) -> UnreadCount:
        """How many whoever asks has not read."""
        return UnreadCount(unread_count=alerting.notifications.unread(user, of_a_floor))

    @routes.post("/notifications/mark_read")
    def mark_read(user: User, body: MarkRead | None = None) -> MarkedRead:
        """Let them be read by whoever asks, and by nobody else; kept over restarts."""
        alerting.notifications.mark_read(user, body.until if body else "")
        unread = alerting.notifications.unread(user, of_a_floor)
        return MarkedRead(unread_count=unread)

    return routes


def _document(found: Notification) -> dict[str, Any]:
    return alert_document(found.event) | {"ts": found.at_ms / 1000}


def _server_sent(update: Update) -> bytes:
    if update.kind == "ready":
        return written(update.id, "ping", {})
    if update.kind != "anomaly":
        return written(update.id, update.kind, update.data)
    found: Notification = update.data.notification
    if not of_a_floor(found.event):
        return b"id: %b\n\n" % update.id.encode()
    return written(update.id, "anomaly", _document(found))
