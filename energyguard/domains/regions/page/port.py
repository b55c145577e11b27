"""System E's port (the role ``regions``): `/api/data`, and a page without a script.

It shows what may be shown of homes and nothing else, from a projection of its own. It asks for a
token as all ports do; ``regions.auth`` off lets everybody read, where groups are large enough that
this harms nobody, or nobody but this machine can.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import closing
from threading import Event

from fastapi import FastAPI
from pydantic import BaseModel, Field
from starlette.responses import HTMLResponse, JSONResponse
from starlette.types import ASGIApp

from energyguard.access.tokens import Tokens
from energyguard.api.gate.auth import is_loopback
from energyguard.api.problems import Problem
from energyguard.clock import SYSTEM
from energyguard.compat.guard import Guard
from energyguard.compat.openapi_fragments import TOKEN, described_app
from energyguard.domains.regions.live.regions import RegionProjection
from energyguard.domains.regions.page.port_page import page
from energyguard.errors import ConfigError
from energyguard.log import open_log
from energyguard.ports.server import serve
from energyguard.ports.sockets import listen
from energyguard.settings.regions import RegionsSettings
from energyguard.settings.tree import Settings
from energyguard.telemetry import logger

HEALTH, DATA, PAGE = "/health", "/api/data", "/"
MIN_PUBLIC = 5
"""Groups of fewer homes are for those who may come in."""
ABOUT = """What homes draw by federal state, in groups, whole or not at all."""
_ERRORS: Mapping[int, str] = {
    401: "No token, or one that is unknown or revoked.",
    403: "Sent to a host name that is not ours.",
    504: "No answer in time.",
}
_log = logger(__name__)


class StateEntry(BaseModel):
    """A state as system E's page reads it."""

    key: str = Field(description="ISO 3166-2; E had the number of an outbox row.")
    cityName: str = Field(description="The state's name, as E has it.")  # noqa: N815
    powerAverage: int = Field(  # noqa: N815
        description="mW, as E has it: the average power of a home now, to 10 W."
    )
    cost: float = Field(description="EUR: a year's energy at that rate, at regions.price_…")


class PortHealth(BaseModel):
    """It answers."""

    status: str = "ok"


class PortError(BaseModel):
    """What it answers from 400 on."""

    error: Problem


def as_problem(problem: Problem, status: int, headers: Mapping[str, str]) -> JSONResponse:
    """The shape of its errors."""
    return JSONResponse({"error": problem.model_dump(exclude_none=True)}, status, dict(headers))


def build_port(projection: RegionProjection) -> FastAPI:
    """The verbs, without a guard in front."""
    app = described_app("EnergyGuard: regions", ABOUT, _ERRORS, PortError, as_problem)

    @app.get(DATA, dependencies=[TOKEN])
    def get_data() -> list[StateEntry]:
        """Every state that can be shown, by name."""
        return [
            StateEntry(
                key=state.region,
                cityName=state.name,
                powerAverage=round(state.power_kw * 1_000_000),
                cost=(state.year_cost_cents or 0) / 100,
            )
            for state in projection.view().regions
            if state.power_kw is not None
        ]

    @app.get(PAGE, dependencies=[TOKEN], response_class=HTMLResponse)
    def index() -> str:
        """The same for people."""
        return page(projection.view(), projection.fresh())

    @app.get(HEALTH)
    async def health() -> PortHealth:
        """Whether it answers; needs no token."""
        return PortHealth()

    return app


def guarded(app: ASGIApp, settings: RegionsSettings, tokens: Tokens, host: str) -> Guard:
    """The port with a guard in front.

    Raises:
        ConfigError: it would show small groups to everybody.
    """
    if not settings.auth and not is_loopback(host) and settings.min_homes < MIN_PUBLIC:
        raise ConfigError(
            f"regions.auth: without a log-in others read it on {host!r}, and groups of "
            f"{settings.min_homes} homes are too small for that: regions.min_homes of {MIN_PUBLIC}"
            " or more, or an address such as 127.0.0.1"
        )
    open_paths = (HEALTH,) if settings.auth else (HEALTH, DATA, PAGE)
    return Guard(app, tokens, host, True, as_problem, open_paths)


def run(settings: Settings, stop: Event) -> None:
    """Answer until told to stop.

    Raises:
        ConfigError: it cannot be listened there, or it would show small groups to everybody.
    """
    host, _, port = settings.regions.listen.rpartition(":")
    if not host:
        raise ConfigError("regions.listen: say where, such as 127.0.0.1:5006")
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with closing(open_log(settings.log_url, options=settings.log.kafka)) as log:
        projection = RegionProjection(log, settings, SYSTEM)
        app = guarded(
            build_port(projection), settings.regions, Tokens(settings.data_dir), host.strip("[]")
        )
        listening = listen(host.strip("[]"), int(port), "`regions.listen` chooses another one")
        with closing(projection), listening:
            projection.start()
            url = f"http://{host}:{listening.getsockname()[1]}"
            asyncio.run(serve(app, listening, stop, lambda: _log.info("listening", url=url)))
