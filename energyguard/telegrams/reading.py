"""Telegrams become readings: one after the other, each whole or refused with its reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from energyguard.codecs import Decoded
from energyguard.codecs.context import DecodeContext
from energyguard.codecs.dialect import Decode
from energyguard.codecs.framing import Framing
from energyguard.codecs.http import HttpDelivery, HttpSent
from energyguard.dialects.rows import NamedValue, readings_of_rows
from energyguard.errors import Malformed


class Telegram(NamedTuple):
    """A telegram, and what is known beside its bytes.

    Attributes:
        data: from its beginning to its end.
        arrived_ms: when it came, ms since 1970; 0: nobody knows.
        named: what the sender says that the device is called; empty: as the meter's number.
        fallback: what it is called where the meter has no number.
    """

    data: bytes
    arrived_ms: int
    named: str = ""
    fallback: str = ""

    def device(self, number: str) -> str:
        """Whose the values are. A number that is all zeros was never set, or is hidden.

        Raises:
            Malformed: nothing names it.
        """
        is_number = bool(number.strip("0"))
        if found := self.named or (number if is_number else "") or self.fallback:
            return found
        raise Malformed("no number of a meter is in it: name its device (device=NAME)", "device")


ReadTelegram = Callable[[Telegram], Iterator[NamedValue]]
"""The values of a telegram. Raises ``Malformed``."""


def decoder(dialect: str, framing: Framing, read: ReadTelegram) -> Decode:
    """Decodes bodies of telegrams.

    Those of one body that have no time of their own came one ms after the other, the last now.
    """

    def decode(data: bytes, context: DecodeContext) -> Decoded:
        pieces = list(framing.pieces(data)) or [data] * bool(data.strip())
        rows = list(enumerate(pieces, context.first_row))
        arrivals = _Arrivals(context.now_ms, len(pieces))

        def values(piece: bytes) -> Iterator[NamedValue]:
            arrived_ms = arrivals.following()
            if not framing.is_whole(piece):
                raise Malformed("it is no whole telegram: its beginning or its end is missing")
            return read(Telegram(piece, arrived_ms, context.options, context.device))

        shape = f"{dialect}:{context.options}" if context.options else dialect
        return readings_of_rows(rows, values, dialect, shape, context)

    return decode


class _Arrivals:
    """When each of some telegrams came: one ms after the other, the last now."""

    def __init__(self, now_ms: int, count: int) -> None:
        self._known = bool(now_ms)
        self._next_ms = now_ms - count

    def following(self) -> int:
        self._next_ms += 1
        return self._next_ms if self._known else 0


def posted(dialect: str) -> Callable[[HttpSent], HttpDelivery]:
    """What a request with telegrams as its body brings; ``device`` in its address names whose."""

    def read(sent: HttpSent) -> HttpDelivery:
        return delivery(sent.body, dialect, sent.query.get("device", ""))

    return read


def delivery(data: bytes, dialect: str, device: str) -> HttpDelivery:
    """Telegrams of a dialect, and what their device is called; empty: as the meter's number."""
    return HttpDelivery(data, f"{dialect}:{device}" if device else dialect)
