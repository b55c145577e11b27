"""Which role each path needs: one table, and what is not in it needs an admin.

A row is a method and a path as routes write it. *Whole* is what no site limits: nodes, edges,
numbers of all; who is limited to sites does not get it. Pages bring their rows themselves
(``page.context.View``). A test walks all routes: each has its row, and each row a route.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from starlette.routing import compile_path

from energyguard.model.access import AccessRole, Caller

SOCKET = "WEBSOCKET"
"""The method of a websocket."""


class Needed(NamedTuple):
    """What somebody must be for a path."""

    role: AccessRole
    whole: bool = False

    def allows(self, caller: Caller) -> bool:
        """Whether somebody may."""
        return caller.may(self.role) and not (self.whole and caller.sites)


WRITERS: Final = Needed(AccessRole.WRITE)
_WRITE, _READ = WRITERS, Needed(AccessRole.READ)
_OPERATE = Needed(AccessRole.OPERATE)
_ALL = Needed(AccessRole.READ, whole=True)
ADMINS: Final = Needed(AccessRole.ADMIN, whole=True)

API: Final[Mapping[str, Needed]] = {
    "POST /readings": _WRITE,
    "POST /readings/{path:path}": _WRITE,
    "GET /readings": _READ,
    "GET /readings/newest": _READ,
    "GET /devices": _READ,
    "GET /devices/{device}": _READ,
    "GET /devices/{device}/detail": _READ,
    "GET /devices/{device}/profile": _READ,
    "GET /device-summaries": _READ,
    "GET /windows/alerting": _READ,
    "GET /windows": _READ,
    "GET /entries": _READ,
    "GET /bounds": _READ,
    "GET /explain": _READ,
    "GET /explain/reading": _READ,
    "GET /consumption": _READ,
    "GET /heatmap": _READ,
    "GET /late": _READ,
    "GET /series": _READ,
    "GET /top": _READ,
    "GET /trend": _READ,
    "GET /live": _READ,
    "GET /overview": _READ,
    "GET /alerts": _READ,
    "GET /alerts/{id}": _READ,
    "GET /alerts/{id}/usual": _READ,
    "GET /incidents": _READ,
    "POST /alerts/act": _OPERATE,
    "POST /alerts/{id}/acknowledge": _OPERATE,
    "POST /alerts/{id}/answer": _OPERATE,
    "POST /alerts/{id}/silence": _OPERATE,
    "POST /alerts/{id}/unsilence": _OPERATE,
    "GET /notifications": _READ,
    "GET /notifications/unread": _READ,
    "POST /notifications/read": _READ,
    "GET /silences": _READ,
    "POST /silences": _OPERATE,
    "POST /silences/preview": _READ,
    "DELETE /silences/{id}": _OPERATE,
    "GET /notify/services": ADMINS,
    "GET /notify/routes": _READ,
    "GET /notify/routes/{route}": _READ,
    "PUT /notify/routes/{route}": ADMINS,
    "DELETE /notify/routes/{route}": ADMINS,
    "POST /notify/routes/{route}/test": ADMINS,
    "GET /notify/deliveries": ADMINS,
    "GET /corrections": _READ,
    "POST /corrections": _OPERATE,
    "POST /corrections/preview": _OPERATE,
    "POST /corrections/{id}/undo": _OPERATE,
    "GET /imports": _ALL,
    "POST /imports/{id}/undo": Needed(AccessRole.OPERATE, whole=True),
    "GET /rules": _READ,
    "PUT /rules": ADMINS,
    "POST /rules": ADMINS,
    "POST /rules/try": _OPERATE,
    "GET /rules/{id}/budget": _READ,
    "GET /rules/{id}": _READ,
    "PATCH /rules/{id}": ADMINS,
    "DELETE /rules/{id}": ADMINS,
    "POST /rules/{id}/undo": _OPERATE,
    "PATCH /rules/{id}/devices/{device}": _OPERATE,
    "DELETE /rules/{id}/devices/{device}": _OPERATE,
    "GET /late-sums": _READ,
    "GET /sites": _READ,
    "GET /sites/{site}": _READ,
    "PUT /sites/{site}": ADMINS,
    "PATCH /sites/{site}": ADMINS,
    "DELETE /sites/{site}": ADMINS,
    "GET /groups": _READ,
    "GET /groups/{group}": _READ,
    "PUT /groups/{group}": ADMINS,
    "DELETE /groups/{group}": ADMINS,
    "GET /catalogue/devices": _READ,
    "GET /catalogue/devices/{device:path}": _READ,
    "PUT /catalogue/devices/{device:path}": _OPERATE,
    "PATCH /catalogue/devices/{device:path}": _OPERATE,
    "DELETE /catalogue/devices/{device:path}": ADMINS,
    "GET /catalogue/history": _READ,
    "POST /catalogue/undo": _OPERATE,
    "POST /catalogue/swap": _OPERATE,
    "GET /catalogue/file": _READ,
    "POST /catalogue/file": ADMINS,
    "GET /bills": _READ,
    "GET /tariffs": _READ,
    "GET /tariffs/{tariff}": _READ,
    "PUT /tariffs/{tariff}": ADMINS,
    "DELETE /tariffs/{tariff}": ADMINS,
    "GET /prices": ADMINS,
    "GET /prices/{list_id}": ADMINS,
    "POST /prices/{list_id}": ADMINS,
    "GET /missing": _READ,
    "GET /quality": _READ,
    "GET /dlq": _READ,
    "GET /dlq/{offset}": _READ,
    "POST /dlq/replay": ADMINS,
    "GET /stations": _READ,
    "GET /stations/bays": _READ,
    "GET /stations/charges": _READ,
    "GET /stations/charging-sessions": _READ,
    "GET /stations/day": _READ,
    "GET /stations/occupancy": _READ,
    "GET /stations/occupied": _READ,
    "GET /stations/occupied/now": _READ,
    "GET /stations/revenue": _READ,
    "GET /stations/sessions": _READ,
    "GET /stations/signals": _READ,
    "GET /stations/stays": _READ,
    "GET /stations/top": _READ,
    "GET /stations/violations": _READ,
    "GET /stations/violations/kinds": _READ,
    "GET /regions": _READ,
    "GET /regions/power": _READ,
    "GET /edges": _READ,
    "GET /edges/{edge}": _READ,
    "POST /edges/{edge}/forget": ADMINS,
    "GET /cluster": ADMINS,
    "POST /cluster/nodes/{node:path}/pause": ADMINS,
    "POST /cluster/nodes/{node:path}/resume": ADMINS,
    "GET /audit": ADMINS,
    "GET /backups": ADMINS,
    "POST /backups": ADMINS,
    "POST /backups/{name}/restore": ADMINS,
    "GET /openapi.json": _READ,
    "GET /docs": _READ,
    "GET /docs/oauth2-redirect": _READ,
    "GET /static-offline-docs/{path:path}": _READ,
}
"""Rows of the API, whose paths count from ``/api/v1``."""
OTHERS: Final[Mapping[str, Needed]] = {
    "GET /metrics": _ALL,
    "POST /logout": _READ,
    "GET /worker.js": _READ,
    "GET /_nicegui/{path:path}": _READ,
    "POST /_nicegui/{path:path}": _READ,
    "GET /_nicegui_ws/{path:path}": _READ,
    "POST /_nicegui_ws/{path:path}": _READ,
    f"{SOCKET} /_nicegui_ws/{{path:path}}": _READ,
}
"""Rows of what is neither API nor page; open paths have none (``auth.OPEN``)."""


class Permissions:
    """A table of rows.

    Args:
        tables: rows, by method and path.
    """

    def __init__(self, *tables: Mapping[str, Needed]) -> None:
        self.rows = {row: needed for table in tables for row, needed in table.items()}
        self._patterns: dict[str, list[tuple[re.Pattern[str], Needed]]] = {}
        for row, needed in self.rows.items():
            method, _, path = row.partition(" ")
            self._patterns.setdefault(method, []).append((compile_path(path)[0], needed))

    def needed(self, method: str, path: str) -> Needed:
        """What a request needs: the strictest of all rows that fit, and an admin where none does.

        Args:
            method: of HTTP, or ``SOCKET``.
            path: decoded.
        """
        rows = self._patterns.get("GET" if method == "HEAD" else method, ())
        found = [needed for pattern, needed in rows if pattern.match(path)]
        return max(found, key=_strictness, default=ADMINS)


_ORDER: Final = list(AccessRole)


def _strictness(needed: Needed) -> tuple[int, bool]:
    return _ORDER.index(needed.role), needed.whole


def of_pages(views: Iterable[tuple[str, Needed]]) -> dict[str, Needed]:
    """The rows of pages, by their addresses."""
    return {f"GET {path}": needed for path, needed in views}


def permissions(
    prefix: str,
    views: Iterable[tuple[str, Needed]] = (),
    dialects: Mapping[str, Needed] = MappingProxyType({}),
) -> Permissions:
    """The table of the whole application.

    Args:
        prefix: where the API is.
        views: the addresses of pages, and what each needs.
        dialects: rows of other systems' dialects.
    """
    api = {row.replace(" ", f" {prefix}", 1): needed for row, needed in API.items()}
    return Permissions(api, OTHERS, dialects, of_pages(views))
