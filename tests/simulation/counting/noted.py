"""What a log holds, written down before something of it goes; and the end of its input."""

from __future__ import annotations

from typing import Any

from energyguard.log import EARLIEST, LATEST, Log, TopicPartition
from energyguard.model.topics import (
    ALERTS,
    CATALOGUE,
    ENERGY_ALERTS,
    ENERGY_READINGS,
    LATE,
    METER_READINGS,
    PROGRESS,
    TIME,
)
from energyguard.stream.runtime.outputs import Decision, decision_records

TOPICS = (ENERGY_READINGS.name, METER_READINGS.name)
GIVEN = (*TOPICS, CATALOGUE.name, TIME.name)
"""What a worker goes by."""
NOTED = (*GIVEN, ENERGY_ALERTS.name, ALERTS.name, LATE.name, PROGRESS.name)
Written = dict[TopicPartition, list[tuple[Any, ...]]]
"""Records by partition: offset, key, value, headers, time."""


def note(log: Log, written: Written) -> None:
    """Write down what a log has and is not written yet."""
    for topic in NOTED:
        for at, start in log.positions(topic, EARLIEST).items():
            rows = written.setdefault(at, [])
            position = max(start, rows[-1][0] + 1 if rows else 0)
            while found := log.read({at: position}, 10_000, 0.0):
                for part in found:
                    columns = (part.offsets, part.keys, part.values, part.headers)
                    rows += zip(*columns, part.timestamps_ms, strict=True)
                    position = part.next_offset


def end(log: Log, end_ms: int) -> None:
    """The input of all partitions has ended: time is that."""
    ends = [
        Decision(topic=at.topic, partition=at.partition, offset=offset, time=end_ms, end=True)
        for topic in TOPICS
        for at, offset in log.positions(topic, LATEST).items()
        if offset
    ]
    if ends:
        log.append(TIME.name, decision_records(ends))
