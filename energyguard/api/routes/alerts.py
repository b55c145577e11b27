"""Alerts, their stories, and what people do with them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from energyguard.alerts.flapping import flapping
from energyguard.alerts.incidents import causes, incidents
from energyguard.api.middleware import CurrentService, User
from energyguard.api.routes.answers import AlertBody, AlertStory, IncidentBody, StoryLine
from energyguard.api.routes.asked import Instant, Length, Limit
from energyguard.model.alerts import Act, State
from energyguard.service.alerts.answers import NOT_US, WAS_US, not_us, was_us
from energyguard.service.alerts.how_unusual import HowUnusual, how_unusual

router = APIRouter(tags=["alerts"])
MAX_ALERTS = 1_000
MAX_KNOWN = 10_000
"""All that are in memory."""
AlertId = Annotated[str, Path(alias="id", max_length=100)]


class Note(BaseModel):
    """A person's words."""

    model_config = ConfigDict(extra="forbid", strict=True)

    note: str = Field("", max_length=1_000)


class Answered(Note):
    """What its people say of an alert."""

    us: bool = Field(True, description="It was us; false takes that back.")


class Silence(Note):
    """How long to keep an alert quiet, by the wall clock: one of the two."""

    until: Instant | None = Field(None, description="Until this time.")
    duration: Length | None = Field(None, alias="for", description="For so long: `30m`, `2 h`.")


class Acts(Note):
    """The same for many alerts: a silence without an end lasts until each alert is over."""

    ids: list[str] = Field(min_length=1, max_length=MAX_ALERTS)
    act: Annotated[Act, Field(strict=False)]
    until: Instant | None = Field(None, description="Of a silence: until this time.")
    duration: Length | None = Field(None, alias="for", description="Of a silence: for so long.")


@router.get("/alerts")
def alerts(
    service: CurrentService,
    state: State | None = None,
    device: str | None = None,
    rule: str | None = None,
    since: Annotated[Instant | None, Query(description="Changed then or later.")] = None,
    limit: Limit = 100,
) -> list[AlertBody]:
    """Alerts that fit all that is given, newest first."""
    found = service.book.find(state, device, rule, since, limit)
    parts = causes(service.book.open(), service.catalogue.entries)
    flaps = flapping(service.book.find(limit=MAX_KNOWN), service.clock.now_ms())
    return [AlertBody.of(alert, parts.get(alert.id), flaps.get(alert.id)) for alert in found]


@router.get("/incidents")
def open_incidents(service: CurrentService) -> list[IncidentBody]:
    """Silences of one cause, a site or a gateway, in the order in which they began."""
    found = incidents(service.book.open(), service.catalogue.entries)
    return [IncidentBody.model_validate(incident) for incident in found]


@router.post("/alerts/act")
def act_on_alerts(service: CurrentService, user: User, body: Acts) -> list[AlertBody]:
    """Acknowledge, silence or unsilence many alerts: all of them, or (one is unknown) none."""
    until = body.until
    if body.duration is not None:
        until = service.clock.now_ms() + body.duration
    done = service.act_on(body.ids, body.act, user, body.note, until)
    return [AlertBody.of(alert) for alert in done]


@router.get("/alerts/{id}")
def alert(service: CurrentService, alert_id: AlertId) -> AlertStory:
    """One alert and everything that happened to it."""
    parts = causes(service.book.open(), service.catalogue.entries)
    found = service.book.get(alert_id)
    kin = service.book.find(device=found.device, rule=found.rule, limit=MAX_KNOWN)
    flaps = flapping(kin, service.clock.now_ms())
    body = AlertBody.of(found, parts.get(alert_id), flaps.get(alert_id)).model_dump()
    return AlertStory(**body, story=[StoryLine.of(line) for line in service.book.story(alert_id)])


@router.get("/alerts/{id}/usual")
def how_unusual_is(service: CurrentService, alert_id: AlertId) -> HowUnusual:
    """How unusual the use is of which an alert tells, why, and what it costs more."""
    return how_unusual(service, service.book.get(alert_id))


@router.post("/alerts/{id}/acknowledge")
def acknowledge(
    service: CurrentService, user: User, alert_id: AlertId, body: Note | None = None
) -> AlertBody:
    """Say that you have it."""
    return AlertBody.of(service.acknowledge(alert_id, user, body.note if body else ""))


@router.post("/alerts/{id}/answer")
def answer(service: CurrentService, user: User, alert_id: AlertId, body: Answered) -> AlertBody:
    """Say that it was you: everybody reads it, and such alerts of the device become rarer."""
    if body.us:
        return AlertBody.of(was_us(service, alert_id, user, body.note or WAS_US))
    return AlertBody.of(not_us(service, alert_id, user, body.note or NOT_US))


@router.post("/alerts/{id}/silence")
def silence(service: CurrentService, user: User, alert_id: AlertId, body: Silence) -> AlertBody:
    """Keep it quiet until a time, or for a while."""
    return AlertBody.of(service.silence(alert_id, body.until, body.duration, user, body.note))


@router.post("/alerts/{id}/unsilence")
def unsilence(
    service: CurrentService, user: User, alert_id: AlertId, body: Note | None = None
) -> AlertBody:
    """Let it be heard again."""
    return AlertBody.of(service.unsilence(alert_id, user, body.note if body else ""))
