"""Who is asking: one pure ASGI gate in front of everything, for HTTP and websockets alike.

Closed unless named here: only ``OPEN`` paths need nobody. A program brings a bearer token, a
person the page's cookie. A request that a foreign page makes a browser send is refused (`Origin`,
`Sec-Fetch-Site`), and on loopback so is a host name that is not ours (DNS rebinding).

A request is let in once; a websocket or a live stream then lasts for hours. So each that is open is
looked at again every few seconds, and closed when whoever opened it would not be let in any more.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from energyguard.api.attempts import Attempts
from energyguard.api.problems import Forbidden, problem
from energyguard.api.sessions import COOKIE, LogIns
from energyguard.api.tokens import Tokens
from energyguard.errors import ConfigError, Unauthorized
from energyguard.limits import STILL_WELCOME_S, STREAMS
from energyguard.ports.policy import with_policy
from energyguard.telemetry import logger

OPEN = ("/healthz", "/readyz", "/login", "/favicon.ico")
OPEN_FOLDERS = ("/_nicegui/", "/ui/")
PROGRAMS = ("/api/", "/metrics")
ANYONE = "anyone"
"""Who is asking where there is no log-in (`--no-auth`)."""
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def is_loopback(host: str) -> bool:
    """Whether an address or name can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_auth(auth: bool, host: str) -> None:
    """Refuse to serve everyone on an address that others can reach.

    Raises:
        ConfigError: no log-in on an address that is not loopback.
    """
    if not auth and not is_loopback(host):
        raise ConfigError(
            f"serve.auth: without a log-in (--no-auth) the address must be loopback, such as "
            f"127.0.0.1, and it is {host!r}: whoever reaches it could do all"
        )


class Gate:
    """Lets in who may come in; leaves the name in ``scope["state"]["user"]``.

    Args:
        app: what is behind.
        tokens: of programs.
        sessions: of people.
        attempts: who failed to show who they are.
        host: the address that is listened on.
        auth: false lets everyone in who is on this machine.
        streams: how many pages may be open at once.
    """

    def __init__(
        self,
        app: ASGIApp,
        tokens: Tokens,
        sessions: LogIns,
        attempts: Attempts,
        host: str,
        auth: bool = True,
        streams: int = STREAMS,
    ) -> None:
        check_auth(auth, host)
        self._app, self._tokens, self._sessions, self._auth = app, tokens, sessions, auth
        self._attempts, self._host = attempts, host
        self._streams = Streams(streams)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        send = with_policy(scope, send)
        refusal = self._refusal(scope)
        if refusal is None:
            await self._streams.pass_on(
                self._app, scope, receive, send, lambda: self._refusal(dict(scope)) is None
            )
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})  # before accept: a plain 403
        else:
            await refusal(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if is_loopback(self._host) and not is_loopback(host_name(headers.get("host", ""))):
            return problem(Forbidden("this host name is not ours: use the printed address"))
        path = scope["path"]
        user, by_token = self._user(headers)
        scope.setdefault("state", {})["user"] = user
        unsafe = scope["type"] == "websocket" or scope["method"] not in _SAFE
        if unsafe and not by_token and is_foreign(headers):
            return problem(Forbidden("a page of another site sent this request: refused"))
        if user or path in OPEN or path.startswith(OPEN_FOLDERS):
            return None
        if by_token and (slowed := refused_token(self._attempts, scope)):
            return slowed
        if scope["type"] == "websocket" or path.startswith(PROGRAMS):
            answer = problem(Unauthorized("send `Authorization: Bearer …`, or log in at /login"))
            answer.headers["WWW-Authenticate"] = "Bearer"
            return answer
        query = scope["query_string"].decode("latin-1")
        wanted = quote(path + (f"?{query}" if query else ""))
        return RedirectResponse(f"/login?next={wanted}", 303)

    def _user(self, headers: Headers) -> tuple[str | None, bool]:
        kind, _, token = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            found = self._tokens.find(token.strip())
            return (found.name if found else None), True
        cookie = cookie_of(headers)
        user = self._sessions.read(cookie) if cookie else None
        return user or (None if self._auth else ANYONE), False


def refused_token(attempts: Attempts, scope: Scope) -> Response | None:
    """Take note of a token that is not known; the refusal of an address that tries too many."""
    slowed = attempts.slowed(scope)
    attempts.failed(scope, "token")
    return problem(slowed) if slowed else None


def cookie_of(headers: Headers) -> str | None:
    """The value of the log-in's cookie; None: there is none."""
    try:
        cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return None
    return cookie.value if cookie else None


def is_foreign(headers: Headers) -> bool:
    """Whether a browser says that another site's page made this request."""
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return True
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host")


def host_name(host: str) -> str:
    """The name in a ``Host`` header, without the port."""
    return host.rsplit("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]


_POLICY = 1008  # a websocket's close code: not allowed
_TRY_LATER = 1013
_log = logger(__name__)


class Streams:
    """The open streams of a process. For one event loop."""

    def __init__(self, cap: int, every_s: float = STILL_WELCOME_S) -> None:
        """Begin without any.

        Args:
            cap: how many websockets there may be at once.
            every_s: how often each is looked at again.
        """
        self._cap, self._every_s = cap, every_s
        self._open: dict[object, tuple[Callable[[], bool], Callable[[], None]]] = {}
        self._sockets = 0
        self._looking: asyncio.Task[None] | None = None

    async def pass_on(
        self, app: ASGIApp, scope: Scope, receive: Receive, send: Send, welcome: Callable[[], bool]
    ) -> None:
        """Let a request go through, for as long as it is ``welcome``."""
        if scope["type"] == "http":
            await self._http(app, scope, receive, send, welcome)
        elif self._sockets >= self._cap:
            _log.warning("all websockets are taken: close pages", cap=self._cap)
            await receive()
            await send({"type": "websocket.close", "code": _TRY_LATER})
        else:
            self._sockets += 1
            try:
                await self._socket(app, scope, receive, send, welcome)
            finally:
                self._sockets -= 1

    async def _http(
        self, app: ASGIApp, scope: Scope, receive: Receive, send: Send, welcome: Callable[[], bool]
    ) -> None:
        """An answer in parts is a stream from its first part on."""
        me, task = object(), asyncio.current_task()
        ended = complete = False

        def end() -> None:
            nonlocal ended
            if task is not None:
                ended = True
                task.cancel()

        async def sending(message: Message) -> None:
            nonlocal complete
            if message["type"] == "http.response.body":
                complete = not message.get("more_body", False)
                if not complete:
                    self._watch(me, welcome, end)
            await send(message)

        try:
            await app(scope, receive, sending)
        except asyncio.CancelledError:
            if not ended or task is None or task.uncancel():
                raise
        finally:
            self._open.pop(me, None)
        if ended and not complete:
            await send({"type": "http.response.body", "body": b""})

    async def _socket(
        self, app: ASGIApp, scope: Scope, receive: Receive, send: Send, welcome: Callable[[], bool]
    ) -> None:
        me, ended = object(), asyncio.Event()
        ending = asyncio.create_task(ended.wait())
        gone: Message = {"type": "websocket.disconnect", "code": _POLICY}

        async def receiving() -> Message:
            coming = asyncio.ensure_future(receive())
            try:
                await asyncio.wait({coming, ending}, return_when=asyncio.FIRST_COMPLETED)
                if not ended.is_set():
                    return await coming
                return gone
            finally:
                coming.cancel()

        async def sending(message: Message) -> None:
            if not ended.is_set():
                await send(message)

        self._watch(me, welcome, ended.set)
        try:
            await app(scope, receiving, sending)
        finally:
            self._open.pop(me, None)
            ending.cancel()
            if ended.is_set():
                await send({"type": "websocket.close", "code": _POLICY})

    def _watch(self, me: object, welcome: Callable[[], bool], end: Callable[[], None]) -> None:
        self._open[me] = welcome, end
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())

    async def _look(self) -> None:
        """Look at all that are open, again and again, until there is none."""
        while self._open:
            await asyncio.sleep(self._every_s)
            for me, (welcome, end) in list(self._open.items()):
                if not welcome():
                    self._open.pop(me, None)
                    end()
