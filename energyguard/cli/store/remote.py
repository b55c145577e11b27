"""The measurement store over HTTP: its answers, and its errors as ours."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from energyguard.errors import (
    ConfigError,
    Conflict,
    EnergyGuardError,
    NotFound,
    Rejected,
    Unauthorized,
    Unavailable,
)
from energyguard.limits import ANSWER_S

URL = "http://127.0.0.1:5000"
PAGE = 10_000
TIMEOUT_S = ANSWER_S + 3.0
"""Longer than any deadline of the other end: whoever waits hears what it has to say."""
CONNECT_S = 15.0

_ERRORS: Mapping[int, type[EnergyGuardError]] = {
    400: Rejected,
    401: Unauthorized,
    403: Unauthorized,
    404: NotFound,
    409: Conflict,
    413: Rejected,
    422: Rejected,
}


class Remote:
    """A measurement store at an address."""

    def __init__(self, url: str, token: str | None) -> None:
        """Prepare; nothing is sent yet.

        Args:
            url: its address.
            token: a bearer token; None: it needs none.

        Raises:
            ConfigError: this is no address.
        """
        import httpx

        if not url.startswith(("http://", "https://")):
            raise ConfigError(f"--url {url}: write it as {URL}")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._url = url.rstrip("/")
        try:
            timeout = httpx.Timeout(TIMEOUT_S, connect=min(CONNECT_S, TIMEOUT_S))
            self._http = httpx.Client(timeout=timeout, headers=headers, trust_env=False)
        except UnicodeEncodeError:
            raise ConfigError("--token: a token has letters, digits, `-` and `_` only") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def get(self, path: str, *parts: str, **query: Any) -> dict[str, Any]:
        """Ask; ``{}`` in the path stand for the parts."""
        return self._send("GET", path, parts, query)

    def post(self, path: str, *parts: str, **body: Any) -> dict[str, Any]:
        """Send a body of these fields."""
        return self._send("POST", path, parts, {}, body)

    def delete(self, path: str, *parts: str) -> dict[str, Any]:
        """Delete."""
        return self._send("DELETE", path, parts, {})

    def pages(self, path: str, *parts: str, name: str, limit: int) -> dict[str, Any]:
        """Everything under a name of the answer, page by page, up to a limit."""
        found: Any = None
        query: dict[str, Any] = {}
        while True:
            left = limit - (len(found) if found else 0)
            answer = self.get(path, *parts, limit=min(left, PAGE), **query)
            page = answer[name]
            found = (
                page
                if found is None
                else (found | page if isinstance(page, dict) else found + page)
            )
            if answer["next"] is None or len(found) >= limit:
                return answer | {name: found}
            query = {"after": answer["next"]}

    def _send(
        self,
        method: str,
        path: str,
        parts: tuple[str, ...],
        query: Mapping[str, Any],
        body: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        import httpx

        url = self._url + path.format(*(quote(part, safe="/:") for part in parts))
        params = {name: value for name, value in query.items() if value is not None}
        content = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} if content else {}
        try:
            answer = self._http.request(
                method, url, params=params, content=content, headers=headers
            )
        except httpx.TimeoutException:
            raise Unavailable(f"{self._url}: no answer in {TIMEOUT_S:g} s") from None
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise Unavailable(f"{self._url}: {error}; is it running there?") from None
        try:
            body = answer.json()
        except ValueError:
            raise Unavailable(f"{self._url}: this is no measurement store") from None
        if answer.status_code == 200 and isinstance(body, dict):
            return body
        message = body.get("message") if isinstance(body, dict) else None
        kind = _ERRORS.get(answer.status_code, Unavailable)
        raise kind(str(message or f"{self._url}: {answer.status_code}"))
