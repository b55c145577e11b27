"""A batch of records as one row: MessagePack with a checksum, and where the row lies.

Columns that say nothing are left empty, so a lone packed batch of readings costs few bytes more.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import msgspec

from energyguard.errors import Corrupt
from energyguard.log.records import Headers, Records

PARTITION_BITS = 12
OFFSET_BITS = 36
_OFFSET_MASK = (1 << OFFSET_BITS) - 1


def first_id(topic: int, partition: int) -> int:
    """The id of the segment at offset 0 of a partition; an offset is added to it."""
    return (topic << PARTITION_BITS | partition) << OFFSET_BITS


def last_id(first: int) -> int:
    """The highest id that a segment of the partition can have."""
    return first | _OFFSET_MASK


def offset_of(segment_id: int) -> int:
    """The offset of a segment's first record."""
    return segment_id & _OFFSET_MASK


class Segment(msgspec.Struct, array_like=True, frozen=True):
    """What a row's body holds, column by column; an empty column says nothing."""

    values: Sequence[bytes | None]
    keys: Sequence[bytes | None] = ()
    headers: Sequence[Headers] = ()
    timestamps_ms: Sequence[int] = ()
    places: Sequence[int] = ()  # offsets less the first one's, after compaction

    def encoded(self) -> tuple[int, bytes]:
        """The checksum and the bytes."""
        body = _ENCODER.encode(self)
        return zlib.crc32(body), body


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Segment)


def segment_of(records: Records) -> Segment:
    """A batch for one partition as it is stored."""
    return Segment(
        records.values,
        records.keys if any(key is not None for key in records.keys) else (),
        records.headers if any(records.headers) else (),
        records.timestamps_ms,
    )


def decoded(place: str, crc: int, body: bytes) -> Segment:
    """A segment from its row.

    Raises:
        Corrupt: the checksum does not hold.
    """
    if zlib.crc32(body) != crc:
        raise Corrupt(f"{place}: the checksum of a segment does not hold; the others are intact")
    return _DECODER.decode(body)
