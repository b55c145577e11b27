"""Files that a browser asks for before it can draw anything, kept as they were sent.

A page takes some thirty of them; found, read and compressed anew for each visitor they cost more
than the page itself. They do not change while a process runs. Browsers that take Brotli (over
TLS, and from their own machine) get a tenth less of them than by gzip.
"""

from __future__ import annotations

import asyncio
from typing import Final, NamedTuple

import pyarrow as pa
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_KEPT_BYTES: Final = 4 * 2**20
"""Of all files together, as they are sent; the page's own take a tenth of it."""
BROTLI_LEVEL: Final = 9
"""The next levels take fifteen times as long for a twentieth less."""
_NOT_THE_WHOLE = ("range", "if-none-match", "if-modified-since")
_OF_THE_FILE = (b"content-type", b"content-encoding", b"cache-control", b"etag", b"last-modified")
"""Headers that are the same for everyone; a cookie is not."""
_OF_ITS_SIZE = (b"content-length", b"vary")


class KeptFile(NamedTuple):
    """A file as it is sent: its headers and its bytes."""

    headers: list[tuple[bytes, bytes]]
    body: bytes


FileKey = tuple[str, str]
"""What a file is kept by: its address with the query, and how it may be compressed, if at all."""


class KeptFiles:
    """Answers for files from memory; whoever asks first has them from the application.

    Args:
        app: what is behind; it compresses what it sends by gzip, and marks files by an ``etag``.
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
        elif (kept := self._kept.get(key)) is not None:
            start = {"type": "http.response.start", "status": 200, "headers": [*kept.headers]}
            await send(start)
            await send({"type": "http.response.body", "body": kept.body})
        elif key[1] == "br":
            plain = [header for header in scope["headers"] if header[0] != b"accept-encoding"]
            whole = _Whole(self._keeping(key, send))
            await self._app({**scope, "headers": plain}, receive, whole.take)
            await whole.send_packed()
        else:
            await self._app(scope, receive, self._keeping(key, send))

    def _key(self, scope: Scope) -> FileKey | None:
        if scope["type"] != "http" or scope["method"] != "GET":
            return None
        headers = Headers(scope=scope)
        if not scope["path"].startswith(self._under) or any(
            name in headers for name in _NOT_THE_WHOLE
        ):
            return None
        address = f"{scope['path']}?{scope['query_string'].decode('latin-1')}"
        offered = headers.get("accept-encoding", "").split(",")
        taken = {name.partition(";")[0].strip() for name in offered}
        return address, next((way for way in ("br", "gzip") if way in taken), "")

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


class _Whole:
    """An answer that comes uncompressed, to be sent by Brotli where that makes it smaller."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._start: Message = {}
        self._body = bytearray()

    async def take(self, message: Message) -> None:
        """Take what the application sends."""
        if message["type"] == "http.response.start":
            self._start = message
        else:
            self._body.extend(message.get("body", b""))

    async def send_packed(self) -> None:
        """Send all that was taken."""
        body = bytes(self._body)
        packed = await asyncio.to_thread(_by_brotli, body)
        headers = [*self._start["headers"]]
        if len(packed) < len(body):
            body = packed
            headers = [pair for pair in headers if pair[0].lower() not in _OF_ITS_SIZE]
            headers += [(b"content-encoding", b"br"), (b"vary", b"Accept-Encoding")]
            headers += [(b"content-length", str(len(body)).encode())]
        await self._send({**self._start, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})


def _by_brotli(body: bytes) -> bytes:
    packed: bytes = pa.Codec("brotli", BROTLI_LEVEL).compress(body, asbytes=True)
    return packed
