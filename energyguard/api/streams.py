"""The open streams of a process: each is looked at again every few seconds.

A request is let in once; a websocket or a live stream then lasts for hours. It is closed when
whoever opened it would not be let in any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from energyguard.limits import STILL_WELCOME_S
from energyguard.telemetry import logger

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
