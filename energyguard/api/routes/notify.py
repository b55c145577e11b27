"""Who is told of alerts outside of the house: routes, and what was sent."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from energyguard.api.middleware import CurrentService, User
from energyguard.model.alerts import Severity
from energyguard.model.notify import News, Standing
from energyguard.service.notify.contract import (
    DeliveryView,
    RouteFields,
    RouteView,
    ServiceFields,
)

router = APIRouter(tags=["notify"])
RouteName = Annotated[str, Path(alias="route", max_length=60)]
MAX_TEXT = 1_000


class DeliveryBody(BaseModel):
    """A delivery as it stands. Times are wall time."""

    model_config = ConfigDict(from_attributes=True)

    route: str
    news: News
    standing: Standing
    at_ms: int
    due_ms: int
    alert: str = Field(description="Empty: of a test.")
    device: str
    about: str
    tries: int
    reason: str

    @classmethod
    def of(cls, view: DeliveryView) -> DeliveryBody:
        """Make it from the service's."""
        return cls.model_validate(view)


class RouteBody(BaseModel):
    """A route; its address is not shown."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    how: str
    to: str = Field(description="Where it goes; only admins see it.")
    severity: Severity
    selector: str
    rule: str
    hours: str
    quiet: str
    unanswered_min: int
    per_hour: int
    language: str
    report: str
    by: str
    at_ms: int
    waiting: int = Field(description="So many deliveries wait.")
    last: DeliveryBody | None

    @classmethod
    def of(cls, view: RouteView) -> RouteBody:
        """Make it from the service's."""
        return cls.model_validate(view)


class RouteWanted(BaseModel):
    """What is set of a route; what is left out stays as it is."""

    model_config = ConfigDict(extra="forbid", strict=True)

    address: str = Field(
        "",
        max_length=2_000,
        description="`smtps://USER:PASSWORD@HOST?to=WHO@EXAMPLE.ORG`, `https://…`, "
        "`ntfys://HOST/TOPIC` …; a new route needs it.",
    )
    service: str = Field(
        "",
        max_length=40,
        description="Instead of the address: a service of `/notify/services`, with its fields in "
        "`entered`.",
    )
    entered: dict[str, str] = Field({}, max_length=10)
    severity: str | None = Field(None, max_length=20, description="At least so bad.")
    selector: str | None = Field(None, max_length=MAX_TEXT, description="`site=lindenhof`.")
    rule: str | None = Field(None, max_length=100)
    hours: str | None = Field(None, max_length=200, description="Only then: `mon-fri 07:00-18:00`.")
    quiet: str | None = Field(
        None, max_length=200, description="What is not critical waits for their end."
    )
    unanswered_min: int | None = Field(
        None, description="Only what nobody has acknowledged for so long."
    )
    per_hour: int | None = Field(
        None, description="With more messages than that, one each ten minutes."
    )
    language: str | None = Field(None, max_length=10)
    report: str | None = Field(
        None,
        max_length=10,
        description="`daily` or `weekly`: a report of each site, instead of each alert.",
    )


class ServiceFieldBody(BaseModel):
    """What has to be known of a service."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    example: str
    is_secret: bool
    is_needed: bool


class ServiceBody(BaseModel):
    """A service by which somebody can be told."""

    model_config = ConfigDict(from_attributes=True)

    service: str
    fields: list[ServiceFieldBody]

    @classmethod
    def of(cls, view: ServiceFields) -> ServiceBody:
        """Make it from the service's."""
        return cls.model_validate(view)


@router.get("/notify/services")
def services(service: CurrentService) -> list[ServiceBody]:
    """The services that there are, and what has to be known of each."""
    return [ServiceBody.of(view) for view in service.routes.services()]


@router.get("/notify/routes")
def routes(service: CurrentService) -> list[RouteBody]:
    """Every route, by name."""
    return [RouteBody.of(view) for view in service.routes.all()]


@router.get("/notify/routes/{route}")
def route(service: CurrentService, name: RouteName) -> RouteBody:
    """One route."""
    return RouteBody.of(service.routes.get(name))


@router.put("/notify/routes/{route}")
def put_route(service: CurrentService, user: User, name: RouteName, body: RouteWanted) -> RouteBody:
    """Make a route, or change one: what happens from then on is told by it."""
    return RouteBody.of(service.routes.put(name, RouteFields(**body.model_dump()), user))


@router.delete("/notify/routes/{route}")
def remove_route(service: CurrentService, user: User, name: RouteName) -> None:
    """Tell nobody by it any more; what waits for it is dropped."""
    service.routes.remove(name, user)


@router.post("/notify/routes/{route}/test")
def test_route(service: CurrentService, user: User, name: RouteName) -> DeliveryBody:
    """Send a message by it now; the answer says how it went."""
    return DeliveryBody.of(service.routes.test(name, user))


@router.get("/notify/deliveries")
def deliveries(
    service: CurrentService,
    route: Annotated[str, Query(max_length=60, description="Of this one; empty: of all.")] = "",
    limit: Annotated[int, Query(ge=1, le=10_000)] = 100,
) -> list[DeliveryBody]:
    """The newest deliveries, newest first: what was sent to whom, and how it went."""
    return [DeliveryBody.of(view) for view in service.routes.deliveries(limit, route)]
