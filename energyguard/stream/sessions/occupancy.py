"""How many cars stand at all chargers of a topic, second by second: ``total-occupied``.

Each partition has its own time. The total of a second is certain when every partition's is, and is
told then, once, whatever was told again after a crash.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

import msgspec

from energyguard.clock import SYSTEM, Clock
from energyguard.codecs.charging_results import total_occupied
from energyguard.log import Fetched, Log, Records, TopicPartition
from energyguard.log.decoded import decoded
from energyguard.model.topics import TOTAL_OCCUPIED
from energyguard.pipeline import TOTAL
from energyguard.records.charging import TotalHeaders
from energyguard.records.occupancy import OCCUPANCY_UPDATE, OccupancyUpdate
from energyguard.settings.tree import StreamSettings
from energyguard.stream.runtime.decisions import Decision
from energyguard.stream.runtime.outputs import PendingOutputs
from energyguard.stream.runtime.stage import Stage
from energyguard.stream.runtime.task import Task
from energyguard.stream.runtime.worker import Worker
from energyguard.stream.sessions.total import TopicTotal


@dataclass(frozen=True, slots=True)
class Tellings:
    """Records of ``energyguard.occupancy`` up to ``next_offset``."""

    at: TopicPartition
    next_offset: int
    offsets: list[int]
    told: list[OccupancyUpdate]

    def __len__(self) -> int:
        return len(self.told)

    def split(self, offset: int) -> tuple[Tellings, Tellings]:
        """What is below an offset, and the rest."""
        place, end = bisect_left(self.offsets, offset), min(offset, self.next_offset)
        return (
            Tellings(self.at, end, self.offsets[:place], self.told[:place]),
            Tellings(self.at, self.next_offset, self.offsets[place:], self.told[place:]),
        )


_KEPT = msgspec.msgpack.Decoder(dict[str, TopicTotal])


class Totals:
    """The totals of all topics."""

    saved: Set[str] = frozenset({"totals"})

    def __init__(self) -> None:
        self.of: dict[str, TopicTotal] = {}

    def snapshot(self) -> dict[str, bytes | None]:
        """All that is known, to go on from."""
        return {"totals": msgspec.msgpack.encode(self.of)}

    def restore(self, parts: Mapping[str, bytes]) -> None:
        """Be as at a snapshot."""
        self.of = _KEPT.decode(parts["totals"])


class TotalTask(Task[Tellings]):
    """The total over what all partitions told."""

    def __init__(self, at: TopicPartition, clock: Clock) -> None:
        self.operator = Totals()
        super().__init__(at, self.operator, clock)

    def decode(self, fetched: Fetched) -> Tellings:
        """Records of ``energyguard.occupancy``, decoded."""
        found = list(decoded(OCCUPANCY_UPDATE.decoder, fetched))
        offsets = [one.offset for one, _ in found]
        return Tellings(fetched.at, fetched.next_offset, offsets, [told for _, told in found])

    def take(self, part: Tellings, outputs: PendingOutputs) -> None:
        """Tell the seconds that are certain by now."""
        for told in part.told:
            total = self.operator.of.setdefault(told.topic, TopicTotal())
            found = list(total.take(told))
            self.dirty = True
            if found:
                topic = told.topic.encode()
                headers = [
                    TotalHeaders(f"{told.topic}/{second}", told.topic).encode()
                    for second, _ in found
                ]
                values = [total_occupied(second, stand) for second, stand in found]
                outputs.add(TOTAL_OCCUPIED.name, Records([topic] * len(found), values, headers))

    def decided(self, decision: Decision, outputs: PendingOutputs) -> None:
        """Nobody decides anything here."""


class TotalStage(Stage[TotalTask, Tellings]):
    """One partition, one total of each topic."""

    flow = TOTAL
    topics = TOTAL.topics

    def __init__(self, clock: Clock = SYSTEM) -> None:
        self._clock = clock

    def task(self, at: TopicPartition) -> TotalTask:
        """No totals yet."""
        return TotalTask(at, self._clock)

    def decode(self, fetched: Sequence[Fetched]) -> list[Tellings]:
        """What was told."""
        return [self.task(one.at).decode(one) for one in fetched]


def total_worker(
    log: Log, settings: StreamSettings, clock: Clock = SYSTEM
) -> Worker[TotalTask, Tellings]:
    """A member of the group ``occupancy``."""
    return Worker(log, TotalStage(clock), settings, clock)
