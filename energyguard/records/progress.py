"""Records of ``energyguard.progress``: how far a partition is, and how its readings ended."""

from __future__ import annotations

from typing import Annotated

import msgspec

from energyguard.model import topics
from energyguard.records.contract import TopicRecord, doc


class PartitionProgress(
    msgspec.Struct, frozen=True, kw_only=True, rename={"out_of_range": "out-of-range"}
):
    """How far the worker is in one partition. Counts are of all that it ever read there."""

    topic: str
    partition: int
    position: Annotated[int, doc("The next offset.")] = 0
    watermark_ms: Annotated[int | None, doc("Windows up to it are closed.", "ms")] = None
    newest_ms: Annotated[int | None, doc("The newest event time.", "ms")] = None
    delivered_ms: Annotated[
        int | None, doc("Up to which partitions in step were given to the operator.", "ms")
    ] = None
    at_ms: Annotated[int, doc("Wall time of the report.", "ms")] = 0
    devices: int = 0
    waiting: Annotated[int, doc("Readings far ahead, of which nothing is decided yet.")] = 0
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


PARTITION_PROGRESS = TopicRecord(topics.PROGRESS, PartitionProgress, "topic/partition")
