"""Holding an HTTP server to its own OpenAPI document, with or without a guard in front."""

from __future__ import annotations

import warnings
from collections.abc import Collection
from typing import Any

import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.thorough import examples

NOT_OURS = [
    schemathesis.checks.positive_data_acceptance,  # a key that is named at random is not there
    schemathesis.checks.ignored_auth,  # any token will do here
]
EXAMPLES = examples(2, 4)


class AnyTokenWillDo:
    """Takes whatever token a tool thinks of for one that is known; none stays none."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app, self._header = app, (b"authorization", f"Bearer {token}".encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        before = scope.get("headers", ())
        headers = [one for one in before if one[0] not in (b"authorization", b"host")]
        if any(name == b"authorization" for name, _ in before):
            headers.append(self._header)
        headers.append((b"host", b"127.0.0.1:8000"))
        await self._app({**scope, "headers": headers}, receive, send)


def operations_of(app: ASGIApp, token: str) -> dict[str, Any]:
    """The operations of an application, by label; its guard, if it has one, knows the token."""
    with warnings.catch_warnings():  # its client for ASGI warns of its own dependencies
        warnings.simplefilter("ignore")
        schema = schemathesis.openapi.from_asgi(
            "/openapi.json",
            AnyTokenWillDo(app, token),
            headers={"Authorization": "Bearer any"},
        )
    found = [result.ok() for result in schema.get_all_operations()]
    return {one.label: one for one in found}


def check(operation: Any, item_by_item: bool, modes: Collection[GenerationMode]) -> None:
    """Send what fits the description and what does not, and hold the answers to it.

    Args:
        operation: which.
        item_by_item: a wrong item costs no good one, so what does not fit may be taken in part.
        modes: which of the two to send.
    """
    skipped = list(NOT_OURS)
    if item_by_item:
        skipped.append(schemathesis.checks.negative_data_rejection)
    for mode in modes:

        @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
        @given(operation.as_strategy(generation_mode=mode))
        def is_as_described(case: Any) -> None:
            case.call_and_validate(excluded_checks=skipped)

        is_as_described()
