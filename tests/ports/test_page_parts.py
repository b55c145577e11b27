"""A page that comes in parts is marked and compressed part by part, as each comes."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import pytest
from starlette.types import Message, Receive, Scope, Send

from energyguard.ports.page_parts import CompressedParts
from energyguard.ports.policy import Nonces

MARKED = b'<script nonce="n1">'


async def sent(parts: Sequence[bytes], accepts: bytes, kind: bytes = b"text/html") -> list[Message]:
    """What comes of an answer in these parts, message by message."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", kind), (b"content-length", b"999")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for n, part in enumerate(parts, 1):
            is_last = n == len(parts)
            await send({"type": "http.response.body", "body": part, "more_body": not is_last})

    came: list[Message] = []

    async def send(message: Message) -> None:
        came.append(message)

    async def receive() -> Message:
        raise AssertionError("nobody asks")

    scope = {
        "type": "http", "state": {"nonce": "n1"}, "headers": [(b"accept-encoding", accepts)]
    }  # fmt: skip
    await CompressedParts(Nonces(app))(scope, receive, send)
    return came


async def test_each_part_can_be_read_when_it_has_come() -> None:
    start, first, last = await sent((b"<p>one<script>", b"two</script>"), b"gzip, br")
    headers = dict(start["headers"])
    assert headers[b"content-encoding"] == b"gzip" and b"content-length" not in headers
    reading = zlib.decompressobj(wbits=31)
    assert reading.decompress(first["body"]) == b"<p>one" + MARKED
    assert reading.decompress(last["body"]) == b"two</script>" and reading.eof


@pytest.mark.parametrize("cut", range(1, 8))
async def test_a_script_that_is_cut_is_marked_once(cut: int) -> None:
    page = b"<p><script>go()</script></p>"
    _start, *bodies = await sent((page[: 3 + cut], page[3 + cut :]), b"")
    assert b"".join(body["body"] for body in bodies) == page.replace(b"<script>", MARKED)


async def test_what_is_no_page_stays_as_it_is() -> None:
    start, body = await sent((b"<script>",), b"gzip", b"text/plain")
    assert body["body"] == b"<script>"
    assert dict(start["headers"])[b"content-length"] == b"999"
