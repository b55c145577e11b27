"""What a worker's next transaction appends: outputs, gathered from its tasks, and decisions.

A task may have little to say, and a worker has many tasks: records are made when the transaction
is, of all tasks together. A replay throws its outputs away before anything was made.

Decisions of owners are in ``energyguard.time``: at that offset, time is that, rules are those, or
so far have the other devices of the topic come. One is written in the owner's transaction before it
takes effect, so a replay applies it at the same place. Other writers (a replay that ends) decide at
a partition's end. One record may decide about many partitions of a topic.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

import msgspec
import pyarrow as pa

from energyguard.codecs.records import PACKED_ANEW, pack
from energyguard.log import EARLIEST, LATEST, Log, Records, TopicPartition
from energyguard.log.records import Headers, decoded, joined
from energyguard.model.readings import by_time
from energyguard.model.topics import (
    ALERTS,
    ENERGY_ALERTS,
    LATE,
    TIME,
    WINDOW_TERMS,
    repartitioned,
    source_of,
)
from energyguard.records.decisions import DECISION, PartitionDecision
from energyguard.rules.kinds import decoding
from energyguard.rules.rule import Rule
from energyguard.stream.windows.episodes.output import (
    Breaches,
    WindowOutput,
    alert_events,
    energy_alerts,
)
from energyguard.stream.windows.late import set_apart
from energyguard.stream.windows.panes.terms import term_records
from energyguard.topics import topic_named

AT = TopicPartition(TIME.name, 0)


class Decision(PartitionDecision[Rule], frozen=True, kw_only=True, omit_defaults=True):
    """One decision about one partition, or about many of a topic from which nothing came."""

    @property
    def at(self) -> TopicPartition:
        """The partition."""
        return TopicPartition(self.topic, self.partition)

    @property
    def key(self) -> bytes:
        """The record's key."""
        return (self.topic if self.quiet else f"{self.topic}/{self.partition}").encode()

    def each(self) -> Iterator[Decision]:
        """The same, partition by partition."""
        for partition, (offset, time) in self.quiet.items():
            yield Decision(topic=self.topic, partition=partition, offset=offset, time=time)
        if self.partition >= 0:
            yield self


_DECODER = msgspec.json.Decoder(Decision, dec_hook=decoding)


def decision_records(decisions: Sequence[Decision]) -> Records:
    """Records for ``energyguard.time``: key topic/partition; of many partitions, the topic."""
    return Records([d.key for d in decisions], [DECISION.encode(d) for d in decisions])


class Decisions:
    """Decisions about the partitions that are held, in the order in which they were written.

    Args:
        log: has them.
        owner: what the topic begins with in those of the flow that asks; empty: with nothing. That
            an input ends is no flow's decision, and is there for all.
    """

    def __init__(self, log: Log, owner: str = "") -> None:
        self._log, self._owner = log, owner
        self._next = log.positions(TIME.name, LATEST)[AT]
        self._of: dict[TopicPartition, list[tuple[int, Decision]]] = {}

    def hold(self, after: Mapping[TopicPartition, int]) -> None:
        """Have the decisions about these partitions, too: of each, those after a serial number."""
        if not after:
            return
        self._of |= {at: [] for at in after}
        start = max(min(after.values()) + 1, self._log.positions(TIME.name, EARLIEST)[AT])
        self._read(start, self._next, after)

    def keep(self, owned: Collection[TopicPartition]) -> None:
        """Let go of all other partitions."""
        self._of = {at: found for at, found in self._of.items() if at in owned}

    def forget(self, at: TopicPartition, until: int) -> None:
        """Those up to a serial number are in a snapshot by now: nobody asks for them again."""
        found = self._of[at]
        del found[: bisect_right(found, until, key=_serial)]

    def refresh(self) -> None:
        """Take what was written since."""
        self._next = self._read(self._next, None, dict.fromkeys(self._of, -1))

    def _read(self, start: int, end: int | None, after: Mapping[TopicPartition, int]) -> int:
        """Read from an offset to another, or to the last; give where it ended."""
        while end is None or start < end:
            fetched = self._log.read({AT: start}, 10_000, 0)
            for part in fetched:
                for found, record in decoded(_DECODER, part):
                    if end is not None and found.offset >= end:
                        break
                    for decision in record.each():
                        at = self._about(decision)
                        if found.offset > after.get(at, found.offset):
                            self._of[at].append((found.offset, decision))
                start = part.next_offset
            if not fetched:
                break
        return start

    def _about(self, decision: Decision) -> TopicPartition:
        """The partition that a decision is about; none that is held, where it is not for us."""
        topic, partition = decision.at
        if not self._owner or decision.end:
            return decision.at
        is_ours = topic.startswith(self._owner)
        return TopicPartition(topic.removeprefix(self._owner) if is_ours else "", partition)

    def of(self, at: TopicPartition, after: int = -1) -> list[tuple[int, Decision]]:
        """The decisions about a partition, with their serial numbers, after one of these."""
        found = self._of.get(at, [])
        return found[bisect_right(found, after, key=_serial) :]


def _serial(numbered: tuple[int, Decision]) -> int:
    return numbered[0]


MAX_PACKED = 65_536
"""Readings in a record, at most: it stays far below what a broker takes."""
MAX_GATHERED = 16_384
"""The same where records travel further, over a line."""


class PendingOutputs:
    """Records by topic, in the order in which they were added."""

    def __init__(self) -> None:
        self._records: dict[str, list[Records]] = defaultdict(list)
        self._breaches: list[tuple[Breaches, Sequence[str]]] = []
        self._astray: dict[str, list[pa.RecordBatch]] = defaultdict(list)
        self._gathered: dict[tuple[str, Headers], list[pa.RecordBatch]] = defaultdict(list)

    def __bool__(self) -> bool:
        return bool(self._records or self._breaches or self._astray or self._gathered)

    def add(self, topic: str, records: Records) -> None:
        """Append these records to a topic."""
        self._records[topic].append(records)

    def tell(self, outcome: WindowOutput, at: TopicPartition) -> None:
        """Append what came of readings of a partition."""
        self._breaches += [(some, outcome.devices) for some in outcome.breaches]
        if outcome.placed:
            self.add(ALERTS.name, alert_events(outcome.events))
        if outcome.closed:
            terms = term_records(outcome.closed, outcome.devices, source_of(at.topic))
            self.add(WINDOW_TERMS.name, terms)
        for verdict, batch in outcome.apart:
            self.add(LATE.name, set_apart(verdict, batch, at.topic, at.partition))

    def send_home(self, topic: str, readings: pa.RecordBatch) -> None:
        """Append readings that came without a key anew, each to its device's partition."""
        if readings.num_rows:
            self._astray[topic].append(readings)

    def gather(self, topic: str, readings: pa.RecordBatch, headers: Headers = ()) -> None:
        """Append readings to a topic's first partition: those of all tasks together, by time."""
        if readings.num_rows:
            self._gathered[topic, headers].append(readings)

    def by_topic(self) -> list[tuple[str, Records]]:
        """All of it, each topic once."""
        made = [(topic, joined(parts)) for topic, parts in self._records.items()]
        made += [(repartitioned(t), _packed(t, parts)) for t, parts in self._astray.items()]
        made += [(t, _in_one(parts, headers)) for (t, headers), parts in self._gathered.items()]
        if self._breaches:
            made.append((ENERGY_ALERTS.name, energy_alerts(self._breaches)))
        return made


def _packed(topic: str, parts: list[pa.RecordBatch]) -> Records:
    """Readings of several partitions as one input: by time, packed for each device's partition."""
    row = topic_named(topic)
    assert row is not None
    batch = pa.concat_batches(parts).sort_by("time")
    pieces = [batch.slice(start, MAX_PACKED) for start in range(0, batch.num_rows, MAX_PACKED)]
    packed = [record for piece in pieces for record in pack(piece, row.partitions)]
    partitions, values = zip(*packed, strict=True)
    n = len(values)
    return Records([None] * n, values, [PACKED_ANEW] * n, partitions=partitions)


def _in_one(parts: list[pa.RecordBatch], headers: Headers) -> Records:
    """Readings of several partitions by time, packed for partition 0."""
    batch = by_time(pa.concat_batches(parts))
    starts = range(0, batch.num_rows, MAX_GATHERED)
    values = [value for s in starts for _, value in pack(batch.slice(s, MAX_GATHERED), 1)]
    n = len(values)
    return Records([None] * n, values, [headers] * n, partitions=[0] * n)
