"""A stream of telegrams over TCP: a port of a meter, or an optical eye, behind a small server.

What comes is kept with the moment at which it came, and given when the device is asked: every
telegram is taken, however often that is. The line stays open; the meter sends of itself.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

from energyguard.clock import SYSTEM
from energyguard.errors import Unavailable
from energyguard.poll.source import ArrivedTelegram, PollAnswer, PollKind, PollTarget
from energyguard.telegrams.stream import TelegramStream

MAX_WAITING: Final = 1_000
"""Telegrams that wait for the log; the rest waits in the line."""
_PIECE: Final = 2**14


class TelegramSource:
    """Listens to a line, and gives the telegrams that have come.

    Args:
        target: the device; its time-out is how long it may send nothing.
    """

    def __init__(self, target: PollTarget) -> None:
        self._target = target
        self._waiting: deque[ArrivedTelegram] = deque()
        self._came, self._taken = asyncio.Event(), asyncio.Event()
        self._listening: asyncio.Task[None] | None = None

    @property
    def original(self) -> bytes:
        """Nothing: a telegram that cannot be read is refused with its own bytes."""
        return b""

    async def ask(self) -> PollAnswer:
        """The telegrams that have come, or the next one."""
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen())
        coming = asyncio.create_task(self._came.wait())
        try:
            await asyncio.wait(
                [coming, self._listening],
                timeout=self._target.timeout_s,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            coming.cancel()
        telegrams = list(self._waiting)
        self._waiting.clear()
        self._came.clear()
        self._taken.set()
        if not telegrams:
            if self._listening.done():
                self._listening.result()
            raise Unavailable(f"no whole telegram in {self._target.timeout_s:g} s")
        return PollAnswer([], [], telegrams)

    async def close(self) -> None:
        """Let go of the line."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)

    async def _listen(self) -> None:
        """Take what the line brings.

        Raises:
            Unavailable: it is lost.
        """
        parts, stream, newest_ms = urlsplit(self._target.address), TelegramStream(), 0
        try:
            line, writer = await asyncio.open_connection(parts.hostname, parts.port)
        except OSError as error:
            raise Unavailable(str(error)) from None
        try:
            while piece := await line.read(_PIECE):
                for telegram in stream.feed(piece):
                    newest_ms = max(SYSTEM.now_ms(), newest_ms + 1)
                    arrived = ArrivedTelegram(telegram.data, telegram.shape, newest_ms)
                    self._waiting.append(arrived)
                    self._came.set()
                while len(self._waiting) >= MAX_WAITING:
                    self._taken.clear()
                    await self._taken.wait()
        except OSError as error:
            raise Unavailable(f"the line is lost: {error}") from None
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
        raise Unavailable("the line was closed from there")


KIND: Final = PollKind(
    name="telegram",
    title="P1, SML or TIC on a TCP port",
    about="meters' own telegrams in a stream: P1, SML, the Linky's TIC",
    open=TelegramSource,
    schemes=("tcp",),
    options=frozenset(),
    listens=True,
)
