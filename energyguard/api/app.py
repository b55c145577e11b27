"""The whole web application: health, metrics, log-in, API, page, behind one gate."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict

from fastapi import FastAPI
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from energyguard.access.tokens import Tokens
from energyguard.api import problems
from energyguard.api.bare_pages.answer import answer_routes
from energyguard.api.bare_pages.login import login_routes
from energyguard.api.dialects import HttpDialects, http_dialects
from energyguard.api.gate.attempts import Attempts
from energyguard.api.gate.audited import noting
from energyguard.api.gate.auth import Gate
from energyguard.api.gate.permissions import Needed, Permissions, permissions
from energyguard.api.gate.sessions import LogIns
from energyguard.api.metrics import Scrape
from energyguard.api.middleware import OwnPages, RequestLimits, Requests, Serving
from energyguard.api.rest import PREFIX, shared_api
from energyguard.api.shared import Shared
from energyguard.model.quantities import parse_duration
from energyguard.page.mount import FILES, mount
from energyguard.page.views import VIEWS
from energyguard.ports.kept_files import KeptFiles
from energyguard.service.contract import Service
from energyguard.service.limited.callers import CallerServices


def _table(dialects: HttpDialects) -> Permissions:
    """Which role each path needs."""
    pages = [(view.path, Needed(view.role, view.whole)) for view in VIEWS]
    return permissions(PREFIX, pages, dialects.permissions())


def build_app(service: Service, tokens: Tokens, host: str) -> ASGIApp:
    """Everything that one address answers.

    Args:
        service: a service that has started.
        tokens: who may come in.
        host: the address that is listened on.

    Raises:
        ConfigError: no log-in on an address that is not loopback.
        Corrupt: the secret of log-ins is not whole.
    """
    settings = service.settings.serve
    sessions = LogIns(service.settings.data_dir, tokens, parse_duration(settings.session))
    attempts, note = Attempts(service.clock), noting(service)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        if service.cluster is not None:
            await service.cluster.close()

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    problems.install(app)
    _add_health(app, service)
    services = CallerServices(service)
    dialects = http_dialects()
    app.router.routes += (  # as they are: one that includes them would read each anew
        *login_routes(tokens, sessions, attempts, note).routes,
        *answer_routes(service, attempts).routes,
        *dialects.served(services, service.clock, settings.body_limit),
    )
    app.mount(PREFIX, Serving(shared_api(), services))
    mount(app, services)
    behind = OwnPages(KeptFiles(app, FILES))
    limits = RequestLimits(behind, settings.body_limit, settings.rate_limit, service.clock)
    auth, streams = settings.auth, settings.streams
    table = _table(dialects)
    gate = Gate(limits, tokens, sessions, attempts, host, dialects, auth, streams, table, note)
    return Requests(gate)


def _add_health(app: FastAPI, service: Service) -> None:
    """Let it say whether it lives, whether it can do its work, and its metrics."""
    health = Shared(lambda: service.health(), service.clock)
    scrape = Shared(Scrape(service).text, service.clock)

    @app.get("/healthz")
    async def alive() -> dict[str, bool]:
        return {"ok": True}

    @app.get("/readyz")
    async def ready() -> Response:
        found = await health.get()
        return JSONResponse(asdict(found), 200 if found.ready else 503)

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(await scrape.get(), media_type=CONTENT_TYPE_LATEST)
