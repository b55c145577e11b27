"""What an outbox has to know besides what waits in it: a record of its own log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from energyguard.edge.protocol.ranges import Ranges
from energyguard.log import Log, Records, TopicPartition
from energyguard.log.compacted import newest_value
from energyguard.model.topics import EDGE_LINKS
from energyguard.records.edges import (
    EDGE_LINK,
    EdgeEpoch,
    EpochStart,
    HeldPartition,
    KeptMark,
    OutboxRecords,
)
from energyguard.telemetry import logger

KEY = b"outbox"
_DECODER = msgspec.json.Decoder(OutboxRecords)
_log = logger(__name__)

Places = Mapping[TopicPartition, int]


class OutboxState:
    """Epochs, what may have been sent, what was merged, and when how far was acknowledged."""

    def __init__(self, found: OutboxRecords | None = None) -> None:
        self.epochs: Sequence[EdgeEpoch] = found.past if found else ()
        self.sent = _ranges(found.held if found else ())
        self.merged = _ranges(found.merged if found else ())
        self.marks: list[tuple[int, dict[TopicPartition, int]]] = [
            (mark.at_ms, {TopicPartition(p.topic, p.partition): p.first for p in mark.positions})
            for mark in (found.marks if found else ())
        ]

    def may_have_sent(self, at: TopicPartition) -> Ranges:
        """What may have been sent of a partition."""
        return self.sent.setdefault(at, Ranges())

    def merged_of(self, at: TopicPartition) -> Ranges:
        """What of a partition was merged into later records."""
        return self.merged.setdefault(at, Ranges())

    def forget(self, kept: Places) -> None:
        """Nothing before these positions matters any more: a cloud that was restored does not ask
        for it. What is acknowledged and kept matters, or it could be merged and sent anew.
        """
        for at, upto in kept.items():
            for ranges in (self.may_have_sent(at), self.merged_of(at)):
                ranges.remove(0, upto)

    def records(self) -> Records:
        """The record that says all of it."""
        state = OutboxRecords(
            epoch=self.epochs[-1].id if self.epochs else "",
            cloud="",
            past=tuple(self.epochs),
            held=_held(self.sent),
            merged=_held(self.merged),
            marks=tuple(KeptMark(at_ms, _starts(places)) for at_ms, places in self.marks),
        )
        return Records([KEY], [EDGE_LINK.encode(state)])


def read_state(log: Log) -> OutboxState | None:
    """The state of a log's outbox; None: it cannot be read, and anything may have been sent."""
    found = newest_value(log, EDGE_LINKS.name, KEY)
    if found is None:
        return OutboxState()
    try:
        return OutboxState(_DECODER.decode(found))
    except msgspec.DecodeError as error:
        _log.error(
            "what the outbox knew of itself cannot be read; nothing of it is thinned now",
            reason=str(error),
        )
        return None


def _ranges(held: Sequence[HeldPartition]) -> dict[TopicPartition, Ranges]:
    return {TopicPartition(p.topic, p.partition): Ranges(p.ranges) for p in held}


def _held(ranges: Mapping[TopicPartition, Ranges]) -> tuple[HeldPartition, ...]:
    return tuple(
        HeldPartition(topic=at.topic, partition=at.partition, ranges=tuple(found))
        for at, found in sorted(ranges.items())
        if len(found)
    )


def _starts(places: Places) -> tuple[EpochStart, ...]:
    return tuple(EpochStart(*at, first) for at, first in sorted(places.items()))
