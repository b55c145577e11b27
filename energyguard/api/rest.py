"""/api/v1: the service over HTTP. Its pages of documentation load nothing from outside."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache

from fastapi import Depends, FastAPI, Security
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from fastapi_offline import FastAPIOffline

from energyguard import __version__
from energyguard.api import problems
from energyguard.api.middleware import only_known
from energyguard.api.problems import ErrorBody
from energyguard.api.refusals import refusals, with_body
from energyguard.api.routes import (
    alerts,
    audit,
    backups,
    bills,
    catalogue,
    cluster,
    consumption,
    corrections,
    edges,
    explain,
    live,
    notifications,
    notify,
    past,
    places,
    quality,
    queries,
    readings,
    rules,
    silences,
    tariffs,
)
from energyguard.domain import installed, load
from energyguard.ports.policy import Nonces

PREFIX = "/api/v1"
_ABOUT = """Energy readings in, alerts out.

Times in fields that end in `_ms` are milliseconds since 1970 UTC; time ranges are half-open and
speak of event time. Every answer from 400 on has the same body: `{"error": {"code", "message"}}`.
"""
_ERRORS: Mapping[int, str] = {
    400: "The request cannot be read.",
    401: "No token, or one that is unknown or revoked.",
    403: "Sent by another site's page, or to a host name that is not ours.",
    404: "There is no such thing.",
    409: "It contradicts what is already so.",
    413: "The body is too long.",
    422: "Something in the request cannot be right; `field` says what.",
    429: "Too much at once: nothing was taken; `Retry-After` says when to try again.",
    503: "A part is not there now; `Retry-After` says when to try again.",
    507: "No room: nothing was taken.",
}


def build_api() -> FastAPI:
    """The API, to be mounted at ``/api/v1`` behind what says which services it serves."""
    api: FastAPI = FastAPIOffline(
        redoc_url=None,  # its pictures come from elsewhere; one page of the same is enough
        title="EnergyGuard",
        version=__version__,
        description=_ABOUT,
        servers=[{"url": PREFIX}],
        root_path_in_servers=False,
        dependencies=[
            Security(HTTPBearer(auto_error=False, description="`energyguard token`")),
            Depends(only_known),
        ],
        responses=refusals(_ERRORS, ErrorBody),
        generate_unique_id_function=_name,
    )
    parts = (readings, past, queries, consumption, alerts, silences, notifications, rules, quality)
    own = [part.router for part in (*parts, notify, explain, bills, tariffs, corrections)]
    of_domains = [load(router) for domain in installed() for router in domain.routes]
    for router in (
        *own,
        *of_domains,
        places.router,
        catalogue.router,
        edges.router,
        audit.router,
        backups.router,
        cluster.router,
        live.router,
    ):
        api.include_router(router)
    problems.install(api)
    api.add_middleware(Nonces)
    api.openapi = with_body(api, ErrorBody)  # type: ignore[method-assign]
    return api


@cache
def shared_api() -> FastAPI:
    """The API of this process: it holds no services, and its first request reads every route."""
    return build_api()


def _name(route: APIRoute) -> str:
    return route.name


def document() -> str:
    """What ``docs/openapi.json`` holds."""
    return json.dumps(build_api().openapi(), indent=0, ensure_ascii=False) + "\n"
