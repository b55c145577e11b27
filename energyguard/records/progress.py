"""Records of ``energyguard.progress``: how far a partition is, and how its readings ended."""

from __future__ import annotations

import msgspec


class PartitionProgress(
    msgspec.Struct, frozen=True, kw_only=True, rename={"out_of_range": "out-of-range"}
):
    """How far the worker is in one partition. Counts are of all that it ever read there."""

    topic: str
    partition: int
    position: int = 0  # the next offset
    watermark_ms: int | None = None
    newest_ms: int | None = None  # event time
    delivered_ms: int | None = None  # up to which partitions in step were given to the operator
    at_ms: int = 0  # wall
    devices: int = 0
    waiting: int = 0  # readings far ahead, of which nothing is decided yet
    accepted: int = 0
    malformed: int = 0
    out_of_range: int = 0
    late: int = 0
    duplicate: int = 0
    conflicting: int = 0
    ahead: int = 0

    @property
    def key(self) -> bytes:
        """The record's key: the newest one of a partition stays."""
        return f"{self.topic}/{self.partition}".encode()

    def encode(self) -> bytes:
        """The record's value."""
        return msgspec.json.encode(self)


PROGRESS_DECODER = msgspec.json.Decoder(PartitionProgress)
