"""Whoever leaves before the answer begins is no fault; a fault stays one."""

from __future__ import annotations

import asyncio

import pytest
from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import Message, Receive, Scope, Send
from structlog.testing import capture_logs
from uvicorn.protocols.utils import ClientDisconnected

from energyguard.api import problems
from energyguard.api.middleware import OwnPages


async def _as_it_comes(request: Request, call_next: RequestResponseEndpoint) -> Response:
    return await call_next(request)


def served() -> OwnPages:
    """Layers as the page's framework has them."""
    app = FastAPI()
    problems.install(app)
    app.add_middleware(GZipMiddleware)  # keeps the beginning back until something follows
    app.add_middleware(BaseHTTPMiddleware, dispatch=_as_it_comes)

    @app.get("/ui/file")
    async def file(request: Request) -> Response:
        return FileResponse(__file__)  # it stops where who asked has left

    @app.get("/ui/broken")
    async def broken(request: Request) -> Response:
        await request.is_disconnected()
        raise RuntimeError("broken")

    return OwnPages(app)


@pytest.mark.parametrize(
    ("path", "leaves", "faults"),
    [("/ui/file", True, 0), ("/ui/file", False, 0), ("/ui/broken", True, 1)],
)
async def test_who_leaves_is_no_fault(path: str, leaves: bool, faults: int) -> None:
    came: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]
    sent: list[Message] = []

    async def receive() -> Message:
        if not came and not leaves:
            await asyncio.sleep(60)
        return came.pop(0) if came else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(),
        "query_string": b"", "headers": [], "state": {}, "http_version": "1.1",
        "scheme": "http", "server": ("here", 80), "client": ("there", 1), "root_path": "",
    }  # fmt: skip
    with capture_logs() as logged:
        await served()(scope, receive, send)
    assert [entry["event"] for entry in logged] == ["a fault of ours"] * faults


async def test_who_leaves_while_a_socket_is_accepted_is_no_fault() -> None:
    async def accepts(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def gone(message: Message) -> None:
        raise ClientDisconnected  # as the server does

    scope = {"type": "websocket", "path": "/_nicegui_ws/socket.io/", "headers": [], "state": {}}
    with capture_logs() as logged:
        await OwnPages(accepts)(scope, receive, gone)
    assert not logged
