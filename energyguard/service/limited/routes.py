"""Who is told of alerts, for somebody who is no admin: names and ways, no addresses."""

from __future__ import annotations

from energyguard.errors import NotFound
from energyguard.model.access import AccessRole, Caller
from energyguard.model.selector import Selector
from energyguard.service.limited.parts import check_role, refuse
from energyguard.service.limited.site_scope import SiteScope
from energyguard.service.notify.contract import (
    DeliveryView,
    NotifyRoutes,
    RouteFields,
    RouteView,
    ServiceFields,
)


class LimitedRoutes:
    """Who may look sees who is told; who sees some sites, who is told of these.

    Args:
        whole: all routes.
        caller: who asks.
        scope: what is seen; None: all.
    """

    def __init__(self, whole: NotifyRoutes, caller: Caller, scope: SiteScope | None) -> None:
        self._whole, self._caller, self._scope = whole, caller, scope

    def services(self) -> list[ServiceFields]:
        """The services that there are."""
        return self._admin().services()

    def all(self) -> list[RouteView]:
        """Every route that tells of something that is seen, by name; without addresses."""
        return [
            view._replace(to="", last=view.last and view.last._replace(reason="", about=""))
            for view in self._whole.all()
            if self._tells_of_seen(view.selector)
        ]

    def get(self, name: str) -> RouteView:
        """One of them.

        Raises:
            NotFound: there is none that is seen.
        """
        for view in self.all():
            if view.id == name:
                return view
        raise NotFound(f"no route {name!r}")

    def put(self, name: str, fields: RouteFields, by: str) -> RouteView:
        """Make a route, or change one: an admin's."""
        return self._admin().put(name, fields, by)

    def remove(self, name: str, by: str) -> None:
        """Tell nobody by a route any more: an admin's."""
        self._admin().remove(name, by)

    def test(
        self, name: str, by: str, title: str = "", text: str = "", html: str = ""
    ) -> DeliveryView:
        """Send a message by a route now: an admin's."""
        return self._admin().test(name, by, title, text, html)

    def deliveries(self, limit: int = 100, route: str = "") -> list[DeliveryView]:
        """The newest deliveries: an admin's."""
        return self._admin().deliveries(limit, route)

    def _admin(self) -> NotifyRoutes:
        check_role(self._caller, AccessRole.ADMIN)
        if self._scope is not None:
            refuse("who is told of alerts")
        return self._whole

    def _tells_of_seen(self, text: str) -> bool:
        if self._scope is None or not text:
            return True
        selector, entries = Selector.parse(text), self._scope.entries
        return any(selector.matches(entries.facts(device)) for device in self._scope.devices)
