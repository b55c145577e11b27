"""What a task runs over its partition: windows, state machines of chargers, totals."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Protocol, TypeVar

B_contra = TypeVar("B_contra", contravariant=True)
O_co = TypeVar("O_co", covariant=True)


class Operator(Protocol[B_contra, O_co]):
    """State over the records of one partition, in log order: how they are cut changes nothing."""

    def process(self, batch: B_contra) -> O_co:
        """Take records; gives what is certain now."""
        ...

    def advance(self, time: int, /) -> O_co:
        """Let event time be at least this, in the operator's own unit, though no record says so."""
        ...

    @property
    def saved(self) -> Set[str]:
        """The names of the parts that the last snapshot left."""
        ...

    def snapshot(self) -> dict[str, bytes | None]:
        """The parts that changed since the last snapshot, by name; None: gone."""
        ...

    def restore(self, parts: Mapping[str, bytes]) -> None:
        """Be as at a snapshot, from all its parts."""
        ...
