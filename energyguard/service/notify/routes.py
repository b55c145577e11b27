"""Routes as admins see and change them. An address goes in, and never comes out again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from energyguard.audit import AuditTrail
from energyguard.clock import Clock
from energyguard.errors import Corrupt, Faulty, Malformed, NotFound, OutOfRange, Unavailable
from energyguard.log import Log, Records
from energyguard.log.compacted import CompactedTable
from energyguard.model.alerts import Severity
from energyguard.model.notify import News, ReportSpan, Standing
from energyguard.model.selector import Selector
from energyguard.model.topics import DELIVERIES, ROUTES
from energyguard.notify.deliveries import DeliveryBook, delivery_records, key_of_delivery
from energyguard.notify.entered import ADDRESS_FORMS, address_of
from energyguard.notify.hours import check_hours
from energyguard.notify.seal import NotifySeal
from energyguard.notify.senders import OutMessage, send
from energyguard.notify.targets import MAIL, WEBHOOK, Target, target_of
from energyguard.ports.outside import addresses_of, is_outside
from energyguard.records.notify import ROUTE, AlertDelivery, Route
from energyguard.rules.registry import RuleBook
from energyguard.service.notify.contract import (
    DeliveryView,
    RouteFields,
    RouteView,
    ServiceFields,
)
from energyguard.settings.tree import Settings

MAX_ROUTES: Final = 200
MAX_UNANSWERED_MIN: Final = 7 * 24 * 60
MAX_PER_HOUR: Final = 1_000
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,59}")
_LANGUAGE: Final = re.compile(r"[a-z]{2}")
TEST_TITLE: Final = "EnergyGuard: this is a test"
TEST_TEXT: Final = "Messages arrive here. There is nothing to do."


class RouteVerbs:
    """The routes, their changes, and what was sent. Thread-safe.

    Args:
        log: where they are kept.
        settings: the data folder, and which addresses may be called.
        rules: those that there are.
        clock: the wall clock.
    """

    def __init__(self, log: Log, settings: Settings, rules: RuleBook, clock: Clock) -> None:
        self._log, self._settings, self._rules, self._clock = log, settings, rules, clock
        self._audit, self._book = AuditTrail(log, clock), DeliveryBook(log)

    def services(self) -> list[ServiceFields]:
        """The services that there are, and what has to be known of each."""
        return [ServiceFields(name, form.fields) for name, form in ADDRESS_FORMS.items()]

    def all(self) -> list[RouteView]:
        """Every route, by name."""
        self._book.refresh()
        return [self._view(name, route) for name, route in sorted(self._routes().items())]

    def failing(self) -> dict[str, str]:
        """The routes whose last message failed, and why, by name."""
        self._book.refresh()
        return self._book.failing(self._routes())

    def get(self, name: str) -> RouteView:
        """One route.

        Raises:
            NotFound: there is none.
        """
        self._book.refresh()
        return self._view(name, self._found(name))

    def put(self, name: str, fields: RouteFields, by: str) -> RouteView:
        """Make a route, or change one; durable when it returns. Changes come one by one.

        Args:
            name: of letters, digits and hyphens.
            fields: what is set; of a new route the address, or what makes it, is needed.
            by: who does it.

        Raises:
            Malformed: one of the fields cannot be read; the old route is kept.
            OutOfRange: a number is too large, or there are too many routes.
            NotFound: there is no such rule.
        """
        if not _NAME.fullmatch(name):
            raise Malformed(f"{name!r}: write a name of a-z, 0-9, '.', '_' and '-'", "name")
        if fields.service:
            address = address_of(fields.service, fields.entered)
            fields = fields._replace(address=address, service="", entered={})
        with self._seal().held():
            routes = self._routes()
            old = routes.get(name)
            if old is None and len(routes) >= MAX_ROUTES:
                raise OutOfRange(f"there are {MAX_ROUTES} routes already")
            route = self._entered(old, fields, by)
            self._log.append(ROUTES.name, Records([name.encode()], [ROUTE.encode(route)]))
        self._audit.note("route changed" if old else "route made", by, f"{name}: {route.to}")
        return self.get(name)

    def remove(self, name: str, by: str) -> None:
        """Tell nobody by a route any more; what waits for it is dropped.

        Raises:
            NotFound: there is none.
        """
        route = self._found(name)
        self._log.append(ROUTES.name, Records([name.encode()], [None]))
        self._audit.note("route removed", by, f"{name}: {route.to}")

    def test(
        self, name: str, by: str, title: str = "", text: str = "", html: str = ""
    ) -> DeliveryView:
        """Send a message by a route now; the answer says whether the other side took it.

        Args:
            name: the route.
            by: who tries it.
            title: its subject; empty: in English.
            text: what it says; empty: in English.
            html: the same for mail; empty: the text alone.

        Raises:
            NotFound: there is no such route.
        """
        route, now_ms = self._found(name), self._clock.now_ms()
        standing, reason = Standing.SENT, ""
        try:
            target = target_of(self._seal().open(route.sealed))
            message = OutMessage(
                f"test-{name}-{now_ms}", title or TEST_TITLE, text or TEST_TEXT, html=html
            )
            send(target, message, now_ms, inside=self._settings.notify.inside)
        except (Faulty, Unavailable, Corrupt) as error:
            standing, reason = Standing.FAILED, str(error)
        tried = AlertDelivery(
            route=name, news=News.TEST, standing=standing, at_ms=self._clock.now_ms(),
            revision=now_ms, tries=1, reason=reason,
        )  # fmt: skip
        self._log.append(DELIVERIES.name, delivery_records({key_of_delivery(tried): tried}))
        self._audit.note("route tried", by, f"{name}: {standing}", reason)
        return delivery_view(tried)

    def deliveries(self, limit: int = 100, route: str = "") -> list[DeliveryView]:
        """The newest deliveries, newest first; of a route, or of all."""
        self._book.refresh()
        routes, now_ms = self._routes(), self._clock.now_ms()
        paced = {
            name: self._book.paced_until_ms(name, found.per_hour, now_ms)
            for name, found in routes.items()
        }
        return [
            _paced(delivery_view(delivery), routes[delivery.route].per_hour, paced[delivery.route])
            if delivery.standing is Standing.WAITING and delivery.route in routes
            else delivery_view(delivery)
            for delivery in self._book.newest(limit, route)
        ]

    def _routes(self) -> Mapping[str, Route]:
        table = CompactedTable(self._log, ROUTE)
        table.refresh()
        return table.rows

    def _found(self, name: str) -> Route:
        if (route := self._routes().get(name)) is None:
            raise NotFound(f"no route {name!r}")
        return route

    def _seal(self) -> NotifySeal:
        return NotifySeal(self._settings.data_dir)

    def _entered(self, old: Route | None, fields: RouteFields, by: str) -> Route:
        given: dict[str, Any] = {
            name: value
            for name, value in fields._asdict().items()
            if value is not None and name in Route.__struct_fields__
        }
        _check_fields(given)
        if given.get("rule"):
            self._rules.get(given["rule"])
        if fields.address:
            target = target_of(fields.address)
            self._check_outside(target)
            sealed = self._seal().close(target.address)
            given |= {"how": target.how, "to": target.to, "sealed": sealed}
        elif old is None:
            raise Malformed("say where messages go", "address")
        kept = {name: getattr(old, name) for name in Route.__struct_fields__} if old else {}
        at_ms = old.at_ms if old else self._clock.now_ms()
        return Route(**{**kept, **given, "by": by, "at_ms": at_ms})

    def _check_outside(self, target: Target) -> None:
        """Refuse an address inside the network, unless that is meant; sending looks again."""
        host = urlsplit(target.address).hostname
        if self._settings.notify.inside or target.how not in (MAIL, WEBHOOK) or not host:
            return
        try:
            found = addresses_of(host, 443)
        except Unavailable:
            return  # it may come; a test says so
        if not all(map(is_outside, found)):
            raise Malformed(
                f"{host} is inside the network ({found[0]}); where that is meant, set "
                "notify.inside=true",
                "address",
            )

    def _view(self, name: str, route: Route) -> RouteView:
        waiting, last = self._book.state_of(name)
        shown = {f: getattr(route, f) for f in RouteView._fields if hasattr(route, f)}
        return RouteView(
            **shown,
            id=name,
            waiting=waiting,
            last=delivery_view(last) if last else None,
        )


def _check_fields(given: dict[str, Any]) -> None:
    """Refuse what cannot be read, and write the rest as it is kept."""
    if (severity := given.get("severity")) is not None:
        if severity not in [*Severity]:
            raise Malformed(f"{severity!r}: write {', '.join(Severity)}", "severity")
        given["severity"] = Severity(severity)
    if (selector := given.get("selector")) is not None:
        try:
            given["selector"] = str(Selector.parse(selector))
        except ValueError as error:
            raise Malformed(f"selector: {error}", "selector") from None
    for name in ("hours", "quiet"):
        if name in given:
            given[name] = check_hours(given[name], name, ends=name == "quiet")
    if given.get("report", "") not in ("", *ReportSpan):
        raise Malformed("report: write daily or weekly, or nothing", "report")
    for name, low, high in (
        ("unanswered_min", 0, MAX_UNANSWERED_MIN),
        ("per_hour", 1, MAX_PER_HOUR),
    ):
        if not low <= given.get(name, low) <= high:
            raise OutOfRange(f"{name}: from {low} to {high}", name)
    if not _LANGUAGE.fullmatch(given.get("language", "en")):
        raise Malformed("language: write en, de, it or pl", "language")


def _paced(view: DeliveryView, per_hour: int, until_ms: int) -> DeliveryView:
    """What waits because its route had as many messages as it may, with that as the reason."""
    if view.reason or view.due_ms >= until_ms:
        return view
    reason = f"{per_hour} messages within an hour: what comes waits for one message of all"
    return view._replace(due_ms=until_ms, reason=reason)


def delivery_view(delivery: AlertDelivery) -> DeliveryView:
    """A delivery for people."""
    event = delivery.event
    return DeliveryView(
        delivery.route, delivery.news, delivery.standing, delivery.at_ms, delivery.due_ms,
        "" if delivery.span else delivery.alert, event.device if event else "",
        event.about if event else " ".join(filter(None, (delivery.site, delivery.span))),
        delivery.tries, delivery.reason,
    )  # fmt: skip
