"""What a worker asks of the operators that it runs: windows, sessions, their total."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

from energyguard.clock import SYSTEM, Clock
from energyguard.log import LATEST, Fetched, Log, TopicPartition
from energyguard.pipeline import Flow
from energyguard.stream.runtime.decisions import Decision, Decisions
from energyguard.stream.runtime.decoded import DecodedRecords
from energyguard.stream.runtime.outputs import PendingOutputs
from energyguard.stream.runtime.task import Task
from energyguard.stream.time.witnesses import Other, witnessed

P = TypeVar("P", bound=DecodedRecords)
T = TypeVar("T", bound=Task[Any, Any])


class Stage(Generic[T, P]):
    """A flow's operators. What is not overridden here needs nothing of it."""

    flow: Flow

    def __init__(self, log: Log, topics: Sequence[str], clock: Clock = SYSTEM) -> None:
        self.log, self.topics, self.clock = log, topics, clock
        self.tasks: Mapping[TopicPartition, T] = {}  # the worker's, as it has them

    def task(self, at: TopicPartition) -> T:
        """A partition's task, with nothing in it yet."""
        raise NotImplementedError

    def decode(self, fetched: Sequence[Fetched]) -> list[P]:
        """What was read, decoded. It was read before this is called."""
        raise NotImplementedError

    def decide(self, task: T, decisions: Decisions) -> list[Decision]:
        """What the owner has to decide about a partition of which nothing is undecided."""
        return []

    def witness(self, task: T) -> list[Decision]:
        """How far other devices of the topic have come, where something far ahead waits to know."""
        waits = task.waits
        if waits is None or (found := witnessed(waits, self._others(task.at))) is None:
            return []
        return [task.decision(reached=found.reached, alone=found.reached is None)]

    def _others(self, at: TopicPartition) -> Iterator[Other]:
        """How far the other partitions of a topic are, whoever owns them."""
        for place, end in self.log.positions(at.topic, LATEST).items():
            if place == at:
                continue
            if (task := self.tasks.get(place)) is not None:
                silent_s = self.clock.monotonic() - task.last_record_s
                yield Other(task.furthest_ms, silent_s, task.position >= end)
            else:
                yield self.elsewhere(place) or Other(None, is_read=end == 0)

    def elsewhere(self, at: TopicPartition) -> Other | None:
        """What another worker has said of a partition of its own; None: nothing is known."""
        return None

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

    def release(self, parts: Iterable[P]) -> list[P]:
        """Of what was read, what the tasks may have now."""
        return list(parts)

    def keep(self, owned: Collection[TopicPartition]) -> None:
        """Forget what was read of all other partitions."""
