"""How many cars stand at all chargers of a topic, second by second: ``total-occupied``.

Each partition has its own time. The total of a second is certain when every partition's is, and is
told then, once, whatever was told again after a crash.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set

import msgspec

from energyguard.clock import SYSTEM, Clock
from energyguard.domains.charging.codec import total_occupied
from energyguard.domains.charging.flows import TOTAL
from energyguard.domains.charging.records.occupancy import OCCUPANCY_UPDATE, OccupancyUpdate
from energyguard.domains.charging.records.results import TotalHeaders
from energyguard.domains.charging.sessions.total import TopicTotal
from energyguard.domains.charging.topics import TOTAL_OCCUPIED
from energyguard.log import Fetched, Log, Records, TopicPartition
from energyguard.log.records import decoded
from energyguard.settings.tree import StreamSettings
from energyguard.stream.runtime.decoded_batch import DecodedBatch
from energyguard.stream.runtime.outputs import Decision, PendingOutputs
from energyguard.stream.runtime.stage import Stage, Task
from energyguard.stream.runtime.worker import Worker

Tellings = DecodedBatch[OccupancyUpdate]
"""Records of ``energyguard.occupancy``."""

_KEPT = msgspec.msgpack.Decoder(dict[str, TopicTotal])


class Totals:
    """The totals of all topics."""

    saved: Set[str] = frozenset({"totals"})

    def __init__(self) -> None:
        self.of: dict[str, TopicTotal] = {}

    def process(self, batch: Iterable[OccupancyUpdate]) -> list[tuple[str, list[tuple[int, int]]]]:
        """The seconds that are certain by now, by topic, each with how many cars stood."""
        return [
            (update.topic, list(self.of.setdefault(update.topic, TopicTotal()).take(update)))
            for update in batch
        ]

    def advance(self, time: int, /) -> list[tuple[str, list[tuple[int, int]]]]:
        """Its time is that of what was told."""
        return []

    def snapshot(self) -> dict[str, bytes | None]:
        """All that is known, to go on from."""
        return {"totals": msgspec.msgpack.encode(self.of)}

    def restore(self, parts: Mapping[str, bytes]) -> None:
        """Be as at a snapshot."""
        self.of = _KEPT.decode(parts["totals"])


class TotalTask(Task[Tellings, Totals]):
    """The total over what all partitions told."""

    def decode(self, fetched: Fetched) -> Tellings:
        """Records of ``energyguard.occupancy``, decoded."""
        found = list(decoded(OCCUPANCY_UPDATE.decoder, fetched))
        offsets = [place.offset for place, _ in found]
        return DecodedBatch(
            fetched.at, fetched.next_offset, offsets, [update for _, update in found]
        )

    def take(self, part: Tellings, outputs: PendingOutputs) -> None:
        """Tell the seconds that are certain by now."""
        for name, certain in self.operator.process(part.values):
            self.dirty = True
            if certain:
                topic = name.encode()
                headers = [TotalHeaders(f"{name}/{second}", name).encode() for second, _ in certain]
                values = [total_occupied(second, stand) for second, stand in certain]
                outputs.add(TOTAL_OCCUPIED.name, Records([topic] * len(values), values, headers))

    def decided(self, decision: Decision, outputs: PendingOutputs) -> None:
        """Nobody decides anything here."""


class TotalStage(Stage[TotalTask, Tellings]):
    """One partition, one total of each topic."""

    flow = TOTAL

    def task(self, at: TopicPartition) -> TotalTask:
        """No totals yet."""
        return TotalTask(at, Totals(), self.clock)

    def decode(self, fetched: Sequence[Fetched]) -> list[Tellings]:
        """What was told."""
        return [self.task(part.at).decode(part) for part in fetched]


def total_worker(
    log: Log, settings: StreamSettings, clock: Clock = SYSTEM
) -> Worker[TotalTask, Tellings]:
    """A member of the group ``occupancy``."""
    return Worker(log, TotalStage(log, TOTAL.topics, clock), settings, clock)
