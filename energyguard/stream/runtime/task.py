"""One partition in a worker: its operator, its position, and what it owes to the log."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from typing import Any, Generic, TypeVar

from energyguard.clock import Clock
from energyguard.errors import BehindRetention
from energyguard.log import EARLIEST, Fetched, Log, Records, TopicPartition
from energyguard.records.state import Manifest
from energyguard.stream.runtime.checkpoint import Saved, Unusable, snapshot_records
from energyguard.stream.runtime.decisions import Decision, Decisions
from energyguard.stream.runtime.decoded import DecodedRecords
from energyguard.stream.runtime.operator import Operator
from energyguard.stream.runtime.outputs import PendingOutputs
from energyguard.stream.time.witnesses import Waits
from energyguard.telemetry import logger

P = TypeVar("P", bound=DecodedRecords)
Op = TypeVar("Op", bound=Operator[Any, Any])
REPLAY_RECORDS = 4096

_log = logger(__name__)


class Task(ABC, Generic[P, Op]):
    """An operator over one partition, from its snapshot on."""

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
        return Decision(topic=topic, partition=partition, offset=self.position, **what)

    def restore(self, log: Log, saved: Saved | None, committed: int, decisions: Decisions) -> None:
        """Be as at the committed position: snapshot, then replay with the outputs muted."""
        if saved is not None:
            self.manifest, parts = saved
            self.position = self.manifest.position
            self.counts = Counter(self.manifest.counts)
            try:
                self.operator.restore(parts)
            except Exception as error:  # whatever was in its bytes: the log has it all
                raise Unusable(f"{type(error).__name__}: {error}") from error
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

    def settle(self, decisions: Decisions, outputs: PendingOutputs) -> None:
        """Apply the decisions that are due where the partition stands now."""
        for serial, decision in self._due(decisions, self.position + 1):
            self._apply(serial, decision, outputs)

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
