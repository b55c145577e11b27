"""Readings that no window counted, as records."""

from __future__ import annotations

from energyguard.codecs.records import pack
from energyguard.log.records import Records
from energyguard.model.readings import ReadingBatch, Verdict
from energyguard.model.topics import LATE
from energyguard.records.readings import LateHeaders


def set_apart(verdict: Verdict, batch: ReadingBatch, topic: str, partition: int) -> Records:
    """Records for ``energyguard.late``: packed readings that no window counted."""
    packed = pack(batch.readings, LATE.partitions)
    header = LateHeaders(verdict.value, topic, str(partition), str(int(batch.offset[0]))).encode()
    return Records(
        [None] * len(packed),
        [value for _, value in packed],
        [header] * len(packed),
        partitions=[where for where, _ in packed],
    )
