"""Records of an outbox become batches; where there are none, it is said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from energyguard.edge.protocol.contract import Outbox, OutboxRecord
from energyguard.edge.protocol.messages import (
    FRAME_ROOM,
    MAX_FRAME,
    MAX_RECORDS,
    LineBatch,
    LineVoid,
    encode,
)
from energyguard.edge.protocol.ranges import Ranges
from energyguard.edge.uplink.lanes import Lane, LaneGap
from energyguard.log.records import TopicPartition
from energyguard.telemetry import logger

RESERVED = 256
"""Offsets that are promised at once never to be merged: a promise is a sync of the disk."""

_log = logger(__name__)


class SessionNames(NamedTuple):
    """What every frame of a session carries."""

    epoch: str
    session: int
    cloud: str


class Piece(NamedTuple):
    """The beginning of a gap, as a frame."""

    first: int
    next: int
    frame: bytes
    records: int
    lost: int


class Batching:
    """Makes frames of an outbox's records, in one session. What it reads it has promised before:
    the outbox may forget a promise where the cloud has the record, until the cloud is restored.
    """

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._promised: dict[TopicPartition, Ranges] = {}

    def piece(self, gap: LaneGap, names: SessionNames, limit_bytes: int) -> Piece:
        """The beginning of a gap.

        Raises:
            Unavailable, DiskFull: the outbox does not answer, or cannot promise.
        """
        oldest, _ = self._outbox.span(gap.at)
        if gap.first < oldest:
            return self._void(gap, names, min(gap.next, oldest))
        end = self._promise(gap)
        read = self._outbox.read(gap.at, gap.first, limit_bytes)[:MAX_RECORDS]
        records = [record for record in read if record.offset < end]
        if not records:
            return self._void(gap, names, end)
        size = sum(_size(record) for record in records)
        while size > MAX_FRAME - FRAME_ROOM and len(records) > 1:
            size -= _size(records.pop())
        following = records[-1].offset + 1
        if size > MAX_FRAME - FRAME_ROOM:
            if records[0].offset > gap.first:  # what lies before it is void
                return self._void(gap, names, records[0].offset)
            _log.error("a record is too long to travel", at=gap.at, offset=gap.first, bytes=size)
            return self._void(gap, names, gap.first + 1, lost=1)
        frame = encode(_batch(gap, names, records))
        return Piece(gap.first, following, frame, len(records), 0)

    def _promise(self, gap: LaneGap) -> int:
        """Up to where a gap's offsets are promised."""
        promised = self._promised.setdefault(gap.at, Ranges())
        if promised.first_missing(gap.first) == gap.first:
            self._outbox.may_have_sent(gap.at, gap.first, gap.first + RESERVED)
            promised.add(gap.first, gap.first + RESERVED)
        return min(gap.next, promised.first_missing(gap.first))

    def _void(
        self, gap: LaneGap, names: SessionNames, following: int, lost: int | None = None
    ) -> Piece:
        if lost is None:
            lost = self._outbox.lost(gap.at, gap.first, following)
        if lost:
            _log.warning("records are gone that the cloud has not", at=gap.at, records=lost)
        frame = encode(LineVoid(*names, *gap.at, gap.first, following, lost))
        return Piece(gap.first, following, frame, 0, lost)


def _size(record: OutboxRecord) -> int:
    headers = sum(len(name) + len(value) + 10 for name, value in record.headers)
    return len(record.key or b"") + len(record.value or b"") + headers + 40


def _batch(gap: LaneGap, names: SessionNames, records: Sequence[OutboxRecord]) -> LineBatch:
    offsets, keys, values, headers, times_ms = zip(*records, strict=True)
    following = offsets[-1] + 1
    return LineBatch(
        *names,
        *gap.at,
        gap.first,
        following,
        gap.lane is Lane.BACKLOG,
        () if len(offsets) == following - gap.first else offsets,
        keys,
        values,
        headers if any(headers) else (),
        times_ms,
    )
