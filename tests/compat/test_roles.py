"""Tokens of any role at the doors of older systems: who looks needs ``read``, all else an admin."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from starlette.responses import PlainTextResponse

from energyguard.access.tokens import Tokens
from energyguard.api.problems import as_problem
from energyguard.compat.guard import Guard
from energyguard.model.access import AccessRole

LOOKS, CHANGES = "GET", "POST"


@pytest.mark.parametrize(
    ("role", "sites", "may"),
    [
        (AccessRole.ADMIN, (), {LOOKS, CHANGES}),
        (AccessRole.OPERATE, (), {LOOKS}),
        (AccessRole.READ, (), {LOOKS}),
        (AccessRole.READ, ("lindenhof",), set()),
        (AccessRole.WRITE, (), set()),
    ],
)
async def test_what_a_token_may(
    tmp_path: Path, role: AccessRole, sites: tuple[str, ...], may: set[str]
) -> None:
    tokens = Tokens(tmp_path)
    token = tokens.create("old", role, sites)
    guard = Guard(PlainTextResponse("ok"), tokens, "127.0.0.1", True, as_problem, ())
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(guard),
        base_url="http://127.0.0.1",
        headers={"Authorization": f"Bearer {token}"},
        trust_env=False,
    ) as client:
        answers = {m: (await client.request(m, "/x")).status_code for m in (LOOKS, CHANGES)}
    assert {method for method, status in answers.items() if status == 200} == may
    assert set(answers.values()) <= {200, 403}
