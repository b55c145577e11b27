"""Requests at a rate or as fast as they are answered, on connections that stay open.

As little work per request as Python allows: on two cores the load takes its share from what is
measured.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import repeat

Requests = Iterator[bytes]
CHUNKS_END = b"\r\n0\r\n\r\n"


def request(method: str, path: str, body: bytes = b"") -> bytes:
    """A request, ready to be sent."""
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


@dataclass
class Seen:
    """What became of the requests."""

    latencies_s: list[float] = field(default_factory=list)
    ended_s: list[float] = field(default_factory=list)  # monotonic, of those that went well
    failed: list[tuple[float, int, bytes]] = field(default_factory=list)  # when, status, body
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Requests a second that went well."""
        return len(self.ended_s) / self.seconds if self.seconds else 0.0

    def quantile_ms(self, share: float) -> float:
        """A latency that so many did not exceed."""
        ordered = sorted(self.latencies_s)
        return 1_000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


class Connection(asyncio.Protocol):
    """One request at a time."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        """End: nobody answers any more."""
        self._transport = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((0, b"the connection was lost"))

    def data_received(self, data: bytes) -> None:
        """Take the answer, when it is whole."""
        received = self._received
        received += data
        end = received.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(received[:end]).lower()
        at = head.find(b"content-length:")
        if at < 0 and b"transfer-encoding: chunked" in head:
            length = received.find(CHUNKS_END, end + 2) + len(CHUNKS_END) - end - 4
            if length < 0 or not received.endswith(CHUNKS_END):
                return
        else:
            length = int(head[at + 15 : (head + b"\r").find(b"\r", at)]) if at >= 0 else 0
        if len(received) < end + 4 + length:
            return
        body = bytes(received[end + 4 : end + 4 + length])
        del received[: end + 4 + length]
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((int(head[9:12]), body))

    async def ask(self, text: bytes) -> tuple[int, bytes]:
        """Send a request; status 0: nobody answered."""
        if self._transport is None:
            return 0, b"no connection"
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(text)
        return await self._answer


async def load(
    port: int,
    requests: Requests,
    connections: int,
    seconds: float,
    rate: float | None = None,
    done: Callable[[bytes, bytes], None] = lambda _text, _body: None,
) -> Seen:
    """Send requests on several connections.

    Args:
        port: on loopback.
        requests: endless.
        connections: how many at a time.
        seconds: for how long.
        rate: a second, on a schedule that waits for nobody: latencies count from the scheduled
            time; None: as fast as they are answered.
        done: is called with each request that went well and its answer.
    """
    seen, start = Seen(), time.monotonic()
    schedule = iter(range(10**12)) if rate else repeat(0)

    async def one() -> None:
        connection = await _connected(port)
        for text in requests:
            due = start + next(schedule) / rate if rate else time.monotonic()
            if max(due, time.monotonic()) > start + seconds:
                return
            if (wait := due - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            status, body = await connection.ask(text)
            now = time.monotonic()
            if status == 200:
                seen.latencies_s.append(now - due)
                seen.ended_s.append(now)
                done(text, body)
            else:
                seen.failed.append((now, status, body[:200]))
                if status == 0:
                    await asyncio.sleep(0.01)
                    connection = await _connected(port)

    await asyncio.gather(*(one() for _ in range(connections)))
    seen.seconds = time.monotonic() - start
    return seen


async def _connected(port: int) -> Connection:
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(Connection, "127.0.0.1", port)
    return connection
