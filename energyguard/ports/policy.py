"""What a port asks of its callers and of their browsers: how often they come, what answers may do.

How often somebody may do something is a bucket that refills, by who it is. What an answer says
about itself: nothing from elsewhere, no foreign frame, no guessing. Scripts of a page run if they
are files of ours, or stand in its HTML: these carry a number used once, which an injected one does
not know. The framework of the page makes functions of text ('unsafe-eval') and styles elements
where they stand, so that much is allowed.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from energyguard.clock import Clock

_ALWAYS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
}
_OF_DATA = "default-src 'none'; frame-ancestors 'none'"
_OF_PAGES = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
    "connect-src 'self'; worker-src 'self' blob:; manifest-src 'self'; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_NONCE = "nonce"  # in the state of a request
_SCRIPT = b"<script"


def with_policy(scope: Scope, send: Send) -> Send:
    """A ``send`` whose answers say what a browser may do with them."""
    if scope["type"] != "http":
        return send
    nonce = scope.setdefault("state", {})[_NONCE] = secrets.token_urlsafe(16)

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _ALWAYS.items():
                headers.setdefault(name, value)
            page = headers.get("content-type", "").startswith("text/html")
            policy = _OF_PAGES.format(nonce=nonce) if page else _OF_DATA
            headers.setdefault("content-security-policy", policy)
        await send(message)

    return sending


class Nonces:
    """Marks the scripts that stand in a page as ours. Stands before anything that compresses."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and mark the scripts of an answer that is a page, part by part."""
        nonce = scope.get("state", {}).get(_NONCE) if scope["type"] == "http" else None
        if nonce is None:
            await self._app(scope, receive, send)
            return
        marked = b'<script nonce="%b"' % nonce.encode()
        kept: bytes | None = None  # of a page: its end that may be the beginning of a script

        async def sending(message: Message) -> None:
            nonlocal kept
            if message["type"] == "http.response.start" and is_plain_page(message):
                kept = b""
                del MutableHeaders(scope=message)["content-length"]
            elif message["type"] == "http.response.body" and kept is not None:
                page = kept + message.get("body", b"")
                is_last = not message.get("more_body", False)
                cut = len(page) if is_last else _before_script(page)
                page, kept = page[:cut], page[cut:]
                message = {**message, "body": page.replace(_SCRIPT, marked)}
            await send(message)

        await self._app(scope, receive, sending)


def _before_script(part: bytes) -> int:
    """How much of a part does not end in what may be the beginning of a script."""
    ends = range(len(_SCRIPT) - 1, 0, -1)
    return len(part) - next((n for n in ends if part.endswith(_SCRIPT[:n])), 0)


def is_plain_page(start: Message) -> bool:
    """Whether an answer that begins is a page that nobody has compressed yet."""
    headers = Headers(raw=start["headers"])
    plain = "content-encoding" not in headers
    return plain and headers.get("content-type", "").startswith("text/html")


KNOWN = 10_000
"""Buckets that are kept: those that were not used for the longest time are full again."""


class Rates:
    """Buckets of equal size. For one event loop, or under a lock of the caller's."""

    def __init__(self, clock: Clock, a_second: float, at_once: float) -> None:
        """Begin with full buckets.

        Args:
            clock: for the time that has passed.
            a_second: how fast a bucket refills.
            at_once: how much is in a full one.
        """
        self._clock, self._a_second, self._at_once = clock, a_second, at_once
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, who: str, amount: float = 1.0) -> float:
        """Take out of a bucket: 0, or how many seconds until there is enough (then all stays)."""
        now = self._clock.monotonic()
        left = self._left(who, now)
        enough = left >= amount
        self._buckets.pop(who, None)
        self._buckets[who] = (left - amount if enough else left, now)
        if len(self._buckets) > KNOWN:
            self._buckets.popitem(last=False)
        return 0.0 if enough else (amount - left) / self._a_second

    def wait(self, who: str, amount: float = 1.0) -> float:
        """How many seconds until there is enough in a bucket; 0: there is."""
        left = self._left(who, self._clock.monotonic())
        return max(0.0, (amount - left) / self._a_second)

    def forget(self) -> None:
        """Fill all buckets."""
        self._buckets.clear()

    def _left(self, who: str, now: float) -> float:
        left, at = self._buckets.get(who, (self._at_once, now))
        return min(self._at_once, left + (now - at) * self._a_second)
