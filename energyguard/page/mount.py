"""Puts the control room into an application."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, Response
from nicegui import Client, context, ui
from nicegui import app as pages

from energyguard.errors import Forbidden, Unauthorized
from energyguard.limits import PAGE_KEPT_S, PAGE_S, PAGE_SILENT_S
from energyguard.model.access import AccessRole, Caller
from energyguard.page.elements.icons import FAVICON
from energyguard.page.elements.signatures import remember_signatures
from energyguard.page.frame.context import PageContext, View
from energyguard.page.frame.early import EarlyPage
from energyguard.page.frame.layout import frame, keep_fresh
from energyguard.page.frame.page_cache import PageCaches
from energyguard.page.views import VIEWS
from energyguard.page.words.language import pages_by, reader_of, speak
from energyguard.ports.page_parts import CompressedParts
from energyguard.ports.policy import Nonces
from energyguard.service.contract import Service
from energyguard.service.limited.callers import CallerServices

STATIC = Path(__file__).parent / "static"
STYLES = ("tokens", "room", "alerts", "explore", "money", "explain")
"""The style sheets of every view, in their order: sent as one, which compresses better."""
SCRIPTS = ("explore", "room", "keys", "still")
"""The scripts of every view that run before anything is drawn, in their order: sent as one."""
FILES = ("/_nicegui/", "/ui/")
"""Below these are the files that pages are drawn with; they stay the same while a process runs."""


SOMEBODY = Caller("somebody", AccessRole.ADMIN)
"""Who looks at pages that stand behind no gate."""


def mount(
    app: FastAPI,
    services: CallerServices,
    views: Iterable[View] = VIEWS,
    stranger: Caller | None = None,
) -> None:
    """Serve the control room at ``/`` of an application; mount the API before it.

    Args:
        app: the application. Who may see it is the business of a gate in front of it, which sets
            ``state.caller`` of each request.
        services: what the pages show and do, by who looks.
        views: what there is to see, in the order of the rail.
        stranger: who it is of whom no gate says it; None: a page is not built for such.
    """
    add_pages(services, views, stranger)
    pages.add_middleware(Nonces)  # before those that compress
    pages.add_middleware(CompressedParts)
    ui.run_with(
        app,
        mount_path="/",
        title="EnergyGuard",
        favicon=FAVICON,
        language="en-GB",
        dark=None,
        tailwind=False,
        reconnect_timeout=PAGE_SILENT_S,
        binding_refresh_interval=None,  # nothing is bound: each view refreshes itself
        show_welcome_message=False,
        storage_secret=secrets.token_hex(),
    )


def add_pages(
    service: Service | CallerServices,
    views: Iterable[View] = VIEWS,
    stranger: Caller | None = SOMEBODY,
) -> None:
    """Add the views to NiceGUI's application, over one cache for all with the same rights."""
    services = service if isinstance(service, CallerServices) else CallerServices(service)
    caches, whole = PageCaches(services), services.whole
    shown = tuple(view for view in views if view.shown(whole))
    remember_signatures()
    pages_by(_page_now)
    styles, scripts = _as_one(STYLES, "css", "text/css"), _as_one(SCRIPTS, "js", "text/javascript")
    pages.add_api_route("/ui/page.css", styles, include_in_schema=False)  # before the files
    pages.add_api_route("/ui/page.js", scripts, include_in_schema=False)
    pages.add_static_files("/ui", STATIC)
    pages.add_api_route("/worker.js", _worker, include_in_schema=False)
    for view in shown:
        _serve(view, shown, caches, stranger)


def _page_now() -> Client | None:
    try:
        return context.client
    except RuntimeError:  # no page is being built, nor was one clicked
        return None


def _as_one(names: tuple[str, ...], kind: str, media_type: str) -> Callable[[], Response]:
    """Answers with several files of a kind as one; the etag has it kept compressed."""
    text = "\n".join((STATIC / f"{name}.{kind}").read_text("utf-8") for name in names)
    mark = hashlib.sha256(text.encode()).hexdigest()[:16]
    headers = {"cache-control": "public, max-age=3600", "etag": f'"{mark}"'}
    return lambda: Response(text, media_type=media_type, headers=headers)


def _worker() -> FileResponse:
    """What answers in the browser while there is no connection; it may ask nobody but us."""
    policy = "default-src 'none'; connect-src 'self'"
    headers = {"content-security-policy": policy, "cache-control": "no-cache"}
    return FileResponse(STATIC / "worker.js", media_type="text/javascript", headers=headers)


def _serve(
    view: View, views: tuple[View, ...], caches: PageCaches, stranger: Caller | None
) -> None:
    @ui.page(view.path, response_timeout=PAGE_S, reconnect_timeout=PAGE_KEPT_S)
    async def open_page(request: Request) -> EarlyPage:
        caller: Caller | None = getattr(request.state, "caller", None) or stranger
        if caller is None:
            raise Unauthorized("this page stands behind no gate")
        if not view.is_for(caller):
            raise Forbidden(f"{view.path} takes the role {view.role!s}")
        cache = caches.of(caller)
        accepted = request.headers.get("accept-language", "")
        reader = reader_of(cache.service.preferences.of(caller.name), accepted)
        speak(reader, ui.context.client)
        context = PageContext(
            cache=cache,
            view=view,
            views=tuple(other for other in views if other.is_for(caller)),
            query={**request.query_params, **request.path_params},
            caller=caller,
            reader=reader,
        )
        ui.page_title(f"{context.title} · EnergyGuard")
        with frame(context):
            view.build(context)
        return EarlyPage(ui.context.client, request, partial(keep_fresh, context))
