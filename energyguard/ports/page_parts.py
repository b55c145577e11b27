"""Pages that come in parts: each part is compressed and on its way before the next one is known."""

from __future__ import annotations

import zlib

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from energyguard.ports.policy import is_plain_page

LEVEL = 9
_GZIP = 16 + zlib.MAX_WBITS


class CompressedParts:
    """Compresses pages part by part; what compresses whole answers would keep the first part back.

    Args:
        app: what is behind.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and compress an answer that is a page."""
        takes = scope["type"] == "http" and "gzip" in Headers(scope=scope).get(
            "accept-encoding", ""
        )
        await self._app(scope, receive, _compressing(send) if takes else send)


def _compressing(send: Send) -> Send:
    packer = None

    async def sending(message: Message) -> None:
        nonlocal packer
        if message["type"] == "http.response.start" and is_plain_page(message):
            packer = zlib.compressobj(LEVEL, wbits=_GZIP)
            headers = MutableHeaders(scope=message)
            headers["content-encoding"] = "gzip"
            headers.add_vary_header("Accept-Encoding")
            del headers["content-length"]
        elif message["type"] == "http.response.body" and packer is not None:
            how = zlib.Z_SYNC_FLUSH if message.get("more_body", False) else zlib.Z_FINISH
            body = packer.compress(message.get("body", b"")) + packer.flush(how)
            message = {**message, "body": body}
        await send(message)

    return sending
