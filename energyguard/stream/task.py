"""One partition in a worker: its operator, its position, and what it owes to the log."""

from __future__ import annotations

from collections import Counter

import msgspec
import numpy as np
import pyarrow as pa

from energyguard.clock import Clock
from energyguard.detect.book import RuleBook
from energyguard.log import EARLIEST, Log, Records, TopicPartition
from energyguard.model.readings import Verdict
from energyguard.model.topics import DEAD_LETTERS, PROGRESS
from energyguard.stream.batch import Batch
from energyguard.stream.checkpoint import Manifest, read_snapshot, snapshot_records
from energyguard.stream.clock import NEVER
from energyguard.stream.decisions import Decision, Decisions
from energyguard.stream.operator import Limits, Windows
from energyguard.stream.outcome import Outcome
from energyguard.stream.outputs import Outputs
from energyguard.stream.part import Part, decoded_part
from energyguard.telemetry import logger
from energyguard.wire.limits import DEFAULT, Plausible

MARK_MS = 900_000
MARKS_MOST = 2_000

_log = logger(__name__)


class Task:
    """Windows over one partition, from the snapshot on."""

    def __init__(
        self,
        at: TopicPartition,
        book: RuleBook,
        limits: Limits,
        clock: Clock,
        plausible: Plausible = DEFAULT,
    ) -> None:
        self.at, self.plausible = at, plausible
        self.limits = limits
        self.clock = clock
        self.operator = Windows(at.topic, book.active(), limits)
        self.position = 0
        self.manifest = Manifest(position=0, decided=-1, chunks={}, counts={}, marks=[])
        self.counts: Counter[str] = Counter()
        self.reported: Counter[str] = Counter()
        self.heard_s = clock.monotonic()  # when the last record came
        self.saved_s = clock.monotonic()
        self.told_s = 0.0
        self.delivered_ms: int | None = None  # see ``Alignment``; and what was told of it
        self.told_ms: int | None = None
        self.dirty = False

    def restore(self, log: Log, committed: int, decisions: Decisions) -> None:
        """Be as at the committed position: snapshot, then replay with the outputs muted."""
        saved = read_snapshot(log, self.at)
        if saved is not None:
            self.manifest, parts = saved
            self.position = self.manifest.position
            self.counts = Counter(self.manifest.counts)
            self.operator.restore(parts)
        else:
            self.position = log.positions(self.at.topic, EARLIEST)[self.at]
        self._replay(log, committed, decisions)

    def _replay(self, log: Log, end: int, decisions: Decisions) -> None:
        """Take records up to an offset; what comes of them is committed already."""
        begin = self.position
        while self.position < end:
            fetched = log.read({self.at: self.position}, min(end - self.position, 4096), 0)
            for part in fetched:
                self.feed(decoded_part(part, self.plausible).split(end)[0], decisions, Outputs())
            if not fetched:
                break
        if end > begin:
            _log.info("replayed, outputs muted", partition=str(self.at), records=end - begin)

    def feed(self, part: Part, decisions: Decisions, outputs: Outputs) -> None:
        """Take records, with the decisions among them."""
        for serial, decision in self._due(decisions, part.next_offset):
            before, part = part.split(decision.offset)
            self._take(before, outputs)
            self._apply(serial, decision, outputs)
        self._take(part, outputs)
        self.position = part.next_offset
        self.heard_s = self.clock.monotonic()

    def settle(self, decisions: Decisions, outputs: Outputs) -> None:
        """Apply the decisions that are due where the partition stands now."""
        for serial, decision in self._due(decisions, self.position + 1):
            self._apply(serial, decision, outputs)

    def _due(self, decisions: Decisions, before: int) -> list[tuple[int, Decision]]:
        """Decisions not applied yet whose offset is below one."""
        pending = decisions.of(self.at, self.manifest.decided)
        return [(serial, d) for serial, d in pending if d.offset < before]

    def undecided(self, decisions: Decisions) -> bool:
        """Is there a decision that has not taken effect yet?"""
        return bool(decisions.of(self.at, self.manifest.decided))

    def _apply(self, serial: int, decision: Decision, outputs: Outputs) -> None:
        """Let a decision take effect."""
        self.manifest.decided = serial
        self.dirty = True
        if decision.rules is not None:
            outcome = self.operator.set_rules(decision.rules)
        else:
            outcome = self.operator.advance(decision.time or NEVER, end=decision.end)
        self._tell(outcome, outputs)

    def _take(self, part: Part, outputs: Outputs) -> None:
        """Readings that belong here through the operator; the others on their way."""
        if part.bad:
            outputs.add(DEAD_LETTERS.name, part.letters())
        batch = part.batch
        if part.astray is not None:
            outputs.send_home(part.at.topic, batch.readings.filter(pa.array(part.astray)))
            batch = batch.take(np.flatnonzero(~part.astray))
        if not len(batch):
            return
        before = self.operator.clock.newest
        outcome = self.operator.process(batch)
        self._mark(before, batch)
        self.dirty = True
        self._tell(outcome, outputs)

    def _tell(self, outcome: Outcome, outputs: Outputs) -> None:
        for verdict, n in outcome.counts.items():
            self.counts[verdict.value] += n
        outputs.tell(outcome, self.at)

    def _mark(self, before: int, batch: Batch) -> None:
        """Note now and then which time the partition had reached at which offset."""
        marks = self.manifest.marks
        if before > NEVER and (not marks or before >= marks[-1][0] + MARK_MS):
            marks.append((before, int(batch.offset[0])))
            del marks[:-MARKS_MOST]

    def widen(self, log: Log, limits: Limits, decisions: Decisions) -> None:
        """A window is longer than what the ring holds: go back in the log, outputs muted."""
        newest = self.operator.clock.newest
        back = newest - sum((limits.clock.lateness_ms, limits.horizon_ms, 2 * MARK_MS))
        marks = [offset for time, offset in self.manifest.marks if time <= back]
        here, rules = self.position, self.operator.rules
        earliest = log.positions(self.at.topic, EARLIEST)[self.at]
        self.limits = limits
        self.operator = Windows(self.at.topic, rules, limits)
        self.position = max(marks[-1] if marks else earliest, earliest)
        counts, decided = Counter(self.counts), self.manifest.decided
        self._replay(log, here, decisions)
        self.counts, self.manifest.decided = counts, decided
        self.dirty = True

    def progress(self) -> tuple[str, Records]:
        """The record that says how far this partition is."""
        self.told_ms = self.delivered_ms
        clock = self.operator.clock
        known = clock.newest > NEVER
        value = {
            "topic": self.at.topic,
            "partition": self.at.partition,
            "position": self.position,
            "watermark_ms": clock.watermark if known else None,
            "newest_ms": clock.newest if known else None,
            "delivered_ms": self.delivered_ms,
            "at_ms": self.clock.now_ms(),
            "devices": len(self.operator.devices),
            "waiting": 0 if clock.waiting is None else len(clock.waiting),
            **{v.value: self.counts[v.value] for v in Verdict},
        }
        key = f"{self.at.topic}/{self.at.partition}".encode()
        return PROGRESS.name, Records([key], [msgspec.json.encode(value)])

    def snapshot(self) -> Records:
        """The records that save this partition as it is now."""
        self.manifest.position = self.position
        self.manifest.counts = dict(self.counts)
        self.dirty = False
        self.saved_s = self.clock.monotonic()
        parts = self.operator.snapshot()
        gone = self.manifest.chunks.keys() - parts.keys() - self.operator.saved
        return snapshot_records(self.at, self.manifest, parts | dict.fromkeys(gone))
