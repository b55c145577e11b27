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
_OF_ITS_SIZE = (b"content-length", b"vary", b"accept-ranges")
_Headers = list[tuple[bytes, bytes]]


class SentFile(NamedTuple):
    """The whole of an answer: its status, its headers and its bytes."""

    status: int
    headers: _Headers
    body: bytes

    async def send(self, send: Send) -> None:
        """Send it."""
        start = {"type": "http.response.start", "status": self.status, "headers": [*self.headers]}
        await send(start)
        await send({"type": "http.response.body", "body": self.body})

    def of_size(self) -> SentFile:
        """The answer with the size of its bytes, and a weak mark where they are packed.

        A browser whose transfer was cut off asks for the rest of a file by a strong ``etag``; the
        rest of a file as it is does not continue a packed one.
        """
        found = {name.lower(): value for name, value in self.headers}
        headers = [pair for pair in self.headers if pair[0].lower() not in _OF_ITS_SIZE]
        headers += [(b"vary", b"Accept-Encoding"), (b"content-length", b"%d" % len(self.body))]
        mark = found.get(b"etag", b"")
        if b"content-encoding" in found and mark.startswith(b'"'):
            headers = [pair for pair in headers if pair[0].lower() != b"etag"]
            headers.append((b"etag", b"W/" + mark))
        return self._replace(headers=headers)

    def for_everyone(self) -> SentFile | None:
        """What others may be given of it; None: it is no file."""
        found = {name.lower(): value for name, value in self.headers}
        if self.status != 200 or b"etag" not in found:
            return None
        of_all = (*_OF_THE_FILE, *_OF_ITS_SIZE)
        return self._replace(headers=[(name, found[name]) for name in of_all if name in found])


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
        self._kept: dict[FileKey, SentFile] = {}
        self._bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on and keep what comes."""
        key = self._key(scope)
        if key is None:
            await self._app(scope, receive, send)
            return
        answer = self._kept.get(key)
        if answer is None:
            answer = await self._fetched(key, scope, receive)
            self._keep(key, answer.for_everyone())
        await answer.send(send)

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

    async def _fetched(self, key: FileKey, scope: Scope, receive: Receive) -> SentFile:
        """What the application answers, the whole of it, packed as the visitor takes it."""
        if key[1] != "br":
            return (await _whole(self._app, scope, receive)).of_size()
        plain = [header for header in scope["headers"] if header[0] != b"accept-encoding"]
        answer = await _whole(self._app, {**scope, "headers": plain}, receive)
        packed = await asyncio.to_thread(_by_brotli, answer.body)
        if len(packed) < len(answer.body):
            headers = [*answer.headers, (b"content-encoding", b"br")]
            answer = answer._replace(headers=headers, body=packed)
        return answer.of_size()

    def _keep(self, key: FileKey, answer: SentFile | None) -> None:
        """Keep a file, while there is room."""
        if answer is None or key in self._kept:
            return
        if self._bytes + len(answer.body) <= MAX_KEPT_BYTES:
            self._bytes += len(answer.body)
            self._kept[key] = answer


async def _whole(app: ASGIApp, scope: Scope, receive: Receive) -> SentFile:
    """All that an application answers, also when the visitor leaves meanwhile.

    Who hears that a visitor has left ends an answer where it stands, as if that were all of it.
    """
    status, headers, body = 0, _Headers(), bytearray()

    async def staying() -> Message:
        message = await receive()
        if message["type"] == "http.disconnect":
            await asyncio.Event().wait()  # until the answer is whole
        return message

    async def take(message: Message) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status, headers = message["status"], [*message["headers"]]
        else:
            body.extend(message.get("body", b""))

    await app(scope, staying, take)
    return SentFile(status, headers, bytes(body))


def _by_brotli(body: bytes) -> bytes:
    packed: bytes = pa.Codec("brotli", BROTLI_LEVEL).compress(body, asbytes=True)
    return packed
