"""A client of the whole application: API, page and gate, in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from energyguard.access.tokens import Tokens
from energyguard.api.app import build_app
from energyguard.service.contract import Service


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
