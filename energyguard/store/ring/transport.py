"""Messages between nodes: length-prefixed msgpack over TCP, many under way at once.

Replies come back on the connection of their request. A connection begins with a greeting: who
calls, and the cluster's secret. The network between nodes is not encrypted: it has to be private.
"""

from __future__ import annotations

import asyncio
import hmac
import struct
from collections.abc import Callable
from urllib.parse import urlsplit

import msgspec

from energyguard.errors import ConfigError
from energyguard.limits import ACCEPTED_AT_ONCE, FRAME_BYTES, GREETING_BYTES, GREETING_S, UNGREETED
from energyguard.ports.sockets import with_keep_alive
from energyguard.store.ring.messages import Message
from energyguard.telemetry import logger

PORTS_APART = 10_000
"""Nodes talk on the port of their HTTP address plus this, as those of Valkey Cluster do."""
RECONNECT_S = (0.02, 0.05, 0.1, 0.25, 0.5)
LASTING_S = 1.0
MAX_WAITING = 16 * 1024 * 1024  # bytes; what does not go out any more is lost, and sent again

_LENGTH = struct.Struct(">I")
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Message).decode

_log = logger(__name__)

Receiver = Callable[[str, Message], None]


class Greeting(msgspec.Struct, frozen=True, array_like=True):
    """The first frame of a connection."""

    name: str
    secret: str


_greeting = msgspec.msgpack.Decoder(Greeting).decode


def peer_address(node: str) -> tuple[str, int]:
    """Where a node listens to others.

    Args:
        node: its HTTP address, such as ``http://127.0.0.1:8101``.

    Raises:
        ConfigError: it is no such address, or its port is too high.
    """
    try:
        parts = urlsplit(node)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or not port or parts.scheme != "http":
        raise ConfigError(f"{node!r} is no node, such as http://127.0.0.1:8101")
    if port + PORTS_APART > 65_535:
        raise ConfigError(f"{node}: nodes need a port up to {65_535 - PORTS_APART}")
    return host, port + PORTS_APART


class Frames(asyncio.Protocol):
    """One connection, either end."""

    def __init__(self, opened: Callable[[Frames], None], closed: Callable[[Frames], None]) -> None:
        self._opened, self._closed = opened, closed
        self._received = bytearray()
        self._out: list[bytes] = []
        self.frame: Callable[[bytes], None] = lambda _frame: None
        self.longest = FRAME_BYTES
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self.transport = None
        self._closed(self)

    def data_received(self, data: bytes) -> None:
        """Take whole frames out of what has come."""
        received = self._received
        received += data
        start = 0
        while len(received) - start >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(received, start)
            if length > self.longest:
                self.close()
                return
            end = start + _LENGTH.size + length
            if end > len(received):
                break
            frame = bytes(received[start + _LENGTH.size : end])
            start = end
            self.frame(frame)
            if self.transport is None or self.transport.is_closing():
                return  # who was refused is not heard any further
        del received[:start]

    def send(self, body: bytes) -> None:
        """Put a frame on its way; those of one turn of the loop go out together."""
        if self.transport is None or self.transport.get_write_buffer_size() > MAX_WAITING:
            return
        if not self._out:
            asyncio.get_running_loop().call_soon(self._flush)
        self._out += (_LENGTH.pack(len(body)), body)

    def _flush(self) -> None:
        out, self._out = self._out, []
        if self.transport is not None:
            self.transport.writelines(out)

    def close(self) -> None:
        """Hang up."""
        if self.transport is not None:
            self.transport.close()


class Links:
    """The connections of one process, by the name of who is at the other end."""

    def __init__(self, name: str, receive: Receiver, secret: str = "") -> None:
        """Begin; ``call`` makes connections, ``listen`` takes them."""
        self.name, self._receive, self._secret = name, receive, secret
        self._links: dict[str, Frames] = {}
        self._calls: dict[str, asyncio.Task[None]] = {}
        self._waiting: dict[str, list[bytes]] = {}  # for a node that is being called
        self._server: asyncio.Server | None = None
        self._last: tuple[Message, bytes] | None = None
        self._ungreeted: dict[Frames, asyncio.TimerHandle] = {}  # by when they called
        self._refusal_logged = float("-inf")

    async def listen(self, host: str, port: int) -> None:
        """Take calls.

        Raises:
            OSError: the port is taken.
        """
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._taken, host, port, backlog=ACCEPTED_AT_ONCE)
        for listening in self._server.sockets:
            with_keep_alive(listening)

    def send(self, to: str, message: Message) -> None:
        """Put a message on its way; where nobody is, it is lost."""
        link = self._links.get(to)
        if link is None:
            if to.startswith("http://"):
                self._call(to)
            if to in self._waiting:
                self._waiting[to].append(self._encoded(message))
        else:
            link.send(self._encoded(message))

    def _encoded(self, message: Message) -> bytes:
        if self._last is None or self._last[0] is not message:
            self._last = message, _encode(message)
        return self._last[1]

    def is_up(self, node: str) -> bool:
        """Whether there is a connection."""
        return node in self._links

    async def ready(self, nodes: list[str], timeout_s: float) -> None:
        """Call nodes, and wait until they are there, or the time is over."""
        for node in nodes:
            self._call(node)
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout_s
        while loop.time() < end and not all(map(self.is_up, nodes)):
            await asyncio.sleep(0.005)

    async def close(self) -> None:
        """Hang up everywhere."""
        for task in self._calls.values():
            task.cancel()
        if self._server is not None:
            self._server.close()
        for link in list(self._links.values()):
            link.close()
        await asyncio.gather(*self._calls.values(), return_exceptions=True)

    def _call(self, node: str) -> None:
        if node not in self._calls:
            self._waiting[node] = []
            self._calls[node] = asyncio.get_running_loop().create_task(self._keep_calling(node))

    async def _keep_calling(self, node: str) -> None:
        """Have a connection, for ever."""
        host, port = peer_address(node)
        loop, tries = asyncio.get_running_loop(), 0
        while True:
            gone = asyncio.Event()

            def opened(link: Frames) -> None:
                link.frame = self._reader(node)
                link.send(_encode(Greeting(self.name, self._secret)))
                self._links[node] = link
                for body in self._waiting.pop(node, ()):
                    link.send(body)

            def closed(link: Frames, gone: asyncio.Event = gone) -> None:
                if self._links.get(node) is link:
                    del self._links[node]
                gone.set()

            try:
                await loop.create_connection(lambda: Frames(opened, closed), host, port)
                began = loop.time()
                await gone.wait()
                tries = 0 if loop.time() > began + LASTING_S else tries  # else it was refused
            except OSError:
                self._waiting.pop(node, None)
            await asyncio.sleep(RECONNECT_S[min(tries, len(RECONNECT_S) - 1)])
            tries += 1

    def _taken(self) -> Frames:
        """Somebody calls: nothing is taken in but its greeting, small and soon."""
        names: list[str] = []

        def opened(link: Frames) -> None:
            link.longest = GREETING_BYTES
            link.frame = lambda frame: self._greeted(link, frame, names)
            if len(self._ungreeted) >= UNGREETED:
                oldest = next(iter(self._ungreeted))
                self._ungreeted.pop(oldest).cancel()
                oldest.close()
            loop = asyncio.get_running_loop()
            self._ungreeted[link] = loop.call_later(GREETING_S, link.close)

        def closed(link: Frames) -> None:
            self._no_longer_awaited(link)
            for name in names:
                if self._links.get(name) is link:
                    del self._links[name]

        return Frames(opened, closed)

    def _no_longer_awaited(self, link: Frames) -> None:
        if timer := self._ungreeted.pop(link, None):
            timer.cancel()

    def _greeted(self, link: Frames, frame: bytes, names: list[str]) -> None:
        try:
            greeting = _greeting(frame)
            welcome = hmac.compare_digest(greeting.secret.encode(), self._secret.encode())
        except msgspec.DecodeError:
            welcome = False
        if not welcome:
            self._refused(link)
            return
        self._no_longer_awaited(link)
        link.longest = FRAME_BYTES
        name = f"<{greeting.name}" if greeting.name.startswith("http://") else greeting.name
        names.append(name)
        self._links[name] = link
        link.frame = self._reader(name)

    def _refused(self, link: Frames) -> None:
        """Hang up; the log says so at most every few seconds."""
        now = asyncio.get_running_loop().time()
        if now >= self._refusal_logged + GREETING_S:
            self._refusal_logged = now
            _log.warning("a caller without the cluster's secret was refused")
        link.close()

    def _reader(self, name: str) -> Callable[[bytes], None]:
        def read(frame: bytes) -> None:
            try:
                message = _decode(frame)
            except msgspec.DecodeError as error:
                _log.error(
                    "a message that cannot be read was dropped", sender=name, error=str(error)
                )
                return
            self._receive(name, message)

        return read
