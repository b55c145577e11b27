"""What page, API and CLI may rely on: who is told, and how it went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from energyguard.model.alerts import Severity
from energyguard.model.notify import News, Standing
from energyguard.notify.entered import AddressField


class RouteFields(NamedTuple):
    """What people set of a route; None and an empty address leave it as it is."""

    address: str = ""
    severity: str | None = None
    selector: str | None = None
    rule: str | None = None
    hours: str | None = None
    quiet: str | None = None
    unanswered_min: int | None = None
    per_hour: int | None = None
    language: str | None = None
    service: str = ""  # with ``entered``, instead of an address
    entered: Mapping[str, str] = {}
    report: str | None = None


class ServiceFields(NamedTuple):
    """A service by which somebody can be told, and what has to be known of it."""

    service: str
    fields: Sequence[AddressField]


class DeliveryView(NamedTuple):
    """A delivery as it stands. Times are wall time."""

    route: str
    news: News
    standing: Standing
    at_ms: int
    due_ms: int
    alert: str  # empty: of a test
    device: str
    about: str
    tries: int
    reason: str


class RouteView(NamedTuple):
    """A route: nothing of it is secret."""

    id: str
    how: str
    to: str  # empty: only an admin sees it
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
    waiting: int  # so many deliveries wait
    last: DeliveryView | None  # the newest that was sent, or failed


class NotifyRoutes(Protocol):
    """Who is told of alerts outside of the house."""

    def services(self) -> list[ServiceFields]:
        """The services that there are."""

    def all(self) -> list[RouteView]:
        """Every route, by name."""

    def get(self, name: str) -> RouteView:
        """One route."""

    def put(self, name: str, fields: RouteFields, by: str) -> RouteView:
        """Make a route, or change one."""

    def remove(self, name: str, by: str) -> None:
        """Tell nobody by a route any more; what waits for it is dropped."""

    def test(
        self, name: str, by: str, title: str = "", text: str = "", html: str = ""
    ) -> DeliveryView:
        """Send a message by a route now, and say how it went."""

    def deliveries(self, limit: int = 100, route: str = "") -> list[DeliveryView]:
        """The newest deliveries, newest first."""
