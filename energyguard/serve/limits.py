"""How much one may send: a limit on the body while it streams in, and on requests a second."""

from __future__ import annotations

from collections import OrderedDict

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from energyguard.clock import Clock
from energyguard.errors import Overloaded
from energyguard.serve.problems import TooLarge, problem

OVER_S = 10.0
_KNOWN = 10_000


class Limits:
    """Stands behind the gate: who asks is known by then.

    Args:
        app: what is behind.
        body_limit: bytes.
        rate: requests a second of one user or address, over ten seconds.
        clock: for the rate.
    """

    def __init__(self, app: ASGIApp, body_limit: int, rate: float, clock: Clock) -> None:
        self._app, self._body_limit, self._rate, self._clock = app, body_limit, rate, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        if scope["type"] != "http" or not scope["path"].startswith(("/api/", "/login")):
            await self._app(scope, receive, send)
            return
        wait = self._take_one(_who(scope))
        if wait > 0:
            refusal = Overloaded(f"more than {self._rate:g} requests a second: wait", wait)
            await problem(refusal)(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "")
        if announced.isdigit() and int(announced) > self._body_limit:
            await problem(self._too_large())(scope, receive, send)
            return
        await self._counting(scope, receive, send)

    async def _counting(self, scope: Scope, receive: Receive, send: Send) -> None:
        seen, refused = 0, False

        async def counted() -> Message:
            nonlocal seen, refused
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._body_limit:
                refused = True
                raise self._too_large()
            return message

        async def sending(message: Message) -> None:
            # What is behind may have made something else of our error: the answer is ours.
            if not refused:
                await send(message)

        try:
            await self._app(scope, counted, sending)
        except TooLarge:
            refused = True
        if refused:
            await problem(self._too_large())(scope, receive, send)

    def _too_large(self) -> TooLarge:
        return TooLarge(f"the body is longer than {self._body_limit} bytes: send it in parts")

    def _take_one(self, who: str) -> float:
        """Take one from the bucket; 0, or how many seconds until there is one."""
        now = self._clock.monotonic()
        left, at = self._buckets.pop(who, (self._rate * OVER_S, now))
        left = min(self._rate * OVER_S, left + (now - at) * self._rate)
        enough = left >= 1.0
        self._buckets[who] = (left - 1.0 if enough else left, now)
        if len(self._buckets) > _KNOWN:
            self._buckets.popitem(last=False)
        return 0.0 if enough else (1.0 - left) / self._rate


def _who(scope: Scope) -> str:
    client = scope.get("client") or ("", 0)
    return scope.get("state", {}).get("user") or f"@{client[0]}"
