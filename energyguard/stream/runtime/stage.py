"""What a worker asks of the operators that it runs: windows, sessions, their total."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from energyguard.log import Fetched, TopicPartition
from energyguard.pipeline import Flow
from energyguard.stream.runtime.decisions import Decision, Decisions
from energyguard.stream.runtime.decoded import DecodedRecords
from energyguard.stream.runtime.outputs import PendingOutputs
from energyguard.stream.runtime.task import Task

P = TypeVar("P", bound=DecodedRecords)
T = TypeVar("T", bound=Task[Any])


class Stage(Generic[T, P]):
    """A flow's operators. What is not overridden here needs nothing of it."""

    flow: Flow
    topics: Sequence[str]

    def task(self, at: TopicPartition) -> T:
        """A partition's task, with nothing in it yet."""
        raise NotImplementedError

    def decode(self, fetched: Sequence[Fetched]) -> list[P]:
        """What was read, decoded. It was read before this is called."""
        raise NotImplementedError

    def decide(self, task: T, decisions: Decisions) -> list[Decision]:
        """What the owner has to decide about a partition of which nothing is undecided."""
        return []

    def decide_all(self, tasks: Collection[T], decisions: Decisions) -> list[Decision]:
        """What the owner has to decide about all of its partitions, once a second."""
        return []

    def follow(self, tasks: Collection[T], decisions: Decisions) -> None:
        """Take what others have said since, once a second."""

    def report(self, tasks: Collection[T], outputs: PendingOutputs, *, last: bool = False) -> None:
        """Tell how far partitions are; ``last``: this worker is leaving."""

    @property
    def in_step(self) -> bool:
        """Whether other workers' partitions and ours wait for each other now."""
        return False

    def paused(self) -> Collection[TopicPartition]:
        """Partitions of which nothing more is to be read now."""
        return ()

    def release(self, parts: Iterable[P], tasks: Mapping[TopicPartition, T]) -> list[P]:
        """Of what was read, what its tasks may have now."""
        return list(parts)

    def keep(self, owned: Collection[TopicPartition]) -> None:
        """Forget what was read of all other partitions."""
