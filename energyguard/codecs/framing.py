"""Where telegrams begin and end among other bytes: in a body, and in a stream that is cut anywhere.

A meter sends telegrams one after the other, without lengths, for ever; a reader begins in the
middle of one. A framing says by what one begins and ends; whether it is sound is its decoder's
business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

MAX_TELEGRAM: Final = 65_536
"""Bytes of a stream that are kept in wait for an end."""
_MARGIN: Final = 64
"""Bytes of a beginning or an end that may have come already."""


class Framing(NamedTuple):
    """By what the telegrams of a dialect begin and end.

    Attributes:
        begins: the first bytes; at most ``_MARGIN``, as those of an end.
        ends: the last ones, with what checks them.
        part: what stands in a piece of a telegram, and in no noise beside telegrams.
        closing: what an end needs after it, where a body may end without.
    """

    begins: re.Pattern[bytes]
    ends: re.Pattern[bytes]
    part: re.Pattern[bytes] = re.compile(rb"\S")
    closing: bytes = b""

    def is_whole(self, piece: bytes) -> bool:
        """Whether a piece is one telegram, from its beginning to its end."""
        return bool(self.begins.match(piece) and self.ends.search(piece))

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """The telegrams of a body in their order, and pieces of such; not what is between them."""
        if not data.endswith(self.closing):
            data += self.closing
        at = 0
        while end := self.ends.search(data, at):
            first = self._last_beginning(data, at, end.end())
            for piece in (data[at:first], data[first : end.end()]):
                if self.part.search(piece):
                    yield piece
            at = end.end()
        if self.part.search(data, at):
            yield data[at:]

    def _last_beginning(self, data: bytes | bytearray, at: int, end: int) -> int:
        """Where the last telegram before an end begins: one before it has lost its own end."""
        first = at
        for beginning in self.begins.finditer(data, at, end):
            first = beginning.start()
        return first

    def last_of(self, data: bytearray) -> bytes:
        """The telegram that ends with some bytes."""
        return bytes(data[self._last_beginning(data, 0, len(data)) :])


class FramedStream:
    """The telegrams of a stream of one dialect. Cost: O(bytes).

    Args:
        framing: by what they begin and end.
    """

    def __init__(self, framing: Framing) -> None:
        self._framing = framing
        self._kept = bytearray()
        self._looked = 0
        """Bytes after a beginning among which there is no end."""

    def feed(self, data: bytes) -> list[bytes]:
        """The telegrams that end in some more bytes; what is none is forgotten."""
        self._kept += data
        found = []
        while self._begin():
            end = self._framing.ends.search(self._kept, max(0, self._looked - _MARGIN))
            if end is None:
                self._looked = len(self._kept)
                if self._looked <= MAX_TELEGRAM:
                    break
                self._forget(1)
                continue
            found.append(self._framing.last_of(self._kept[: end.end()]))
            self._forget(end.end())
        return found

    def _begin(self) -> bool:
        """Whether a telegram has begun; the bytes before it are forgotten."""
        if self._looked:
            return True
        beginning = self._framing.begins.search(self._kept)
        if beginning is None:
            self._forget(max(0, len(self._kept) - _MARGIN))
            return False
        self._forget(beginning.start())
        self._looked = 1
        return True

    def _forget(self, count: int) -> None:
        del self._kept[:count]
        self._looked = 0
