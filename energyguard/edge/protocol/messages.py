"""What an edge and the cloud say to each other on a line.

A frame is two bytes ``EG``, a byte that says which version of the protocol it is, and a message as
msgpack. Every frame may be lost, doubled, delayed or overtaken, also by those of a session that is
over: each carries the epoch of the edge, the number of the session within it, and the cloud's
epoch, and an end drops what is not of its session.

    edge                                       cloud
    Hello       who I am, what I know    ->
                                         <-    Welcome    what is held here, how much may fly
    LineBatch, LineVoid                  ->
                                         <-    Ack        what is held now, after the commit
    Heartbeat                           <->    Heartbeat  with what is needed to compare clocks
                                         <-    Places     what the cloud says of devices
                                         <-    LineRefused

Only a ``LineRefused`` is understood by all versions, and it says what to do.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TypeAlias

import msgspec

from energyguard.edge.protocol.enrichment import EdgePlace
from energyguard.edge.protocol.epochs import MAX_OUTBOX_EPOCHS
from energyguard.errors import Corrupt
from energyguard.records.edges import EdgeEpoch, HeldPartition

PROTOCOL = 1
"""The version that both ends have to speak."""
MAX_FRAME = 8 * 2**20
"""Bytes of a frame: a record that does not fit cannot travel."""
BATCH_BYTES = 256 * 2**10
"""Bytes of records that a batch is made of, at most, unless one record is longer."""
FRAME_ROOM = 4_096
"""Bytes that a frame may have beside its records."""
MAX_RECORDS = 65_536
"""Records of a batch."""
MAX_PLACES = 1_000
"""Places in a frame."""
MAX_PARTITIONS = 64
MAX_NAME = 64
"""Characters of an epoch."""
MAX_OFFSET = 2**62

_MAGIC = b"EG"
_ALL_VERSIONS = 0

HeaderPairs = tuple[tuple[str, bytes], ...]


class LineMessage(msgspec.Struct, frozen=True, tag=True, array_like=True, gc=False):
    """What every message has: which session it is of."""

    epoch: str
    """Of the edge's outbox: drawn anew whenever it is opened."""
    session: int
    """Counts within the epoch."""
    cloud: str
    """The cloud's epoch, as far as the sender knows it; empty: not yet."""


class Hello(LineMessage, frozen=True, tag="hello", array_like=True, gc=False):
    """The first of a session, and again until there is a ``Welcome``."""

    past: tuple[EdgeEpoch, ...]
    """The epochs of the outbox, oldest first, this one last: by them both find what they share."""
    acknowledged: tuple[HeldPartition, ...]
    """What the cloud has, as far as the edge knows: where it holds less, it was restored."""
    at_s: float
    """The sender's monotonic clock; the first heartbeat repeats it."""
    wall_ms: int


class Welcome(LineMessage, frozen=True, tag="welcome", array_like=True, gc=False):
    """The session is open: what the cloud holds durably, and what may be in flight."""

    held: tuple[HeldPartition, ...]
    credit: int
    """Batches in flight, at most."""
    restored: bool
    """The cloud holds less than it has acknowledged: a new epoch of it begins."""


class LineBatch(LineMessage, frozen=True, tag="batch", array_like=True, gc=False):
    """The records from one offset up to another: columns of the same length.

    Offsets between that have no record are void. ``offsets`` is empty where none is missing.
    """

    topic: str
    partition: int
    first: int
    next: int
    backfill: bool
    """It is backlog: kept and counted, no old alert."""
    offsets: tuple[int, ...]
    keys: tuple[bytes | None, ...]
    values: tuple[bytes | None, ...]
    headers: tuple[HeaderPairs, ...]
    """Empty where no record has any."""
    times_ms: tuple[int, ...]


class LineVoid(LineMessage, frozen=True, tag="void", array_like=True, gc=False):
    """The edge has no record from one offset up to another, and will have none."""

    topic: str
    partition: int
    first: int
    next: int
    lost: int
    """Of them, those whose readings are nowhere else: retention took them."""


class Ack(LineMessage, frozen=True, tag="ack", array_like=True, gc=False):
    """What the cloud holds durably now, all of it; and what may be in flight."""

    held: tuple[HeldPartition, ...]
    credit: int


class Heartbeat(LineMessage, frozen=True, tag="heartbeat", array_like=True, gc=False):
    """That an end is there, with what is needed to compare clocks as NTP does."""

    at_s: float
    """The sender's monotonic clock."""
    wall_ms: int
    echo_s: float
    """The newest ``at_s`` of the other end; negative: none came."""
    held_s: float
    """How long ago that came."""
    credit: int = 0
    """From the cloud: batches in flight, at most."""
    queued: int = 0
    """From the edge: records that wait."""
    oldest_ms: int | None = None
    """From the edge: when the oldest of them was written, by its clock."""
    places: int = 0
    """From the edge: the mark of the places that it has."""


class Places(LineMessage, frozen=True, tag="places", array_like=True, gc=False):
    """A part of the places of an edge's devices. Whoever has all parts says their mark."""

    mark: int
    part: int
    parts: int
    places: tuple[EdgePlace, ...]


class LineRefused(msgspec.Struct, frozen=True, tag="refused", array_like=True, gc=False):
    """No session: why, and what to do. ``epoch`` and ``session`` are those that were refused."""

    reason: str
    epoch: str = ""
    session: int = 0
    renew: bool = False
    """The edge's epoch is over: a new one may be welcome."""


Message: TypeAlias = Hello | Welcome | LineBatch | LineVoid | Ack | Heartbeat | Places | LineRefused

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Message).decode
_decode_refused = msgspec.msgpack.Decoder(LineRefused).decode


class OtherProtocol(Corrupt):
    """A frame of another version of the protocol; the message says which end to update."""


def encode(message: Message) -> bytes:
    """A frame of a message."""
    version = _ALL_VERSIONS if isinstance(message, LineRefused) else PROTOCOL
    return _MAGIC + bytes([version]) + _encode(message)


def decode(frame: bytes) -> Message:
    """The message of a frame.

    Raises:
        OtherProtocol: it is of another version.
        Corrupt: it is too long, or no frame of this protocol.
    """
    if len(frame) > MAX_FRAME:
        raise Corrupt(f"a frame of {len(frame)} bytes; at most {MAX_FRAME} are taken")
    if len(frame) < 4 or frame[:2] != _MAGIC:
        raise Corrupt("a frame that is none of an edge's line")
    version = frame[2]
    if version not in (_ALL_VERSIONS, PROTOCOL):
        older = "this" if version > PROTOCOL else "the other"
        raise OtherProtocol(
            f"the other end speaks version {version} of the line's protocol, this one version "
            f"{PROTOCOL}: update EnergyGuard at {older} end"
        )
    try:
        if version == _ALL_VERSIONS:
            return _decode_refused(memoryview(frame)[3:])
        message: Message = _decode(memoryview(frame)[3:])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Corrupt(f"a frame that cannot be read: {error}") from None
    _check(message)
    return message


def _check(message: Message) -> None:
    """Bounds that types do not say."""
    if isinstance(message, LineMessage) and (
        max(len(message.epoch), len(message.cloud)) > MAX_NAME or message.session < 0
    ):
        raise Corrupt("a name of a session that is none")
    if isinstance(message, Hello):
        _check_hello(message)
    elif isinstance(message, LineBatch | LineVoid):
        if not 0 <= message.first < message.next <= MAX_OFFSET:
            raise Corrupt(f"a range from {message.first} to {message.next}")
        if message.partition < 0:
            raise Corrupt(f"a partition {message.partition}")
        if isinstance(message, LineBatch):
            _check_columns(message)
        elif message.lost < 0:
            raise Corrupt(f"{message.lost} records lost")


def _check_hello(hello: Hello) -> None:
    past = hello.past
    if not 0 < len(past) <= MAX_OUTBOX_EPOCHS or past[-1].id != hello.epoch:
        raise Corrupt("a greeting whose epochs are none")
    starts = sum(len(epoch.starts) for epoch in past)
    if starts > MAX_OUTBOX_EPOCHS * MAX_PARTITIONS or any(
        len(epoch.id) > MAX_NAME for epoch in past
    ):
        raise Corrupt("a greeting whose epochs are too long")
    if len(hello.acknowledged) > MAX_PARTITIONS:
        raise Corrupt(f"a greeting of {len(hello.acknowledged)} partitions")


def _check_columns(batch: LineBatch) -> None:
    n = len(batch.values)
    if not 0 < n <= MAX_RECORDS or len(batch.keys) != n or len(batch.times_ms) != n:
        raise Corrupt("a batch whose columns differ in length")
    if len(batch.headers) not in (0, n):
        raise Corrupt("a batch whose columns differ in length")
    offsets = batch.offsets
    if not offsets:
        if n != batch.next - batch.first:
            raise Corrupt("a batch whose offsets are missing")
        return
    if len(offsets) != n or offsets[0] < batch.first:
        raise Corrupt("a batch whose offsets do not fit")
    if any(a >= b for a, b in pairwise((*offsets, batch.next))):
        raise Corrupt("a batch whose offsets do not ascend")
