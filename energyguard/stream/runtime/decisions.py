"""What owners decided, in ``energyguard.time``: at that offset, time is that, rules are those, or
so far have the other devices of the topic come.

A decision is written in the owner's transaction before it takes effect, so a replay applies it at
the same place. Other writers (a replay that ends) decide at a partition's end. One record may
decide about many partitions of a topic.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence

import msgspec

from energyguard.log import EARLIEST, LATEST, Log, Records, TopicPartition
from energyguard.log.decoded import decoded
from energyguard.model.topics import TIME
from energyguard.records.decisions import DECISION, PartitionDecision
from energyguard.rules.kinds import decoding
from energyguard.rules.rule import Rule

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
    """Decisions about the partitions that are held, in the order in which they were written."""

    def __init__(self, log: Log) -> None:
        self._log = log
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
                        if found.offset > after.get(decision.at, found.offset):
                            self._of[decision.at].append((found.offset, decision))
                start = part.next_offset
            if not fetched:
                break
        return start

    def of(self, at: TopicPartition, after: int = -1) -> list[tuple[int, Decision]]:
        """The decisions about a partition, with their serial numbers, after one of these."""
        found = self._of.get(at, [])
        return found[bisect_right(found, after, key=_serial) :]


def _serial(numbered: tuple[int, Decision]) -> int:
    return numbered[0]
