"""What every backend's member of a consumer group knows about itself."""

from __future__ import annotations

from collections.abc import Mapping

from energyguard.log.records import TopicPartition


class MemberState:
    """The part of ``Membership`` that is told, not done."""

    def __init__(self, group: str) -> None:
        self._name = group
        self._generation = 0
        self._assigned: dict[TopicPartition, int] = {}

    @property
    def group(self) -> str:
        """The group's name."""
        return self._name

    @property
    def generation(self) -> int:
        """Grows with each change of owners."""
        return self._generation

    @property
    def assigned(self) -> Mapping[TopicPartition, int]:
        """The partitions owned now, each with the position that the group has committed."""
        return dict(self._assigned)

    def remember(self, positions: Mapping[TopicPartition, int]) -> None:
        """Know the positions that were committed."""
        self._assigned.update({at: to for at, to in positions.items() if at in self._assigned})
