"""Files that a browser asks for before it can draw anything, kept as they were sent.

A page takes some thirty of them; found, read and compressed anew for each visitor they cost more
than the page itself. They do not change while a process runs.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_KEPT_BYTES: Final = 4 * 2**20
"""Of all files together, as they are sent; the page's own take a tenth of it."""
_NOT_THE_WHOLE = ("range", "if-none-match", "if-modified-since")
_OF_THE_FILE = (b"content-type", b"content-encoding", b"cache-control", b"etag", b"last-modified")
"""Headers that are the same for everyone; a cookie is not."""


class KeptFile(NamedTuple):
    """A file as it is sent: its headers and its bytes."""

    headers: list[tuple[bytes, bytes]]
    body: bytes


FileKey = tuple[str, bool]
"""What a file is kept by: its address with the query, and whether it may be compressed."""


class KeptFiles:
    """Answers for files from memory; whoever asks first has them from the application.

    Args:
        app: what is behind; it compresses what it sends, and marks files by an ``etag``.
        under: the beginnings of the paths of such files.
    """

    def __init__(self, app: ASGIApp, under: tuple[str, ...]) -> None:
        self._app, self._under = app, under
        self._kept: dict[FileKey, KeptFile] = {}
        self._bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on and keep what comes."""
        key = self._key(scope)
        if key is None:
            await self._app(scope, receive, send)
        elif (kept := self._kept.get(key)) is None:
            await self._app(scope, receive, self._keeping(key, send))
        else:
            start = {"type": "http.response.start", "status": 200, "headers": [*kept.headers]}
            await send(start)
            await send({"type": "http.response.body", "body": kept.body})

    def _key(self, scope: Scope) -> FileKey | None:
        if scope["type"] != "http" or scope["method"] != "GET":
            return None
        headers = Headers(scope=scope)
        if not scope["path"].startswith(self._under) or any(
            name in headers for name in _NOT_THE_WHOLE
        ):
            return None
        address = f"{scope['path']}?{scope['query_string'].decode('latin-1')}"
        return address, "gzip" in headers.get("accept-encoding", "")

    def _keeping(self, key: FileKey, send: Send) -> Send:
        """A ``send`` that keeps a file when the whole of it has passed."""
        headers: list[tuple[bytes, bytes]] | None = None
        body = bytearray()

        async def sending(message: Message) -> None:
            nonlocal headers
            if message["type"] == "http.response.start":
                found = {name.lower(): value for name, value in message["headers"]}
                if message["status"] == 200 and b"etag" in found:
                    headers = [(name, found[name]) for name in _OF_THE_FILE if name in found]
            elif message["type"] == "http.response.body" and headers is not None:
                body.extend(message.get("body", b""))
                if not message.get("more_body", False):
                    self._keep(key, headers, bytes(body))
            await send(message)

        return sending

    def _keep(self, key: FileKey, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        """Keep a file, while there is room."""
        if key in self._kept or self._bytes + len(body) > MAX_KEPT_BYTES:
            return
        self._bytes += len(body)
        size = (b"content-length", str(len(body)).encode())
        self._kept[key] = KeptFile([*headers, size, (b"vary", b"Accept-Encoding")], body)
