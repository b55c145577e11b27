"""A client of the whole application: API, page and gate, in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from fastapi import FastAPI, Request, Response
from starlette.middleware.base import RequestResponseEndpoint

from energyguard.access.tokens import Tokens
from energyguard.api.app import build_app
from energyguard.model.access import AccessRole, Caller
from energyguard.service.contract import Service
from energyguard.service.limited.callers import CallerServices


def serve_to_all(app: FastAPI, service: Any) -> None:
    """Let an application serve whoever comes, without a gate, as an admin."""
    services = CallerServices(service)

    @app.middleware("http")
    async def everybody(request: Request, answer: RequestResponseEndpoint) -> Response:
        request.state.services = services
        request.state.caller = Caller("mara", AccessRole.ADMIN)
        return await answer(request)


@asynccontextmanager
async def client_of(service: Service, under: str = "/api/v1") -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who has a token; addresses count from ``under``."""
    tokens = Tokens(service.settings.data_dir)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(build_app(service, tokens, "127.0.0.1")),
        base_url=f"http://127.0.0.1{under}",
        headers={"Authorization": f"Bearer {tokens.create('mara')}"},
        trust_env=False,
    ) as client:
        yield client


async def ok(answer: Any) -> Any:
    """The body of an answer that is well."""
    answer = await answer
    assert answer.status_code == 200, answer.text
    return answer.json()
