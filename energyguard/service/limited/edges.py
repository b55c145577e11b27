"""The edges, for somebody who may look and no more, or who sees some sites."""

from __future__ import annotations

from collections.abc import Collection

from energyguard.errors import Forbidden, NotFound
from energyguard.service.limited.site_scope import SiteScope
from energyguard.service.parts import Edges
from energyguard.service.views import EdgeView


class LimitedEdges:
    """The edges of which all devices are seen: what is said of one is of all its devices together.

    Args:
        edges: all of them.
        scope: what is seen; None: everything.
    """

    def __init__(self, edges: Edges, scope: SiteScope | None) -> None:
        self._edges, self._scope = edges, scope

    def all(self) -> list[EdgeView]:
        """Every edge that is seen, by name."""
        return [edge for edge in self._edges.all() if self.sees(edge.edge)]

    def get(self, name: str) -> EdgeView:
        """One edge.

        Raises:
            NotFound: there is none of this name that is seen.
        """
        if not self.sees(name):
            raise NotFound(f"no edge {name!r}")
        return self._edges.get(name)

    def devices(self, name: str) -> Collection[str]:
        """The devices that are an edge's."""
        return self._edges.devices(name) if self.sees(name) else ()

    def forget(self, name: str, by: str) -> EdgeView:
        """An admin's.

        Raises:
            Forbidden: always.
        """
        raise Forbidden("to let an edge in no more takes the role admin, for all sites")

    def sees(self, name: str) -> bool:
        """Whether an edge is seen: none that has no device yet, or one at another site."""
        if self._scope is None:
            return True
        owned = self._edges.devices(name)
        return bool(owned) and self._scope.devices.issuperset(owned)
