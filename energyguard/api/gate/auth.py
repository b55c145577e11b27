"""Who is asking: one pure ASGI gate in front of everything, for HTTP and websockets alike.

Closed unless named here: only ``OPEN`` paths need nobody. A program brings a bearer token, a
person the page's cookie. A request that a foreign page makes a browser send is refused (`Origin`,
`Sec-Fetch-Site`), and on loopback so is a host name that is not ours (DNS rebinding). What is open
for long is looked at again now and then (``streams.py``).
"""

from __future__ import annotations

import ipaddress
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from energyguard.access.tokens import Tokens
from energyguard.api.bare_pages.fault import page_of
from energyguard.api.dialects import HttpDialects, KeyedRequest
from energyguard.api.gate.attempts import Attempts
from energyguard.api.gate.audited import Note, nobody_notes
from energyguard.api.gate.permissions import SOCKET, Permissions
from energyguard.api.gate.sessions import COOKIE, LogIns
from energyguard.api.problems import problem
from energyguard.api.streams import Streams
from energyguard.errors import ConfigError, Forbidden, Unauthorized
from energyguard.limits import STREAMS
from energyguard.model.access import AccessRole, Caller
from energyguard.ports.policy import with_policy

OPEN = ("/healthz", "/readyz", "/login", "/invite", "/answer", "/wall/enter", "/favicon.ico")
OPEN_FOLDERS = ("/_nicegui/", "/ui/")
PROGRAMS = ("/api/", "/metrics")
ANYONE = Caller("anyone", AccessRole.ADMIN)
"""Who is asking where there is no log-in (`--no-auth`)."""
_WALL = "/wall"
"""With a key it is a log-in, which takes the key out of the address."""
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
    """Lets in who may come in; leaves in ``scope["state"]`` the ``caller`` and its ``user``.

    Args:
        app: what is behind.
        tokens: of programs.
        sessions: of people.
        attempts: who failed to show who they are.
        host: the address that is listened on.
        dialects: other systems' ways of sending, each with its key.
        auth: false lets everyone in who is on this machine.
        streams: how many pages may be open at once.
        permissions: which role each path needs.
        note: takes note of who was refused.
    """

    def __init__(
        self,
        app: ASGIApp,
        tokens: Tokens,
        sessions: LogIns,
        attempts: Attempts,
        host: str,
        dialects: HttpDialects = HttpDialects(()),
        auth: bool = True,
        streams: int = STREAMS,
        permissions: Permissions = Permissions(),
        note: Note = nobody_notes,
    ) -> None:
        check_auth(auth, host)
        self._app, self._tokens, self._sessions, self._auth = app, tokens, sessions, auth
        self._attempts, self._host, self._dialects = attempts, host, dialects
        self._streams, self._permissions, self._note = Streams(streams), permissions, note

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        send = with_policy(scope, send)
        if scope["path"] == _WALL and b"key=" in scope["query_string"]:
            scope = {**scope, "path": f"{_WALL}/enter", "raw_path": f"{_WALL}/enter".encode()}
        if (keyed := self._dialects.keyed(scope)) is not None:
            refusal = self._refusal_of_dialect(keyed)
        else:
            refusal = self._refusal(scope)
        if refusal is None:
            caller = scope["state"]["caller"]
            await self._streams.pass_on(
                self._app, scope, receive, send, lambda: self._still(scope, caller)
            )
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})  # before accept: a plain 403
        else:
            await refusal(scope, receive, send)

    def _refusal_of_dialect(self, keyed: KeyedRequest) -> Response | None:
        """The refusal of a request of a dialect: it brings a key, and no page may make it."""
        scope, headers = keyed.scope, Headers(scope=keyed.scope)
        if is_loopback(self._host) and not is_loopback(host_name(headers.get("host", ""))):
            return keyed.refused(Forbidden("this host name is not ours: use the printed address"))
        if is_foreign(headers):
            return keyed.refused(Forbidden("a page of another site sent this request: refused"))
        found = self._tokens.find(keyed.key) if keyed.key else None
        caller = Caller(found.name, found.role, found.sites) if found else None
        if caller is None and not keyed.key and not self._auth:
            caller = ANYONE
        scope["state"]["caller"], scope["state"]["user"] = caller, caller.name if caller else None
        if caller is None:
            if keyed.key:
                slowed = self._attempts.slowed(scope)
                self._attempts.failed(scope, "token")
                if slowed:
                    return keyed.refused(slowed)
            return keyed.refused(Unauthorized("send a token of EnergyGuard with the role `write`"))
        needed = self._permissions.needed(scope["method"], scope["path"])
        if needed.allows(caller):
            return None
        self._note(f"refused: {scope['method']}", caller.name, scope)
        return keyed.refused(
            Forbidden(f"this takes the role {needed.role!s}; {caller.name} has {caller.role!s}")
        )

    def _still(self, scope: Scope, caller: Caller | None) -> bool:
        """Whether somebody would be let in again, as the same and with the same rights."""
        again = {**scope, "state": {}}
        return self._refusal(again) is None and again["state"]["caller"] == caller

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if is_loopback(self._host) and not is_loopback(host_name(headers.get("host", ""))):
            return problem(Forbidden("this host name is not ours: use the printed address"))
        path = scope["path"]
        caller, by_token = self._caller(headers)
        state = scope.setdefault("state", {})
        state["caller"], state["user"] = caller, caller.name if caller else None
        unsafe = scope["type"] == "websocket" or scope["method"] not in _SAFE
        if unsafe and not by_token and is_foreign(headers):
            return problem(Forbidden("a page of another site sent this request: refused"))
        if path in OPEN or (path.startswith(OPEN_FOLDERS) and not unsafe):
            return None
        if caller:
            return self._forbidden(scope, caller)
        if by_token and (slowed := refused_token(self._attempts, scope)):
            return slowed
        if scope["type"] == "websocket" or path.startswith(PROGRAMS):
            answer = problem(Unauthorized("send `Authorization: Bearer …`, or log in at /login"))
            answer.headers["WWW-Authenticate"] = "Bearer"
            return answer
        query = scope["query_string"].decode("latin-1")
        wanted = quote(path + (f"?{query}" if query else ""))
        return RedirectResponse(f"/login?next={wanted}", 303)

    def _forbidden(self, scope: Scope, caller: Caller) -> Response | None:
        """The refusal of a path that needs more than somebody is; None: it may be."""
        path, method = scope["path"], scope.get("method", SOCKET)
        needed = self._permissions.needed(method, path)
        if needed.allows(caller):
            return None
        self._note(f"refused: {method}", caller.name, scope)
        if path.startswith(PROGRAMS) or method not in _SAFE:
            takes = f"{needed.role!s}{' for all sites' if needed.whole and caller.sites else ''}"
            return problem(
                Forbidden(f"this takes the role {takes}; {caller.name} has {caller.role!s}")
            )
        return page_of(403, scope)

    def _caller(self, headers: Headers) -> tuple[Caller | None, bool]:
        kind, _, token = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            found = self._tokens.find(token.strip())
            return (Caller(found.name, found.role, found.sites) if found else None), True
        cookie = cookie_of(headers)
        caller = self._sessions.caller(cookie) if cookie else None
        return caller or (None if self._auth else ANYONE), False


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
