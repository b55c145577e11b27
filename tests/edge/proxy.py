"""A bad line: a TCP proxy that delays, cuts at random, flips bytes, or lets nothing through."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Thread

CHUNK = 1 << 18


@dataclass
class BadLine:
    """What the proxy does; may be changed while it runs.

    Attributes:
        delay_s: of each direction.
        flips: so many of the chunks of bytes, of 1, have one bit turned.
        open: false: what is there is cut, and nobody gets through.
    """

    port: int = 0
    delay_s: float = 0.0
    flips: float = 0.0
    open: bool = True
    flipped: int = 0
    cut: int = 0
    carried: int = 0
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    def cut_now(self) -> None:
        """End every connection, with a reset."""
        self._loop.call_soon_threadsafe(self._cut)

    def close(self) -> None:
        """Let nobody through, and end what is there."""
        self.open = False
        self.cut_now()

    def _cut(self) -> None:
        for writer in self._writers:
            self.cut += 1
            writer.transport.abort()
        self._writers.clear()

    async def _serve(self, to: int) -> None:
        async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if not self.open:
                writer.transport.abort()
                return
            try:
                there, back = await asyncio.open_connection("127.0.0.1", to)
            except OSError:
                writer.transport.abort()
                return
            ends = {writer, back}
            self._writers |= ends
            pumps = [
                asyncio.create_task(self._pump(reader, back)),
                asyncio.create_task(self._pump(there, writer)),
            ]
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for pump in pumps:
                pump.cancel()
            for end in ends:
                end.transport.abort()
            self._writers -= ends

        server = await asyncio.start_server(take, "127.0.0.1", self.port, limit=CHUNK)
        self.port = server.sockets[0].getsockname()[1]

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(4096)

        async def deliver() -> None:
            with suppress(ConnectionError):
                while True:
                    due_s, data = await waiting.get()
                    if (left := due_s - self._loop.time()) > 0:
                        await asyncio.sleep(left)
                    if not data:
                        return
                    writer.write(data)
                    await writer.drain()

        delivery = asyncio.create_task(deliver())
        try:
            with suppress(ConnectionError):
                while data := await reader.read(CHUNK):
                    self.carried += len(data)
                    if self.flips and self.chance.random() < self.flips:
                        turned = bytearray(data)
                        turned[self.chance.randrange(len(turned))] ^= 1 << self.chance.randrange(8)
                        data, self.flipped = bytes(turned), self.flipped + 1
                    await waiting.put((self._loop.time() + self.delay_s, data))
            await waiting.put((0.0, b""))
            await delivery
        finally:
            delivery.cancel()

    def run(self, to: int) -> None:
        """Carry bytes to a port until the loop is stopped."""
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve(to))
        self._loop.run_forever()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0.05))
        self._loop.close()


@contextmanager
def bad_line(to: int, delay_s: float = 0.0) -> Iterator[BadLine]:
    """A proxy at a free port of loopback to another port there."""
    line = BadLine(delay_s=delay_s)
    thread = Thread(target=line.run, args=(to,), daemon=True)
    thread.start()
    while not line.port:
        thread.join(0.01)
    try:
        yield line
    finally:
        line._loop.call_soon_threadsafe(line._loop.stop)
        thread.join(10)
