"""The whole web application: health, metrics, log-in, API, page, behind one gate."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict

from fastapi import FastAPI
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from energyguard.model.duration import parse_duration
from energyguard.serve import problems
from energyguard.serve.api import PREFIX, build_api
from energyguard.serve.auth import Gate
from energyguard.serve.desk import Desk
from energyguard.serve.limits import Limits
from energyguard.serve.login import login_routes
from energyguard.serve.metrics import Requests, Scrape
from energyguard.serve.sessions import Sessions, secret_of
from energyguard.serve.tokens import Tokens
from energyguard.ui import mount


def build_app(desk: Desk, tokens: Tokens, host: str) -> ASGIApp:
    """Everything that one address answers.

    Args:
        desk: a desk that has started.
        tokens: who may come in.
        host: the address that is listened on.

    Raises:
        ConfigError: no log-in on an address that is not loopback.
    """
    settings = desk.settings.serve
    lasts_ms = parse_duration(settings.session)
    sessions = Sessions(secret_of(desk.settings.data_dir), tokens, lasts_ms, desk.clock)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        if desk.cluster is not None:
            await desk.cluster.close()

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    problems.install(app)

    scrape = Scrape(desk)

    @app.get("/healthz")
    def alive() -> dict[str, bool]:
        return {"ok": True}

    @app.get("/readyz")
    def ready() -> Response:
        health = desk.health()
        return JSONResponse(asdict(health), 200 if health.ready else 503)

    @app.get("/metrics")
    def metrics() -> Response:
        return Response(scrape.text(), media_type=CONTENT_TYPE_LATEST)

    app.include_router(login_routes(tokens, sessions))
    api = build_api()
    api.state.desk = desk
    app.mount(PREFIX, api)
    mount(app, desk, desk.settings)
    limits = Limits(app, settings.body_limit, settings.rate_limit, desk.clock)
    return Requests(Gate(limits, tokens, sessions, host, settings.auth))
