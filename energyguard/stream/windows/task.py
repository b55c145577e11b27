"""Windows over one partition of readings: its records, decoded, and the task that takes them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from energyguard.clock import Clock
from energyguard.codecs.assembly import DEFAULT, PlausibilityLimits
from energyguard.codecs.records import backfilled, keyless, read_records
from energyguard.codecs.refusals import Bad
from energyguard.log import EARLIEST, Fetched, Log, Records, TopicPartition
from energyguard.log.dead_letters import dead_letters
from energyguard.model.readings import Bools, Ints, ReadingBatch, Verdict, batch_from, join
from energyguard.model.topics import DEAD_LETTERS, PROGRESS, source_of
from energyguard.records.progress import PARTITION_PROGRESS, PartitionProgress
from energyguard.rules.registry import RuleBook
from energyguard.stream.runtime.outputs import Decision, Decisions, PendingOutputs
from energyguard.stream.runtime.stage import Task
from energyguard.stream.time.trusted import NEVER
from energyguard.stream.time.witnesses import Waits, Witnesses
from energyguard.stream.windows.limits import WindowLimits
from energyguard.stream.windows.operator import WindowOperator
from energyguard.stream.windows.output import WindowOutput

_NONE = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class DecodedReadings:
    """The readings of records up to ``next_offset``, in log order.

    ``astray`` tells the readings of messages without a key, which lie in any partition; None: there
    are none. ``past`` has the offset of each reading of a backfill: they are counted, and in no
    batch. Of what was refused, ``record`` is the record's offset.
    """

    at: TopicPartition
    next_offset: int
    batch: ReadingBatch
    astray: Bools | None = None
    bad: list[Bad] = field(default_factory=list)
    past: Ints = field(default_factory=lambda: _NONE)

    def __len__(self) -> int:
        return len(self.batch) + len(self.past)

    def split(self, offset: int) -> tuple[DecodedReadings, DecodedReadings]:
        """What is below an offset, and the rest."""
        place = int(np.searchsorted(self.batch.offset, offset))
        past = int(np.searchsorted(self.past, offset))
        n = len(self.batch)
        return (
            DecodedReadings(
                self.at,
                min(offset, self.next_offset),
                self.batch.cut(0, place),
                _any(self.astray, slice(0, place)),
                [bad for bad in self.bad if bad.record < offset],
                self.past[:past],
            ),
            DecodedReadings(
                self.at,
                self.next_offset,
                self.batch.cut(place, n),
                _any(self.astray, slice(place, n)),
                [bad for bad in self.bad if bad.record >= offset],
                self.past[past:],
            ),
        )

    def letters(self) -> Records:
        """Dead letters of what was refused."""
        topic, partition = self.at
        return dead_letters(
            [refusal.refused for refusal in self.bad],
            [f"{topic}/{partition}/{refusal.record}" for refusal in self.bad],
            topic,
            [refusal.shape for refusal in self.bad],
        )

    def followed_by(self, other: DecodedReadings) -> DecodedReadings:
        """These and the ones behind them."""
        both = (self, other)
        astray = None
        if any(part.astray is not None for part in both):
            masks = [np.zeros(len(p.batch), bool) if p.astray is None else p.astray for p in both]
            astray = np.concatenate(masks)
        batch = join([part.batch for part in both])
        past = np.concatenate([self.past, other.past])
        return DecodedReadings(
            self.at, other.next_offset, batch, astray, self.bad + other.bad, past
        )


def _any(mask: Bools | None, place: slice) -> Bools | None:
    return mask[place] if mask is not None and mask[place].any() else None


def decoded_part(fetched: Fetched, limits: PlausibilityLimits = DEFAULT) -> DecodedReadings:
    """Decode records, whoever sent them."""
    found = read_records(fetched.values, limits)
    offsets = np.asarray(fetched.offsets, np.int64)
    appended = np.asarray(fetched.timestamps_ms, np.int64)
    astray = keyless(fetched.keys, fetched.values)
    batch = batch_from(found.readings, appended[found.record], offsets[found.record])
    part = DecodedReadings(
        fetched.at,
        fetched.next_offset,
        batch,
        None if astray is None else _any(astray[found.record], slice(None)),
        [bad._replace(record=int(offsets[bad.record])) for bad in found.bad],
    )
    past = backfilled(fetched.headers)
    return part if past is None else _without(part, past[found.record])


def _without(part: DecodedReadings, past: Bools) -> DecodedReadings:
    """Leave readings of the past out; those without a home have to find it first."""
    if part.astray is not None:
        past = past & ~part.astray
    rest = np.flatnonzero(~past)
    return replace(
        part,
        batch=part.batch.take(rest),
        astray=None if part.astray is None else _any(part.astray[rest], slice(None)),
        past=part.batch.offset[past],
    )


MARK_MS = 900_000
MAX_MARKS = 2_000


class WindowTask(Task[DecodedReadings, WindowOperator]):
    """Windows over one partition, from the snapshot on."""

    def __init__(
        self,
        at: TopicPartition,
        book: RuleBook,
        limits: WindowLimits,
        clock: Clock,
        plausible: PlausibilityLimits = DEFAULT,
    ) -> None:
        self.plausible, self.limits = plausible, limits
        operator = WindowOperator(
            source_of(at.topic), book.active(), limits, witnesses=Witnesses.UNKNOWN
        )
        super().__init__(at, operator, clock)
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
        """Run other rules, or know what time it is."""
        if decision.rules is not None:
            outcome = self.operator.set_rules(decision.rules)
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
