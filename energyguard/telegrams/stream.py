"""Telegrams in a stream of bytes: a serial line behind TCP, which says of nothing what it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from energyguard.codecs.framing import FramedStream
from energyguard.codecs.headers import known


class StreamedTelegram(NamedTuple):
    """A whole telegram, and the dialect that decodes it."""

    data: bytes
    shape: str


class TelegramStream:
    """Finds the telegrams of all dialects that have such. One for each connection.

    A meter speaks one dialect; the others look for their beginnings and find none.
    """

    def __init__(self) -> None:
        self._streams = [
            (dialect.name, FramedStream(dialect.framing))
            for dialect in known().all
            if dialect.framing is not None
        ]

    def feed(self, data: bytes) -> Iterator[StreamedTelegram]:
        """The telegrams that end in some more bytes, cut anywhere; all other bytes are dropped."""
        for shape, stream in self._streams:
            for telegram in stream.feed(data):
                yield StreamedTelegram(telegram, shape)
