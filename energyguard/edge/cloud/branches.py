"""What the cloud holds of disks of an edge that another took the place of.

Who wrote an offset in which epoch is the same record on every copy of the disk. So when an edge's
disk is put back, what the other one had sent is set aside by its epochs, and when that one comes
back after all, it is held again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from energyguard.edge.protocol.epochs import SharedPast, spans_of
from energyguard.edge.protocol.ranges import Ranges
from energyguard.log.records import TopicPartition
from energyguard.records.edges import EdgeEpoch, HeldPartition, ReplacedEpoch

MAX_REPLACED = 16
"""Epochs that are remembered: the newest."""


class Branches:
    """Epochs that were replaced, and what is held of each."""

    def __init__(self, replaced: Iterable[ReplacedEpoch]) -> None:
        self._replaced = {
            epoch.id: {TopicPartition(p.topic, p.partition): Ranges(p.ranges) for p in epoch.held}
            for epoch in replaced
        }

    def __contains__(self, epoch: str) -> bool:
        return epoch in self._replaced

    def leave(
        self, held: Mapping[TopicPartition, Ranges], past: Sequence[EdgeEpoch], common: SharedPast
    ) -> None:
        """Set aside what is held and not shared, by the epochs in which it was written."""
        for epoch in common.replaced:
            self._replaced.setdefault(epoch, {})
        for at, ranges in held.items():
            before = (common.before or {}).get(at, 0)
            for epoch, first, following in spans_of(past, at):
                for part in ranges.within(max(first, before), following):
                    aside = self._replaced.setdefault(epoch, {}).setdefault(at, Ranges())
                    aside.add(part.first, part.next)
            ranges.remove(before, max(ranges.end, before))

    def enter(self, held: dict[TopicPartition, Ranges], past: Sequence[EdgeEpoch]) -> None:
        """Take out what an outbox with these epochs wrote: it is held."""
        known = {epoch.id for epoch in past} & self._replaced.keys()
        for at in {at for epoch in known for at in self._replaced[epoch]}:
            for epoch, first, following in spans_of(past, at):
                aside = self._replaced.get(epoch, {}).get(at, Ranges())
                for part in aside.within(first, following):
                    held.setdefault(at, Ranges()).add(part.first, part.next)
                    aside.remove(part.first, part.next)
        for epoch in known:
            if not any(self._replaced[epoch].values()):
                del self._replaced[epoch]

    def replaced(self) -> tuple[ReplacedEpoch, ...]:
        """The newest of them, as the link has them."""
        self._replaced = dict([*self._replaced.items()][-MAX_REPLACED:])
        return tuple(ReplacedEpoch(e, parts_of(held, {})) for e, held in self._replaced.items())


def parts_of(
    held: Mapping[TopicPartition, Ranges], void: Mapping[TopicPartition, int]
) -> tuple[HeldPartition, ...]:
    """Ranges by partition as records have them."""
    return tuple(
        HeldPartition(
            topic=at.topic, partition=at.partition, ranges=tuple(ranges), void=void.get(at, 0)
        )
        for at, ranges in held.items()
        if ranges or void.get(at)
    )
