"""Decoded records of one partition, of which each is a value of its own."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from energyguard.codecs import RefusedRow
from energyguard.log import TopicPartition

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class DecodedBatch(Generic[V]):
    """Values of records up to ``next_offset``, in log order; and what was refused."""

    at: TopicPartition
    next_offset: int
    offsets: list[int]
    values: list[V]
    bad: tuple[tuple[int, RefusedRow], ...] = ()  # each with its offset
    appended_ms: int | None = None  # when the log took the last one

    def __len__(self) -> int:
        return len(self.values) + len(self.bad)

    def split(self, offset: int) -> tuple[DecodedBatch[V], DecodedBatch[V]]:
        """What is below an offset, and the rest."""
        place = bisect_left(self.offsets, offset)
        bad = bisect_left(self.bad, offset, key=lambda refused: refused[0])
        below = replace(
            self,
            next_offset=min(offset, self.next_offset),
            offsets=self.offsets[:place],
            values=self.values[:place],
            bad=self.bad[:bad],
        )
        rest = replace(
            self,
            offsets=self.offsets[place:],
            values=self.values[place:],
            bad=self.bad[bad:],
        )
        return below, rest
