"""One partition in a worker: its operator, its position, and what it owes to the log."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Set
from typing import Generic, Protocol, TypeVar

from energyguard.clock import Clock
from energyguard.errors import BehindRetention
from energyguard.log import EARLIEST, Fetched, Log, Records, TopicPartition
from energyguard.records.state import Manifest
from energyguard.stream.runtime.checkpoint import Saved, Unusable, snapshot_records
from energyguard.stream.runtime.decisions import Decision, Decisions
from energyguard.stream.runtime.decoded import DecodedRecords
from energyguard.stream.runtime.outputs import PendingOutputs
from energyguard.telemetry import logger

P = TypeVar("P", bound=DecodedRecords)
REPLAY_RECORDS = 4096

_log = logger(__name__)


class Savable(Protocol):
    """An operator whose state can be saved."""

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


class Task(ABC, Generic[P]):
    """An operator over one partition, from its snapshot on."""

    def __init__(self, at: TopicPartition, operator: Savable, clock: Clock) -> None:
        self.at, self.clock = at, clock
        self._kept = operator
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

    def restore(self, log: Log, saved: Saved | None, committed: int, decisions: Decisions) -> None:
        """Be as at the committed position: snapshot, then replay with the outputs muted."""
        if saved is not None:
            self.manifest, parts = saved
            self.position = self.manifest.position
            self.counts = Counter(self.manifest.counts)
            try:
                self._kept.restore(parts)
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
        parts = self._kept.snapshot()
        gone = self.manifest.chunks.keys() - parts.keys() - self._kept.saved
        return snapshot_records(flow, self.at, self.manifest, parts | dict.fromkeys(gone))
