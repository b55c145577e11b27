"""What every request passes behind the gate: it is counted, limited, and answered in our words.

Routes have from here what each request carries: the service, who asks, no unknown parameter.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.utils import ClientDisconnected

from energyguard.api.bare_pages.fault import page_of
from energyguard.api.dialects import answer_for
from energyguard.api.gate.attempts import address_of
from energyguard.api.problems import TooLarge, internal, problem
from energyguard.clock import Clock
from energyguard.errors import Malformed, Overloaded, Unauthorized
from energyguard.limits import BODIES_AT_ONCE, LOGIN_BODY_BYTES, RATE_OVER_S
from energyguard.model.access import Caller
from energyguard.ports.policy import Rates
from energyguard.service.contract import Service
from energyguard.service.limited.callers import CallerServices
from energyguard.telemetry import METRICS


class Requests:
    """Counts the answers of what is behind, by the route's pattern: few labels, whatever is asked.

    Args:
        app: what is behind.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and count where an answer begins."""

        async def counting(message: Message) -> None:
            if message["type"] == "http.response.start":
                METRICS["http_requests"].labels(_route(scope), message["status"]).inc()
            await send(message)

        await self._app(scope, receive, counting if scope["type"] == "http" else send)


def _route(scope: Scope) -> str:
    """The pattern that was found for a path; none before the gate, and for files of the page."""
    found = getattr(scope.get("route"), "path", None)
    return "other" if found is None else f"{scope.get('root_path', '')}{found}"


_LOGIN = ("/login", "/invite", "/wall/enter")


class RequestLimits:
    """Stands behind the gate: who asks is known by then.

    Args:
        app: what is behind.
        body_limit: bytes.
        rate: requests a second of one user or address, over ten seconds.
        clock: for the rate.
    """

    def __init__(self, app: ASGIApp, body_limit: int, rate: float, clock: Clock) -> None:
        self._app, self._body_limit, self._rate = app, body_limit, rate
        self._rates = Rates(clock, rate, rate * RATE_OVER_S)
        self._held = 0  # bytes of bodies under way

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        if scope["type"] != "http" or not (
            scope["path"].startswith(("/api/", *_LOGIN)) or _is_of_dialect(scope)
        ):
            await self._app(scope, receive, send)
            return
        wait = self._rates.take(_who(scope))
        if wait > 0:
            refusal = Overloaded(f"more than {self._rate:g} requests a second: wait", wait)
            await problem(refusal, answer_for(scope))(scope, receive, send)
            return
        limit = LOGIN_BODY_BYTES if scope["path"].startswith(_LOGIN) else self._body_limit
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdigit() and int(announced) > limit:
            await problem(_too_large(limit), answer_for(scope))(scope, receive, send)
            return
        await self._counting(scope, receive, send, limit)

    async def _counting(self, scope: Scope, receive: Receive, send: Send, limit: int) -> None:
        seen = 0
        refusal: TooLarge | Overloaded | None = None

        async def counted() -> Message:
            nonlocal seen, refusal
            message = await receive()
            came = len(message.get("body", b""))
            seen += came
            self._held += came
            if seen > limit:
                refusal = _too_large(limit)
            elif self._held > BODIES_AT_ONCE * self._body_limit:
                refusal = Overloaded("too many large bodies are under way: wait", 1.0)
            if refusal is not None:
                raise refusal
            return message

        async def sending(message: Message) -> None:
            # What is behind may have made something else of our error: the answer is ours.
            if refusal is None:
                await send(message)

        try:
            await self._app(scope, counted, sending)
        except (TooLarge, Overloaded):
            if refusal is None:
                raise
        finally:
            self._held -= seen
        if refusal is not None:
            await problem(refusal, answer_for(scope))(scope, receive, send)


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"the body is longer than {limit} bytes: send it in parts")


def _is_of_dialect(scope: Scope) -> bool:
    """Whether another system's dialect is spoken (``dialects.py``)."""
    return "dialect" in scope.get("state", {})


def _who(scope: Scope) -> str:
    return scope.get("state", {}).get("user") or f"@{address_of(scope)}"


OTHERS = ("/api/", *_LOGIN, "/logout", "/_nicegui", "/ui/", "/healthz", "/readyz", "/metrics")
"""Paths whose answers are ours already, or are read by no person."""


class OwnPages:
    """Stands in front of the page's framework."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; what goes wrong is told in our words, and once in the log."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        others = scope["path"].startswith(OTHERS) or _is_of_dialect(scope)
        ours = scope["type"] == "http" and not others
        begun, replaced = False, False

        async def sending(message: Message) -> None:
            nonlocal begun, replaced
            if replaced:
                return
            if message["type"] == "http.response.start":
                begun = True
                if ours and message["status"] >= 400:
                    replaced = True
                    await page_of(message["status"], scope)(scope, receive, send)
                    return
            await send(message)

        async def receiving() -> Message:
            message = await receive()
            if message["type"] == "http.disconnect":
                scope["state"]["left"] = True
            return message

        try:
            await self._app(scope, receiving, sending)
        except ClientDisconnected:  # a socket that is closed as it is accepted: a page left early
            scope["state"]["left"] = True
        except Exception as error:
            if not scope["state"].get("logged"):
                answer = internal(error, scope["path"])
            if not begun and scope["type"] == "http":
                page = page_of(500, scope) if ours else answer
                await page(scope, receive, send)


class Serving:
    """Says with each request which services it is about: the routes behind are of no service.

    Args:
        app: what is behind; several may share it.
        services: what it serves to whom.
    """

    def __init__(self, app: ASGIApp, services: CallerServices) -> None:
        self._app, self._services = app, services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on."""
        scope.setdefault("state", {})["services"] = self._services
        await self._app(scope, receive, send)


def _caller(request: Request) -> Caller:
    caller: Caller | None = request.scope.get("state", {}).get("caller")
    if caller is None:
        raise Unauthorized("the API stands behind no gate")
    return caller


CurrentCaller = Annotated[Caller, Depends(_caller)]


def _service(request: Request, caller: CurrentCaller) -> Service:
    services: CallerServices = request.state.services
    return services.of(caller)


def _user(caller: CurrentCaller) -> str:
    return caller.name


CurrentService = Annotated[Service, Depends(_service)]
User = Annotated[str, Depends(_user)]


def only_known(request: Request) -> None:
    """Refuse a parameter that the route does not have: a typing error must not ask something else.

    Raises:
        Malformed: there is one; the message says which there are.
    """
    known = _parameters(request.scope["route"])
    for name in request.query_params:
        if name not in known:
            there = ", ".join(sorted(known)) or "none"
            raise Malformed(f"{name} is not a parameter here; there are: {there}", name)


def _parameters(route: APIRoute) -> frozenset[str]:
    waiting, known = [route.dependant], set[str]()
    while waiting:
        one = waiting.pop()
        known |= {field.alias for field in one.query_params}
        waiting += one.dependencies
    return frozenset(known)
