"""What owners decided, in ``energyguard.time``: at that offset, time is that, or rules are those.

A decision is written in the owner's transaction before it takes effect, so a replay applies it at
the same place. Other writers (a replay that ends) decide at a partition's end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import msgspec

from energyguard.detect.rules import Rule
from energyguard.log import EARLIEST, Log, Records, TopicPartition
from energyguard.log.decoded import decoded
from energyguard.model.topics import TIME


class Decision(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One decision about one partition: a time, or the rules that run."""

    topic: str
    partition: int
    offset: int
    time: int | None = None
    end: bool = False  # with a time: the input ends there, so nobody has gone silent
    rules: tuple[Rule, ...] | None = None

    @property
    def at(self) -> TopicPartition:
        """The partition."""
        return TopicPartition(self.topic, self.partition)


_DECISION = msgspec.json.Decoder(Decision)


def decision_records(decisions: Sequence[Decision]) -> Records:
    """Records for ``energyguard.time``: key topic/partition."""
    return Records(
        [f"{d.topic}/{d.partition}".encode() for d in decisions],
        [msgspec.json.encode(d) for d in decisions],
    )


class Decisions:
    """All decisions that there are, by partition, in the order in which they were written."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._positions = dict(log.positions(TIME.name, EARLIEST))
        self._by_partition: dict[TopicPartition, list[tuple[int, Decision]]] = defaultdict(list)

    def refresh(self) -> None:
        """Take what was written since."""
        while True:
            fetched = self._log.read(self._positions, 10_000, 0)
            for part in fetched:
                for found, decision in decoded(_DECISION, part):
                    self._by_partition[decision.at].append((found.offset, decision))
                self._positions[part.at] = part.next_offset
            if not fetched:
                return

    def of(self, at: TopicPartition, after: int = -1) -> list[tuple[int, Decision]]:
        """The decisions about a partition, with their serial numbers, after one of these."""
        return [(serial, d) for serial, d in self._by_partition[at] if serial > after]
