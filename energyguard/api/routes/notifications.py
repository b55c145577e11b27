"""Notifications: which alerts have fired, and which of them a person has not read."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from energyguard.api.middleware import CurrentService, User
from energyguard.api.routes.asked import Instant, Limit
from energyguard.model.alerts import Severity
from energyguard.service.alerts.notifications import Notification

router = APIRouter(tags=["notifications"])


class NotificationBody(BaseModel):
    """An alert that fired."""

    alert: str = Field(description="The alert's id.")
    rule: str
    device: str
    channel: str
    severity: Severity
    sentence: str
    since_ms: int = Field(description="Event time of what began it.")
    at_ms: int = Field(description="When the log took it, wall time.")
    read: bool = Field(description="Whether whoever asks has read it.")

    @classmethod
    def of(cls, found: Notification, read: bool) -> NotificationBody:
        """Make it from a notification."""
        names = ("rule", "device", "channel", "severity", "since_ms")
        fields = {name: getattr(found.event, name) for name in names}
        return cls(
            alert=found.event.id,
            sentence=found.event.about,
            at_ms=found.at_ms,
            read=read,
            **fields,
        )


class Unread(BaseModel):
    """How many there are that have not been read."""

    unread: int


class Read(BaseModel):
    """Up to where somebody has read."""

    model_config = ConfigDict(extra="forbid", strict=True)

    until: str = Field(
        "",
        max_length=4_000,
        description="The `id` of an event of `/live`: all before it. Empty: all that are there.",
    )


@router.get("/notifications")
def notifications(
    service: CurrentService,
    user: User,
    limit: Limit = 100,
    since: Annotated[Instant | None, Query(description="Taken then or later.")] = None,
) -> list[NotificationBody]:
    """The alerts that fired, newest first: each once, however long it lasts."""
    kept = service.notifications
    return [
        NotificationBody.of(found, kept.is_read(user, found))
        for found in kept.newest(limit, since or 0)
    ]


@router.get("/notifications/unread")
def unread_notifications(service: CurrentService, user: User) -> Unread:
    """How many of the newest 5,000 whoever asks has not read."""
    return Unread(unread=service.notifications.unread(user))


@router.post("/notifications/read")
def read_notifications(service: CurrentService, user: User, body: Read | None = None) -> Unread:
    """Let them be read, for whoever asks and for nobody else; kept over restarts."""
    service.notifications.mark_read(user, body.until if body else "")
    return Unread(unread=service.notifications.unread(user))
