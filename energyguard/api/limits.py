"""How much one may send: a limit on the body while it streams in, and on requests a second."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from energyguard.api.attempts import address_of
from energyguard.api.problems import TooLarge, problem
from energyguard.clock import Clock
from energyguard.errors import Overloaded
from energyguard.limits import BODIES_AT_ONCE, LOGIN_BODY_BYTES, RATE_OVER_S
from energyguard.ports.rates import Rates

_LOGIN = "/login"


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
        if scope["type"] != "http" or not scope["path"].startswith(("/api/", _LOGIN)):
            await self._app(scope, receive, send)
            return
        wait = self._rates.take(_who(scope))
        if wait > 0:
            refusal = Overloaded(f"more than {self._rate:g} requests a second: wait", wait)
            await problem(refusal)(scope, receive, send)
            return
        limit = LOGIN_BODY_BYTES if scope["path"].startswith(_LOGIN) else self._body_limit
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdigit() and int(announced) > limit:
            await problem(_too_large(limit))(scope, receive, send)
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
            await problem(refusal)(scope, receive, send)


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"the body is longer than {limit} bytes: send it in parts")


def _who(scope: Scope) -> str:
    return scope.get("state", {}).get("user") or f"@{address_of(scope)}"
