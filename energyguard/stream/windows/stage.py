"""Windows and alerts over topics of readings: a worker's stage, with a task for each partition."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from energyguard.clock import SYSTEM, Clock
from energyguard.codecs.assembly import DEFAULT, PlausibilityLimits
from energyguard.log import EARLIEST, Fetched, Log, Records, TopicPartition
from energyguard.log.records import decoded
from energyguard.model.quantities import parse_duration
from energyguard.model.readings import ReadingBatch, Verdict
from energyguard.model.topics import DEAD_LETTERS, PROGRESS, RULES, TopicClock, source_of
from energyguard.pipeline import WINDOWS
from energyguard.records.progress import PARTITION_PROGRESS, PartitionProgress
from energyguard.rules.registry import RuleBook
from energyguard.settings.tree import StreamSettings
from energyguard.stream.runtime.outputs import Decision, Decisions, PendingOutputs
from energyguard.stream.runtime.stage import Stage, Task
from energyguard.stream.runtime.worker import Worker
from energyguard.stream.time.alignment import Alignment, DecodedReadings, decoded_part
from energyguard.stream.time.trusted import NEVER
from energyguard.stream.time.witnesses import Other, Waits, Witnesses
from energyguard.stream.windows.limits import WindowLimits
from energyguard.stream.windows.operator import WindowOperator
from energyguard.stream.windows.output import WindowOutput
from energyguard.topics import topic_named

REPORT_S = 1.0
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
        topic = source_of(at.topic)
        operator = WindowOperator(topic, book.active(), limits, witnesses=Witnesses.UNKNOWN)
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


class WindowStage(Stage[WindowTask, DecodedReadings]):
    """Windows by event time, by the rules of a book."""

    flow = WINDOWS

    def __init__(
        self,
        log: Log,
        book: RuleBook,
        settings: StreamSettings,
        topics: Sequence[str],
        clock: Clock = SYSTEM,
        plausible: PlausibilityLimits = DEFAULT,
    ) -> None:
        super().__init__(log, topics, clock)
        self.book, self._active = book, tuple(book.active())
        self.plausible = plausible  # in messages that others sent
        self.limits = WindowLimits.of(settings, book.all())
        self.idle_s = parse_duration(settings.idle) / 1000
        slack_ms = self.limits.clock.lateness_ms // 2
        self.alignment = Alignment(log, WINDOWS.group, slack_ms, self.idle_s, clock)
        self._reached_by: dict[TopicPartition, PartitionProgress] = {}  # whoever owns them
        self._rules_at = dict(log.positions(RULES.name, EARLIEST))
        self._progress_at = dict(log.positions(PROGRESS.name, EARLIEST))

    def task(self, at: TopicPartition) -> WindowTask:
        """A partition's windows, empty."""
        return WindowTask(at, self.book, self.limits, self.clock, self.plausible)

    def decode(self, fetched: Sequence[Fetched]) -> list[DecodedReadings]:
        """The readings that were read."""
        return [decoded_part(part, self.plausible) for part in fetched]

    # Partitions in step

    @property
    def in_step(self) -> bool:
        """Whether messages without a key are kept in step with other workers' now."""
        return self.alignment.shared

    def paused(self) -> Collection[TopicPartition]:
        """Partitions of which much waits."""
        return self.alignment.full()

    def release(self, parts: Iterable[DecodedReadings]) -> list[DecodedReadings]:
        """What may be delivered now."""
        committed = {at: task.position for at, task in self.tasks.items()}
        released = self.alignment.release(parts, committed)
        for at, task in self.tasks.items():
            task.delivered_ms = self.alignment.delivered(at)
        return released

    def keep(self, owned: Collection[TopicPartition]) -> None:
        """Forget what waits of all other partitions."""
        self.alignment.keep(owned)

    # Decisions, and what others say

    def decide(self, task: WindowTask, decisions: Decisions) -> list[Decision]:
        """The rules that run, and time where all is quiet."""
        made = []
        if tuple(task.operator.rules) != self._active or task.manifest.decided < 0:
            made.append(task.decision(rules=self._active))
        if (time := self._quiet_time(task)) is not None:
            made.append(task.decision(time=time))
            task.last_record_s = self.clock.monotonic()
        return made + self.witness(task)

    def elsewhere(self, at: TopicPartition) -> Other | None:
        """What a partition's progress says."""
        if (reached := self._reached_by.get(at)) is None:
            return None
        return Other(reached.newest_ms, (self.clock.now_ms() - reached.at_ms) / 1000)

    def _quiet_time(self, task: WindowTask) -> int | None:
        """What time it is for a partition that has been quiet for long; None: leave it."""
        newest = task.operator.clock.newest
        if newest <= NEVER or self.clock.monotonic() - task.last_record_s < self.idle_s:
            return None
        topic = task.at.topic
        times = [known.newest_ms for at, known in self._reached_by.items() if at.topic == topic]
        times += [own.operator.clock.newest for at, own in self.tasks.items() if at.topic == topic]
        if (row := topic_named(topic)) is not None and row.clock is TopicClock.WALL:
            times.append(self.clock.now_ms())
        time = max((time for time in times if time is not None), default=NEVER)
        return time if time > newest else None

    def follow(self, tasks: Collection[WindowTask], decisions: Decisions) -> None:
        """Take changes of rules, and how far other workers' partitions are."""
        changed = False
        for part in self.log.read(self._rules_at, 1000, 0):
            for key, value in zip(part.keys, part.values, strict=True):
                changed |= self.book.apply((key or b"").decode(), value)
            self._rules_at[part.at] = part.next_offset
        for part in self.log.read(self._progress_at, 1000, 0):
            for _, progress in decoded(PARTITION_PROGRESS.decoder, part):
                self._reached(progress)
            self._progress_at[part.at] = part.next_offset
        if changed:
            self._active = tuple(self.book.active())
            longest = max((rule.reach_ms for rule in self.book.all()), default=0)
            if longest > self.limits.horizon_ms:
                self._widen(longest, tasks, decisions)

    def _reached(self, progress: PartitionProgress) -> None:
        at = TopicPartition(progress.topic, progress.partition)
        self._reached_by[at] = progress
        if progress.delivered_ms is not None and at not in self.tasks:
            self.alignment.hear(at, progress.delivered_ms)

    def _widen(self, longest_ms: int, tasks: Collection[WindowTask], decisions: Decisions) -> None:
        """A window is longer than what the rings hold: warm-start from the log."""
        self.limits = replace(self.limits, horizon_ms=longest_ms)
        for task in tasks:
            task.widen(self.log, self.limits, decisions)

    def report(
        self, tasks: Collection[WindowTask], outputs: PendingOutputs, *, last: bool = False
    ) -> None:
        """Progress once a second."""
        now = self.clock.monotonic()
        for task in tasks:
            news = task.dirty or task.delivered_ms != task.reported_ms
            if last or (news and (self.alignment.shared or now - task.last_report_s >= REPORT_S)):
                task.last_report_s = now
                outputs.add(*task.progress())


def window_worker(
    log: Log,
    book: RuleBook,
    settings: StreamSettings,
    topics: Sequence[str],
    clock: Clock = SYSTEM,
    plausible: PlausibilityLimits = DEFAULT,
) -> Worker[WindowTask, DecodedReadings]:
    """A member of the group ``worker``: windows and alerts over topics of readings."""
    stage = WindowStage(log, book, settings, topics, clock, plausible)
    return Worker(log, stage, settings, clock)
