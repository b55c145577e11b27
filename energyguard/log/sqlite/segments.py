"""An append as one row: MessagePack with two checksums, and where the row lies.

One checksum is of the body; the other of what stands beside it in the row (its *head*), so that a
damaged offset is noticed before anybody trusts it. Columns that say nothing are left empty, so a
lone packed batch of readings costs few bytes more.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from energyguard.errors import Corrupt
from energyguard.log.records import Headers, Records

_APPEND_BITS = 40
_BODY_BITS = 32
_BODY = 2**_BODY_BITS - 1
_OWN = 2**31 - 1  # both fit into SQLite's integer


def first_id(topic: int) -> int:
    """The id that a topic's first segment can have; appends are counted from it."""
    return topic << _APPEND_BITS


def last_id(topic: int) -> int:
    """The highest id that a segment of the topic can have."""
    return (topic + 1 << _APPEND_BITS) - 1


def append_of(segment_id: int) -> int:
    """Which append of its topic a segment is."""
    return segment_id & ((1 << _APPEND_BITS) - 1)


def packed_offsets(offsets: Sequence[int]) -> bytes:
    """One offset per partition, as stored."""
    return struct.pack(f"<{len(offsets)}q", *offsets)


def offsets_of(packed: bytes) -> tuple[int, ...]:
    """One offset per partition, from how they are stored."""
    return struct.unpack(f"<{len(packed) // 8}q", packed)


class SegmentPart(msgspec.Struct, array_like=True, frozen=True):
    """The records of one partition, column by column; an empty column says nothing."""

    partition: int
    values: Sequence[bytes | None]
    keys: Sequence[bytes | None] = ()
    headers: Sequence[Headers] = ()
    timestamps_ms: Sequence[int] = ()
    places: Sequence[int] = ()  # of those that compaction left, among the ``span`` there were
    span: int = 0

    def offsets(self, end: int) -> Sequence[int]:
        """The offset of each record, where this is the next one of the partition."""
        if self.places:
            return [end - self.span + place for place in self.places]
        return range(end - len(self.values), end)

    def kept(self, rows: Sequence[int]) -> SegmentPart:
        """What compaction leaves; the records keep their offsets."""
        return SegmentPart(
            self.partition,
            [self.values[i] for i in rows],
            [self.keys[i] for i in rows] if self.keys else (),
            [self.headers[i] for i in rows] if self.headers else (),
            [self.timestamps_ms[i] for i in rows] if self.timestamps_ms else (),
            [self.places[i] for i in rows] if self.places else rows,
            self.span or len(self.values),
        )


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(list[SegmentPart])


def parts_of(by_partition: Mapping[int, Records]) -> list[SegmentPart]:
    """A batch, split by partition, as it is stored."""
    return [
        SegmentPart(
            partition,
            records.values,
            records.keys if any(key is not None for key in records.keys) else (),
            records.headers if any(records.headers) else (),
            records.timestamps_ms,
        )
        for partition, records in by_partition.items()
    ]


def encoded(parts: Sequence[SegmentPart]) -> tuple[int, bytes]:
    """The checksum and the bytes of a segment's body."""
    body = _ENCODER.encode(parts)
    return zlib.crc32(body), body


class Head(NamedTuple):
    """A segment without its body, as it is stored."""

    segment_id: int
    packed: bytes
    total: int
    appended_ms: int
    crc: int

    @property
    def ends(self) -> tuple[int, ...]:
        """The next offset of each partition after this segment."""
        return offsets_of(self.packed)

    def sealed(self) -> Head:
        """The same, its own checksum beside the body's."""
        return self._replace(crc=self.crc & _BODY | self._own() << _BODY_BITS)

    def holds(self) -> bool:
        """Whether it is as it was written; of segments before this checksum it is taken so."""
        own = self.crc >> _BODY_BITS
        return own in (0, self._own())

    def _own(self) -> int:
        numbers = struct.pack("<3q", self.segment_id, self.total, self.appended_ms)
        return zlib.crc32(self.packed, zlib.crc32(numbers)) & _OWN or 1


def decoded(place: str, segment_id: int, crc: int, body: bytes) -> list[SegmentPart]:
    """A segment from its row.

    Raises:
        Corrupt: the checksum does not hold.
    """
    if zlib.crc32(body) != crc & _BODY:
        append = append_of(segment_id)
        raise Corrupt(
            f"{place}: the checksum of append {append} does not hold; the others are intact"
        )
    return _DECODER.decode(body)
