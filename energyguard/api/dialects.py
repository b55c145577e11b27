"""Other systems' dialects on our port: who is asking by their own ways, answers in their words.

A dialect says its routes (``codecs/http.py``); this finds the key of a request, takes it out of
the address before anything else sees it, unpacks the body, and gives what it brings to the border.
A key is a token of ours, whatever way it comes: `Bearer`, `Token`, the password of `Basic`, or
where a dialect has it in the address. There is no other kind of key.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Match, Route, compile_path
from starlette.types import Scope

from energyguard.api.gate.permissions import WRITERS, Needed
from energyguard.api.problems import Answer, Problem, TooLarge, as_problem, internal, problem
from energyguard.clock import Clock
from energyguard.codecs.headers import known
from energyguard.codecs.http import HttpAnswer, HttpDialect, HttpRoute, HttpSent, HttpTaken
from energyguard.dialects.unpacking import unpacked_body
from energyguard.errors import EnergyGuardError, Rejected
from energyguard.limits import UNPACKED_BODIES
from energyguard.model.access import Caller
from energyguard.service.limited.callers import CallerServices
from energyguard.service.views import Receipt

_NO_KEY = "-"
"""What stands in a path where its key was."""
_KEYS = r"eg_[\w-]+"
_ROWS = 100
_BAD_REQUEST = 400
_USERS = ("u",)
"""Parameters that name who a key is of: they are taken out with it."""


class KeyedRequest(NamedTuple):
    """A request of a dialect, its key beside it: ``scope`` has it no more."""

    scope: Scope
    dialect: HttpDialect
    key: str

    def refused(self, error: EnergyGuardError) -> Response:
        """The dialect's answer to a request that is not taken."""
        return problem(error, _answer_of(self.dialect))


class HttpDialects:
    """The dialects that are spoken over HTTP.

    Args:
        dialects: all of them.
    """

    def __init__(self, dialects: Iterable[HttpDialect]) -> None:
        self.all = tuple(dialects)
        self._patterns: list[tuple[str, re.Pattern[str], HttpDialect]] = []
        for dialect in self.all:
            for route in dialect.routes:
                pattern = compile_path(route.path)[0].pattern
                if dialect.path_key:
                    pattern = pattern.replace(f"(?P<{dialect.path_key}>[^/]+)", f"({_KEYS})")
                self._patterns.append((route.method, re.compile(pattern), dialect))

    def keyed(self, scope: Scope) -> KeyedRequest | None:
        """A request of a dialect and its key; None: it is of none.

        The key is taken out of the scope itself, so that no log and no metric can have it.
        """
        if scope["type"] != "http":
            return None
        path = scope["path"]
        called = "GET" if scope["method"] == "HEAD" else scope["method"]
        for method, pattern, dialect in self._patterns:
            if method == called and (found := pattern.fullmatch(path)):
                key = _key_of(Headers(scope=scope))
                if dialect.path_key:
                    key = found[1]
                    path = path[: found.start(1)] + _NO_KEY + path[found.end(1) :]
                in_query, query = _without_keys(scope["query_string"], dialect.query_keys)
                scope.update(path=path, raw_path=path.encode(), query_string=query)
                scope.setdefault("state", {})["dialect"] = dialect
                return KeyedRequest(scope, dialect, key or in_query)
        return None

    def permissions(self) -> Mapping[str, Needed]:
        """The row of each route: who sends readings may."""
        return {f"{method} {path}": WRITERS for method, path in self._rows()}

    def _rows(self) -> Iterable[tuple[str, str]]:
        for dialect in self.all:
            for route in dialect.routes:
                yield route.method, _path_of(dialect, route)

    def served(self, services: CallerServices, clock: Clock, body_limit: int) -> list[Route]:
        """The routes of all dialects.

        Args:
            services: takes what they bring.
            clock: for values without a time.
            body_limit: bytes of a body; unpacked it may have a few times as many.
        """
        found = list[Route]()
        for dialect in self.all:
            for route in dialect.routes:
                endpoint = _Endpoint(dialect, route, services, clock, body_limit)
                path, methods = _path_of(dialect, route), [route.method]  # with GET goes HEAD
                found.append(_Route(path, endpoint.answer, methods=methods))
        return found


def http_dialects() -> HttpDialects:
    """Those of all dialects that are installed."""
    return HttpDialects(dialect.http for dialect in known().all if dialect.http is not None)


def _path_of(dialect: HttpDialect, route: HttpRoute) -> str:
    return (
        route.path.replace(f"{{{dialect.path_key}}}", _NO_KEY) if dialect.path_key else route.path
    )


def _key_of(headers: Headers) -> str:
    """The key in a header; empty: there is none."""
    kind, _, given = headers.get("authorization", "").partition(" ")
    given = given.strip()
    if kind.lower() != "basic":
        return given if kind.lower() in ("bearer", "token") else ""
    try:
        user, _, password = base64.b64decode(given, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return password or user


def _without_keys(query: bytes, keys: tuple[str, ...]) -> tuple[str, bytes]:
    """The key in a query, and the query without it and without whose it is."""
    if not keys:
        return "", query
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    found = next((value for name, value in pairs if name in keys), "")
    left = [(name, value) for name, value in pairs if name not in (*keys, *_USERS)]
    return found, urlencode(left).encode()


def _answer_of(dialect: HttpDialect) -> Answer:
    """Puts a problem into the dialect's words."""

    def answer(found: Problem, status: int, headers: Mapping[str, str]) -> Response:
        status = _BAD_REQUEST if status == Rejected.status else status  # as all of them say it
        return _response(dialect.refusal(status, found.message), headers)

    return answer


def answer_for(scope: Scope) -> Answer:
    """Puts a problem into the words of who asks: of the request's dialect, else into ours."""
    dialect = scope.get("state", {}).get("dialect")
    return as_problem if dialect is None else _answer_of(dialect)


def _response(answer: HttpAnswer, headers: Mapping[str, str] = {}) -> Response:
    kind = answer.media_type if answer.body else None
    return Response(answer.body, answer.status, {**headers, **answer.headers}, kind)


class _Route(Route):
    """A route that requests are counted by."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As any route; it says which it is, as the framework's own do."""
        found, child = super().matches(scope)
        return found, {**child, "route": self} if found is not Match.NONE else child


class _Endpoint:
    """Answers a route of a dialect."""

    def __init__(
        self,
        dialect: HttpDialect,
        route: HttpRoute,
        services: CallerServices,
        clock: Clock,
        body_limit: int,
    ) -> None:
        self._dialect, self._route, self._services = dialect, route, services
        self._clock = clock
        self._limit = body_limit * UNPACKED_BODIES

    async def answer(self, request: Request) -> Response:
        """Take what a request brings; the answer comes once it is durable."""
        try:
            body = await request.body()
        except ClientDisconnect:
            return Response(status_code=400)  # to nobody
        return await run_in_threadpool(self._answer, request, body)

    def _answer(self, request: Request, body: bytes) -> Response:
        caller: Caller = request.scope["state"]["caller"]
        try:
            sent = self._sent(request, body, caller)
            delivery = self._route.read(sent)
            taken = HttpTaken()
            if delivery.shape:
                taken = _taken(
                    self._services.of(caller).take_readings(
                        delivery.data,
                        delivery.shape,
                        device=delivery.device,
                        sender=caller.name,
                    )
                )
            return _response(self._route.answer(sent, taken))
        except EnergyGuardError as error:
            return problem(error, _answer_of(self._dialect))
        except Exception as error:
            return internal(error, request.url.path, _answer_of(self._dialect))

    def _sent(self, request: Request, body: bytes, caller: Caller) -> HttpSent:
        encoding = request.headers.get("content-encoding", "")
        too_large = TooLarge(f"the body unpacks to more than {self._limit} bytes: send less")
        return HttpSent(
            dict(request.query_params),
            request.headers,
            unpacked_body(body, encoding, self._limit, too_large),
            request.path_params,
            caller.name,
            self._clock.now_ms(),
            request.query_params.multi_items(),
        )


def _taken(receipt: Receipt) -> HttpTaken:
    refused = receipt.malformed + receipt.out_of_range
    rows = [(row.row, row.reason) for row in receipt.refused[:_ROWS]]
    return HttpTaken(receipt.accepted, refused, rows)
