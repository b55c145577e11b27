"""What a worker's next transaction appends: gathered from its tasks, written as records at once.

A task may have little to say, and a worker has many tasks: records are made when the transaction
is, of all tasks together. A replay throws its outputs away before anything was made.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import pyarrow as pa

from energyguard.codecs.packed import pack
from energyguard.codecs.records import PACKED_ANEW
from energyguard.log import Records, TopicPartition
from energyguard.log.records import joined
from energyguard.model.topics import ALERTS, ENERGY_ALERTS, LATE, repartitioned
from energyguard.stream.windows.output import Breaches, WindowOutput
from energyguard.stream.windows.records import alert_events, energy_alerts, set_apart
from energyguard.topics import topic_named

MAX_PACKED = 65_536
"""Readings in a record, at most: it stays far below what a broker takes."""


class PendingOutputs:
    """Records by topic, in the order in which they were added."""

    def __init__(self) -> None:
        self._records: dict[str, list[Records]] = defaultdict(list)
        self._breaches: list[tuple[Breaches, Sequence[str]]] = []
        self._astray: dict[str, list[pa.RecordBatch]] = defaultdict(list)

    def __bool__(self) -> bool:
        return bool(self._records or self._breaches or self._astray)

    def add(self, topic: str, records: Records) -> None:
        """Append these records to a topic."""
        self._records[topic].append(records)

    def tell(self, outcome: WindowOutput, at: TopicPartition) -> None:
        """Append what came of readings of a partition."""
        self._breaches += [(some, outcome.devices) for some in outcome.breaches]
        if outcome.placed:
            self.add(ALERTS.name, alert_events(outcome.events))
        for verdict, batch in outcome.apart:
            self.add(LATE.name, set_apart(verdict, batch, at.topic, at.partition))

    def send_home(self, topic: str, readings: pa.RecordBatch) -> None:
        """Append readings that came without a key anew, each to its device's partition."""
        if readings.num_rows:
            self._astray[topic].append(readings)

    def by_topic(self) -> list[tuple[str, Records]]:
        """All of it, each topic once."""
        made = [(topic, joined(parts)) for topic, parts in self._records.items()]
        made += [(repartitioned(t), _packed(t, parts)) for t, parts in self._astray.items()]
        if self._breaches:
            made.append((ENERGY_ALERTS.name, energy_alerts(self._breaches)))
        return made


def _packed(topic: str, parts: list[pa.RecordBatch]) -> Records:
    """Readings of several partitions as one input: by time, packed for each device's partition."""
    row = topic_named(topic)
    assert row is not None
    batch = pa.concat_batches(parts).sort_by("time")
    pieces = [batch.slice(start, MAX_PACKED) for start in range(0, batch.num_rows, MAX_PACKED)]
    packed = [one for piece in pieces for one in pack(piece, row.partitions)]
    partitions, values = zip(*packed, strict=True)
    n = len(values)
    return Records([None] * n, values, [PACKED_ANEW] * n, partitions=partitions)
