"""The table of roles: every route has a row, every row a route, and what has none is an admin's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from nicegui import app as pages

from energyguard.access.tokens import Tokens
from energyguard.api.app import build_app
from energyguard.api.dialects import http_dialects
from energyguard.api.gate.auth import OPEN
from energyguard.api.gate.permissions import ADMINS, API, OTHERS, Permissions, permissions
from energyguard.api.rest import PREFIX, build_api
from energyguard.model.access import AccessRole, Caller
from energyguard.page.views import VIEWS
from tests.application.service import MadeUpService

READER = Caller("guest", AccessRole.READ)
GATEWAY = Caller("gateway", AccessRole.WRITE)
WARDEN = Caller("warden", AccessRole.OPERATE)
ADMIN = Caller("owner", AccessRole.ADMIN)
LOCAL = Caller("local", AccessRole.READ, ("lindenhof",))


def found_in(routes: Any, prefix: str = "") -> Iterator[str]:
    """The methods and paths of routes, also of routers that were included."""
    for route in routes:
        if (inner := getattr(route, "original_router", None)) is not None:
            yield from found_in(inner.routes, prefix)
        elif methods := getattr(route, "methods", None):
            yield from (f"{method} {prefix}{route.path}" for method in methods - {"HEAD"})
        elif getattr(route, "path", ""):
            yield f"GET {prefix}{route.path}/{{path:path}}"  # a mounted folder


def test_every_route_of_the_api_has_a_row_and_every_row_a_route() -> None:
    routes = set(found_in(build_api().routes))
    assert sorted(routes - API.keys()) == []
    assert sorted(API.keys() - routes) == []


def test_what_is_neither_api_nor_page_has_a_row_or_is_open() -> None:
    service = MadeUpService()
    gate: Any = build_app(service, Tokens(service.settings.data_dir), "127.0.0.1")
    while not hasattr(gate, "routes"):
        gate = gate._app
    routes = {*found_in(gate.routes), *found_in(pages.routes)}
    views = {f"GET {view.path}" for view in VIEWS}
    dialects = http_dialects().permissions().keys()
    assert sorted(dialects - routes) == []
    others = routes - views - OTHERS.keys() - dialects
    ours = [r for r in others if not r.startswith(f"GET {PREFIX}")]
    left = [r for r in ours if r.partition(" ")[2] not in OPEN]
    folders = ("GET /_nicegui", "GET /ui/", "POST /_nicegui", "GET //")
    assert [r for r in left if not r.startswith(folders)] == []


TABLE = permissions(PREFIX, [])


@pytest.mark.parametrize(
    ("method", "path", "may"),
    [
        ("POST", "/api/v1/readings", {GATEWAY, ADMIN}),
        ("POST", "/api/v1/readings/tele/plug/SENSOR", {GATEWAY, ADMIN}),
        ("GET", "/api/v1/readings", {READER, WARDEN, ADMIN, LOCAL}),
        ("HEAD", "/api/v1/alerts", {READER, WARDEN, ADMIN, LOCAL}),
        ("GET", "/api/v1/quality", {READER, WARDEN, ADMIN, LOCAL}),
        ("GET", "/metrics", {READER, WARDEN, ADMIN}),
        ("POST", "/api/v1/alerts/a/acknowledge", {WARDEN, ADMIN}),
        ("POST", "/api/v1/alerts/a/answer", {WARDEN, ADMIN}),
        ("PATCH", "/api/v1/rules/r/devices/d", {WARDEN, ADMIN}),
        ("PATCH", "/api/v1/rules/r", {ADMIN}),
        ("PUT", "/api/v1/rules", {ADMIN}),
        ("DELETE", "/api/v1/alerts", {ADMIN}),
        ("OPTIONS", "/api/v1/alerts", {ADMIN}),
        ("GET", "/api/v1/what/nobody/thought/of", {ADMIN}),
        ("GET", "/api/v1//alerts", {ADMIN}),
        ("GET", "/api/v1/alerts/../rules", {ADMIN}),
        ("WEBSOCKET", "/_nicegui_ws/socket.io/", {READER, WARDEN, ADMIN, LOCAL}),
        ("WEBSOCKET", "/elsewhere", {ADMIN}),
    ],
)
def test_who_may(method: str, path: str, may: set[Caller]) -> None:
    callers = (READER, GATEWAY, WARDEN, ADMIN, LOCAL)
    needed = TABLE.needed(method, path)
    assert {caller for caller in callers if needed.allows(caller)} == may


def test_of_several_rows_the_strictest_counts() -> None:
    loose, strict = API["GET /alerts"], ADMINS
    table = Permissions({"GET /a/{x}": loose, "GET /{y}/b": strict})
    assert table.needed("GET", "/a/b") == strict
    assert table.needed("GET", "/a/c") == loose
