"""Signals at the border: JSON lines or an array of them, each in its charger's partition.

A body of signals is one delivery: they go to their topic in order of their time.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from operator import attrgetter

import msgspec

from energyguard.codecs import RefusedRow
from energyguard.codecs.refusals import MAX_REFUSED, Refusals
from energyguard.domains.charging.codec import SHAPE, refused, signal
from energyguard.domains.charging.model import Signal, partition_of
from energyguard.domains.charging.topics import SIGNALS
from energyguard.errors import Malformed, Rejected
from energyguard.intake.gateway import Gateway
from energyguard.intake.messages import Identity, TakenMessages
from energyguard.model.topics import partition_for

Message = tuple[Signal, bytes]
"""A signal, and its message as it came."""


def decode_signals(data: bytes) -> tuple[list[Message], tuple[RefusedRow, ...]]:
    """Signals of JSON lines or of a JSON array, in order of their time; and what is none."""
    found: list[Message] = []
    bad = Refusals(MAX_REFUSED, SHAPE)
    for row, text in messages_in(data):
        try:
            found.append((signal(text), text))
        except Rejected as error:
            bad.add(refused(row, text, error))
    found.sort(key=_second)
    return found, bad.rows()


def messages_in(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Messages of JSON lines or of a JSON array, with the numbers of their rows.

    Raises:
        Malformed: it is an array that cannot be read.
    """
    data = data.removeprefix(BOM_UTF8)
    if data.lstrip()[:1] == b"[":
        try:
            rows = msgspec.json.decode(data, type=list[msgspec.Raw])
        except (msgspec.DecodeError, RecursionError) as error:
            raise Malformed(f"no JSON array: {error}", "body") from error
        yield from ((row, bytes(text)) for row, text in enumerate(rows, 1))
        return
    for row, line in enumerate(data.split(b"\n"), 1):
        if line.strip():
            yield row, line.strip()


def _second(taken: Message) -> int:
    return taken[0].second


def post_signals(gateway: Gateway, messages: Sequence[tuple[bytes, bytes]], topic: str) -> None:
    """Append messages of chargers, each in its charger's partition, in one append.

    Args:
        gateway: the border.
        messages: chargers and messages, in their order.
        topic: where signals of these chargers go.

    Raises:
        Unavailable: the log takes nothing now; ``retry_after`` says when.
    """
    keys, values = [key for key, _ in messages], [value for _, value in messages]
    gateway.post(keys, values, (), topic, [partition_at(key.decode()) for key in keys])


def partition_at(charger: str) -> int:
    """The partition of a charger's signals."""
    numbered = partition_of(charger, SIGNALS.partitions)
    return partition_for(charger.encode(), SIGNALS.partitions) if numbered is None else numbered


class SignalBorder:
    """What is known of the bytes of signals: an ``intake.messages.MessageBorder``."""

    def take(self, gateway: Gateway, data: bytes, *, source: str, topic: str) -> TakenMessages:
        """Take a body of signals in; durable on return.

        Args:
            gateway: the border.
            data: JSON lines, or a JSON array.
            source: who sent it.
            topic: where signals of these chargers go.

        Raises:
            Malformed: it is an array that cannot be read.
            Unavailable: the log takes nothing now; ``retry_after`` says when.
        """
        found, bad = decode_signals(data)
        if found:
            post_signals(gateway, [(sent.sender.encode(), text) for sent, text in found], topic)
        gateway.refuse(bad, topic=topic, source=source, shape=SHAPE)
        return TakenMessages([_identity(sent) for sent, _ in found], bad)

    def identity(self, message: bytes) -> Identity:
        """What a signal says.

        Raises:
            Rejected: it is none.
        """
        return _identity(signal(message))


BORDER = SignalBorder()
_identity = attrgetter("charger", "second", "kind", "who", "amount", "register")
