"""Windows and alerts over one partition of a topic of readings."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import ClassVar

import numpy as np
import pyarrow as pa

from energyguard.clock import Clock
from energyguard.codecs.assembly import DEFAULT, PlausibilityLimits
from energyguard.flow import Flow
from energyguard.log import EARLIEST, Fetched, Log, Records, TopicPartition
from energyguard.model.readings import ReadingBatch, Verdict
from energyguard.model.topics import DEAD_LETTERS, PROGRESS, source_of
from energyguard.pipeline import WINDOWS
from energyguard.records.progress import PARTITION_PROGRESS, PartitionProgress
from energyguard.rules.registry import RuleBook
from energyguard.stream.runtime.checkpoint import Saved, raising_unusable
from energyguard.stream.runtime.outputs import Decision, Decisions, PendingOutputs
from energyguard.stream.runtime.stage import Task
from energyguard.stream.time.alignment import DecodedReadings, decoded_part
from energyguard.stream.time.trusted import NEVER
from energyguard.stream.time.witnesses import Waits, Witnesses
from energyguard.stream.windows.channels.energy_state import by_kind
from energyguard.stream.windows.episodes.output import WindowOutput
from energyguard.stream.windows.handover import PART as HANDOVER
from energyguard.stream.windows.handover import Handover, handover_of
from energyguard.stream.windows.limits import WindowLimits
from energyguard.stream.windows.operator import WindowOperator
from energyguard.stream.windows.places import PlacesAt, nowhere

MARK_MS = 900_000
MAX_MARKS = 2_000


class WindowTask(Task[DecodedReadings, WindowOperator]):
    """Windows over one partition, from the snapshot on."""

    flow: ClassVar[Flow] = WINDOWS

    def __init__(
        self,
        at: TopicPartition,
        book: RuleBook,
        limits: WindowLimits,
        clock: Clock,
        plausible: PlausibilityLimits = DEFAULT,
        places_at: PlacesAt = nowhere,
    ) -> None:
        self.plausible, self.limits = plausible, limits
        topic = source_of(at.topic)
        operator = WindowOperator(
            topic,
            book.running(),
            limits,
            witnesses=Witnesses.UNKNOWN,
            flow=self.flow.name,
            places_at=places_at,
            described_by=partial(by_kind, defaults=limits.energy),
        )
        super().__init__(at, operator, clock)
        self.placed = (-1, -1, -1)  # the catalogue, devices and rules that were looked at last
        self.last_report_s = 0.0
        self.delivered_ms: int | None = None  # see ``Alignment``; and what was told of it
        self.reported_ms: int | None = None

    @property
    def waits(self) -> Waits | None:
        """What the owner has to know of readings that wait; None: nothing."""
        return self.operator.clock.waits

    @property
    def furthest_ms(self) -> int | None:
        """The newest time of any device here, believed or not."""
        furthest = self.operator.clock.furthest
        return furthest if furthest > NEVER else None

    def hand_over(self, handover: Handover) -> None:
        """Keep in snapshots what the detector is to go on with."""
        if handover.position:
            self.operator.kept[HANDOVER] = handover.part()

    def restore(self, log: Log, saved: Saved | None, committed: int, decisions: Decisions) -> None:
        """Be as at the committed position; an older version's alerts about values are kept."""
        if saved is not None:
            with raising_unusable():
                self.hand_over(handover_of(*saved))
        super().restore(log, saved, committed, decisions)

    def decode(self, fetched: Fetched) -> DecodedReadings:
        """Records of this partition, decoded."""
        return decoded_part(fetched, self.plausible)

    def feed(self, part: DecodedReadings, decisions: Decisions, outputs: PendingOutputs) -> None:
        """Take records; a backfill is no sign of life."""
        last_record_s = self.last_record_s
        super().feed(part, decisions, outputs)
        if len(part.past) and not len(part.batch):
            self.last_record_s = last_record_s

    def decided(self, decision: Decision, outputs: PendingOutputs) -> None:
        """Run other rules, by another catalogue, or know what time it is."""
        if decision.rules is not None:
            outcome = self.operator.set_rules(decision.rules)
        elif decision.catalogue is not None:
            outcome = self.operator.place(decision.catalogue)
        elif decision.reached is not None or decision.alone:
            outcome = self.operator.witness(decision.reached)
        else:
            if decision.end:
                self._tell(self.operator.end(), outputs)
            elif decision.time is not None:  # others have come so far
                self._tell(self.operator.witness(decision.time), outputs)
            outcome = self.operator.advance(decision.time or NEVER, end=decision.end)
        self._tell(outcome, outputs)

    def take(self, part: DecodedReadings, outputs: PendingOutputs) -> None:
        """Readings that belong here through the operator; the others on their way."""
        if part.bad:
            outputs.add(DEAD_LETTERS.name, part.letters())
        if len(part.past):
            self.counts[Verdict.ACCEPTED.value] += len(part.past)
            self.dirty = True
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

    def _tell(self, outcome: WindowOutput, outputs: PendingOutputs) -> None:
        for verdict, n in outcome.counts.items():
            self.counts[verdict.value] += n
        outputs.tell(outcome, self.at)

    def _mark(self, before: int, batch: ReadingBatch) -> None:
        """Note now and then which time the partition had reached at which offset."""
        marks = self.manifest.marks
        if before > NEVER and (not marks or before >= marks[-1][0] + MARK_MS):
            marks.append((before, int(batch.offset[0])))
            del marks[:-MAX_MARKS]

    def widen(self, log: Log, limits: WindowLimits, decisions: Decisions) -> None:
        """A window is longer than what the ring holds: go back in the log, outputs muted."""
        newest = self.operator.clock.newest
        back = newest - sum((limits.clock.lateness_ms, limits.horizon_ms, 2 * MARK_MS))
        marks = [offset for time, offset in self.manifest.marks if time <= back]
        here, kept = self.position, self.operator
        earliest = log.positions(self.at.topic, EARLIEST)[self.at]
        self.limits = limits
        self.operator = kept.like(limits)
        self.position = max(marks[-1] if marks else earliest, earliest)
        counts, decided = Counter(self.counts), self.manifest.decided
        self.replay(log, here, decisions)
        kept.widen(self.operator)  # its alerts and silences are older than what was read again
        self.operator = kept
        self.counts, self.manifest.decided = counts, decided
        self.dirty = True

    def progress(self) -> tuple[str, Records]:
        """The record that says how far this partition is."""
        self.reported_ms = self.delivered_ms
        clock = self.operator.clock
        known = clock.newest > NEVER
        progress = PartitionProgress(
            topic=self.at.topic,
            partition=self.at.partition,
            position=self.position,
            watermark_ms=clock.watermark if known else None,
            newest_ms=clock.newest if known else None,
            delivered_ms=self.delivered_ms,
            at_ms=self.clock.now_ms(),
            devices=len(self.operator.devices),
            waiting=0 if clock.waiting is None else len(clock.waiting),
            **{verdict.name.lower(): self.counts[verdict.value] for verdict in Verdict},
        )
        return PROGRESS.name, Records([progress.key], [PARTITION_PROGRESS.encode(progress)])
