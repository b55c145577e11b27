"""Faults of requests in sentences, which can be sent whatever the request was."""

from __future__ import annotations

import json

import httpx
import pytest
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field

from energyguard.api.problems import install
from energyguard.api.sentences import fault, sayable


class Named(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=5)
    size: int = 0


@pytest.mark.parametrize(
    ("body", "field", "reason"),
    [
        ({}, "name", "is missing"),
        ({"name": "\ud800"}, "name", "is not text: \\ud800"),
        ({"name": "a", "size": "\udfff"}, "size", "is not text: \\udfff"),
        ({"name": "a", "\ud83d": 1}, None, "is not text: \\ud83d"),
        ({"name": "abcdef"}, "name", "is longer than 5 characters"),
        ({"name": "a", "ü😀": 1}, "ü😀", "is not a field of this"),
    ],
)
async def test_a_fault_is_told_whatever_the_body_has(
    body: object, field: str | None, reason: str
) -> None:
    app = FastAPI()
    install(app)

    @app.post("/")
    async def take(_: Named) -> None:
        """Nothing is done with it."""

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as http:
        headers = {"content-type": "application/json"}
        answer = await http.post("/", content=json.dumps(body), headers=headers)
    assert answer.status_code == 422, answer.text
    error = answer.json()["error"]
    assert (error.get("field"), error["message"]) == (field, fault(field or "", reason))
    assert error["faults"] == [error["message"]]


def test_only_what_cannot_be_sent_is_spelled_out() -> None:
    assert sayable("a\ud800ü😀") == "a\\ud800ü😀"
