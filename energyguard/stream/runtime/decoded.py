"""Records of one partition, decoded: what a worker holds between reading and its operators."""

from __future__ import annotations

from typing import Protocol, Self

from energyguard.log import TopicPartition


class DecodedRecords(Protocol):
    """Records of one partition, decoded."""

    @property
    def at(self) -> TopicPartition:
        """The partition."""
        ...

    @property
    def next_offset(self) -> int:
        """The position behind them."""
        ...

    def split(self, offset: int) -> tuple[Self, Self]:
        """What is below an offset, and the rest."""
        ...

    def __len__(self) -> int:
        """How many rows they hold."""
        ...
