"""What a worker runs: for each partition a task with an operator; for all of them a stage.

A task has its partition's operator, its position, and what it owes to the log. A stage is what the
worker asks of a flow: windows, sessions, their total.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar

from energyguard.clock import SYSTEM, Clock
from energyguard.errors import BehindRetention
from energyguard.flow import Flow
from energyguard.log import EARLIEST, LATEST, Fetched, Log, Records, TopicPartition
from energyguard.records.state import Manifest
from energyguard.stream.runtime.checkpoint import Saved, raising_unusable, snapshot_records
from energyguard.stream.runtime.outputs import Decision, Decisions, PendingOutputs
from energyguard.stream.time.witnesses import Other, Waits, witnessed
from energyguard.telemetry import logger

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


P = TypeVar("P", bound=DecodedRecords)
Op = TypeVar("Op", bound=Operator[Any, Any])
REPLAY_RECORDS = 4096

_log = logger(__name__)


class Task(ABC, Generic[P, Op]):
    """An operator over one partition, from its snapshot on."""

    owner: ClassVar[str] = ""
    """What its decisions' topic begins with, where another flow decides about the same topic."""

    def __init__(self, at: TopicPartition, operator: Op, clock: Clock) -> None:
        self.at, self.operator, self.clock = at, operator, clock
        self.position = 0
        self.manifest = Manifest(position=0, decided=-1)
        self.counts: Counter[str] = Counter()
        self.reported: Counter[str] = Counter()
        self.last_record_s = clock.monotonic()  # when the last record came
        self.saved_s = clock.monotonic()
        self.dirty = False

    @abstractmethod
    def decode(self, fetched: Fetched) -> P:
        """Records of this partition, decoded."""

    @abstractmethod
    def take(self, part: P, outputs: PendingOutputs) -> None:
        """Let the operator have records."""

    @abstractmethod
    def decided(self, decision: Decision, outputs: PendingOutputs) -> None:
        """Let a decision take effect."""

    @property
    def waits(self) -> Waits | None:
        """What the owner has to know of what waits here, times in ms; None: nothing."""
        return None

    @property
    def furthest_ms(self) -> int | None:
        """The newest time of any device here, believed or not."""
        return None

    def decision(self, **what: Any) -> Decision:
        """A decision about the partition, where it stands now."""
        topic, partition = self.at
        return Decision(topic=self.owner + topic, partition=partition, offset=self.position, **what)

    def restore(self, log: Log, saved: Saved | None, committed: int, decisions: Decisions) -> None:
        """Be as at the committed position: snapshot, then replay with the outputs muted."""
        if saved is not None:
            self.manifest, parts = saved
            self.position = self.manifest.position
            self.counts = Counter(self.manifest.counts)
            with raising_unusable():
                self.operator.restore(parts)
        else:
            self.position = log.positions(self.at.topic, EARLIEST)[self.at]
        self.replay(log, committed, decisions)
        self.reported = Counter(self.counts)

    def replay(self, log: Log, end: int, decisions: Decisions) -> None:
        """Take records up to an offset; what comes of them is committed already."""
        begin = self.position
        while self.position < end:
            try:
                fetched = log.read(
                    {self.at: self.position}, min(end - self.position, REPLAY_RECORDS), 0
                )
            except BehindRetention as gone:
                _log.error("deleted before it could be replayed", reason=str(gone))
                self.position = min(gone.earliest, end)
                continue
            for part in fetched:
                self.feed(self.decode(part).split(end)[0], decisions, PendingOutputs())
            if not fetched:
                break
        if end > begin:
            _log.debug("replayed, outputs muted", partition=str(self.at), records=end - begin)

    def feed(self, part: P, decisions: Decisions, outputs: PendingOutputs) -> None:
        """Take records, with the decisions among them."""
        for serial, decision in self._due(decisions, part.next_offset):
            before, part = part.split(decision.offset)
            self.take(before, outputs)
            self._apply(serial, decision, outputs)
        self.take(part, outputs)
        self.position = part.next_offset
        self.last_record_s = self.clock.monotonic()

    def settle(self, decisions: Decisions, outputs: PendingOutputs) -> bool:
        """Apply the decisions that are due where the partition stands now; whether there were."""
        due = self._due(decisions, self.position + 1)
        for serial, decision in due:
            self._apply(serial, decision, outputs)
        return bool(due)

    def settle_again(self, decisions: Decisions, last: int) -> None:
        """Apply those that took effect here before, up to a serial number: outputs are written."""
        for serial, decision in self._due(decisions, self.position + 1):
            if serial <= last:
                self._apply(serial, decision, PendingOutputs())
        self.reported = Counter(self.counts)

    def _due(self, decisions: Decisions, before: int) -> list[tuple[int, Decision]]:
        """Decisions not applied yet whose offset is below one."""
        pending = decisions.of(self.at, self.manifest.decided)
        return [(serial, d) for serial, d in pending if d.offset < before]

    def _apply(self, serial: int, decision: Decision, outputs: PendingOutputs) -> None:
        self.manifest.decided = serial
        self.dirty = True
        self.decided(decision, outputs)

    def undecided(self, decisions: Decisions) -> bool:
        """Is there a decision that has not taken effect yet?"""
        return bool(decisions.of(self.at, self.manifest.decided))

    def snapshot(self, flow: str) -> Records:
        """The records that save this partition of a flow as it is now."""
        self.manifest.position = self.position
        self.manifest.counts = dict(self.counts)
        self.dirty = False
        self.saved_s = self.clock.monotonic()
        parts = self.operator.snapshot()
        gone = self.manifest.chunks.keys() - parts.keys() - self.operator.saved
        return snapshot_records(flow, self.at, self.manifest, parts | dict.fromkeys(gone))


T = TypeVar("T", bound=Task[Any, Any])


class Stage(Generic[T, P]):
    """A flow's operators. What is not overridden here needs nothing of it."""

    flow: Flow
    owner: ClassVar[str] = ""
    """That of its tasks."""

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

    def is_behind(self, tasks: Collection[T], decisions: Decisions) -> bool:
        """Whether others have said something that holds for records that have just been read."""
        return False

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
