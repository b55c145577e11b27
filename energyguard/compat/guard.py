"""In front of a door: who may come in, how much may be sent, how long it may take.

Closed unless named: only the ``open`` paths need no token. Who looks needs ``read``, who changes
anything ``admin``: these systems knew no roles, and tokens of then are admins. One pure ASGI layer,
which looks at the headers once: it costs little where thousands of requests a second pass.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from energyguard.access.tokens import Tokens
from energyguard.api.gate.attempts import Attempts
from energyguard.api.gate.auth import check_auth, host_name, is_foreign, is_loopback
from energyguard.api.problems import Answer, TooLarge, internal, problem
from energyguard.clock import SYSTEM, Clock
from energyguard.compat.shapes import TooSlow
from energyguard.errors import EnergyGuardError, Forbidden, Unauthorized
from energyguard.limits import BODY_BYTES
from energyguard.model.access import AccessRole, Caller

DEADLINE_S = 5.0
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Guard:
    """Stands before everything else.

    Args:
        app: what is behind.
        tokens: of those who may come in.
        host: the address that is listened on.
        auth: false lets everyone in who is on this machine.
        answer: the shape of a refusal.
        open_paths: those that need no token.
        deadline_s: the longest that a request may take.
        body_limit: the longest body, bytes.
        streams: paths whose answers go on for as long as somebody listens.
        clock: for tokens that are tried too often.

    Raises:
        ConfigError: no tokens on an address that is not loopback.
    """

    def __init__(
        self,
        app: ASGIApp,
        tokens: Tokens,
        host: str,
        auth: bool,
        answer: Answer,
        open_paths: Collection[str],
        deadline_s: float = DEADLINE_S,
        body_limit: int = BODY_BYTES,
        clock: Clock = SYSTEM,
        streams: Collection[str] = (),
    ) -> None:
        check_auth(auth, host)
        self._app, self._tokens, self._auth, self._answer = app, tokens, auth, answer
        self._attempts = Attempts(clock)
        self._streams = frozenset(streams)
        self._open, self._local = frozenset(open_paths), is_loopback(host)
        self._deadline_s, self._body_limit = deadline_s, body_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await receive()
            await send({"type": "websocket.close", "code": 1008})  # before accept: a plain 403
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await self._problem(refusal)(scope, receive, send)
            return
        count = "transfer-encoding" in headers  # with a length the server holds the sender to it
        await self._in_time(scope, _Counted(receive, self._body_limit) if count else receive, send)

    def _refusal(self, scope: Scope, headers: Headers) -> EnergyGuardError | None:
        if self._local and not is_loopback(host_name(headers.get("host", ""))):
            return Forbidden("this host name is not ours: use the address that was printed")
        kind, _, token = headers.get("authorization", "").partition(" ")
        bearer = kind.lower() == "bearer"
        if not bearer and scope["method"] not in _SAFE and is_foreign(headers):
            return Forbidden("a page of another site sent this request: refused")
        caller = Caller("anyone", AccessRole.ADMIN)
        if self._auth and scope["path"] not in self._open:
            found = self._tokens.find(token.strip()) if bearer else None
            if found is None:
                if bearer:
                    slowed = self._attempts.slowed(scope)
                    self._attempts.failed(scope, "token")
                    if slowed:
                        return slowed
                return Unauthorized("send `Authorization: Bearer …`, with a token that is known")
            needed = AccessRole.READ if scope["method"] in _SAFE else AccessRole.ADMIN
            if found.sites or not Caller(found.name, found.role).may(needed):
                return Forbidden(f"this takes a token with the role {needed!s}, for all sites")
            caller = Caller(found.name, found.role)
            scope.setdefault("state", {})["user"] = found.name
        scope.setdefault("state", {})["caller"] = caller
        length = headers.get("content-length", "")
        if length.isdigit() and int(length) > self._body_limit:
            return self._too_large()
        return None

    async def _in_time(self, scope: Scope, receive: Receive | _Counted, send: Send) -> None:
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            if isinstance(receive, _Counted) and receive.over:
                return  # what is behind may have made something else of it: the answer is ours
            begun = True
            await send(message)

        refusal: EnergyGuardError | None = None
        deadline_s = None if scope["path"] in self._streams else self._deadline_s
        try:
            async with asyncio.timeout(deadline_s):
                await self._app(scope, receive, sending)
        except TimeoutError:
            refusal = TooSlow(
                f"no answer in {self._deadline_s:g} s: it may have been done, or may be yet"
            )
        except (TooLarge, ClientDisconnect):
            pass
        except Exception as error:
            if not scope.get("state", {}).get("logged"):
                answer = internal(error, scope["path"], self._answer)
                if not begun:
                    await answer(scope, receive, send)
        if isinstance(receive, _Counted) and receive.over:
            refusal = self._too_large()
        if refusal is not None and not begun:
            await self._problem(refusal)(scope, receive, send)

    def _problem(self, error: EnergyGuardError) -> Response:
        answer = problem(error, self._answer)
        if answer.status_code == 401:
            answer.headers["WWW-Authenticate"] = "Bearer"
        return answer

    def _too_large(self) -> TooLarge:
        return TooLarge(f"the body is longer than {self._body_limit} bytes: send it in parts")


class _Counted:
    """Receives a body of unknown length, up to a limit."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive, self._left = receive, limit

    @property
    def over(self) -> bool:
        """Whether there was more."""
        return self._left < 0

    async def __call__(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self.over:
            raise TooLarge("too long")
        return message
