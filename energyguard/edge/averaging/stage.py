"""Readings of all topics of an edge's log to averages in its outbox: a worker's stage.

All partitions go into one, so they are taken in step: while a backlog is read none runs far ahead
of another in event time, or what comes last would be late for the rules.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from typing import ClassVar

import numpy as np
import pyarrow as pa

from energyguard.clock import SYSTEM, Clock
from energyguard.codecs.assembly import DEFAULT, PlausibilityLimits
from energyguard.codecs.records import backfilled
from energyguard.edge.averaging.averages import Averaged, AverageLimits, AverageOperator
from energyguard.log import Fetched, Log, TopicPartition
from energyguard.model.quantities import parse_duration
from energyguard.model.readings import BACKFILL, Bools, ReadingBatch
from energyguard.model.topics import DEAD_LETTERS, EDGE_READINGS, LATE, TopicClock, source_of
from energyguard.pipeline import AVERAGES
from energyguard.settings.edge import EdgeSettings
from energyguard.settings.tree import StreamSettings
from energyguard.stream.runtime.outputs import Decision, Decisions, PendingOutputs
from energyguard.stream.runtime.stage import Stage, Task
from energyguard.stream.runtime.worker import Worker
from energyguard.stream.time.alignment import Alignment, DecodedReadings, decoded_part
from energyguard.stream.time.trusted import NEVER
from energyguard.stream.windows.late import set_apart
from energyguard.topics import topic_named

OWNER = f"{AVERAGES.name}/"
QUIET_S = 20.0
"""A device from which nothing came for this long (wall clock), and for longer than the longest gap,
has its last interval closed."""
MAX_HELD = 50_000
"""Readings of a partition that may wait for other partitions: an edge has little memory."""
_NONE = np.empty(0, np.int64)


class AveragingTask(Task[DecodedReadings, AverageOperator]):
    """The devices of one partition, from the snapshot on."""

    owner: ClassVar[str] = OWNER

    def __init__(
        self,
        at: TopicPartition,
        limits: AverageLimits,
        prefix: str,
        clock: Clock,
        plausible: PlausibilityLimits = DEFAULT,
    ) -> None:
        row = topic_named(source_of(at.topic))
        is_wall = row is not None and row.clock is TopicClock.WALL
        super().__init__(at, AverageOperator(limits, is_wall=is_wall, prefix=prefix), clock)
        self.plausible = plausible
        self.seen_s = np.empty(0)
        """When each device was heard last (monotonic); of those of a snapshot, since it began."""
        self._keyless, self._past = _NONE, _NONE  # offsets of records that were read, not taken

    def decode(self, fetched: Fetched) -> DecodedReadings:
        """Records of this partition, decoded; readings of the past are among them.

        All others are marked as without a home, which is how partitions are kept in step.
        """
        part = decoded_part(replace(fetched, headers=((),) * len(fetched)), self.plausible)
        batch, past = part.batch, backfilled(fetched.headers)
        if part.astray is not None:
            self._keyless = np.union1d(self._keyless, batch.offset[part.astray])
        in_step = np.ones(len(batch), bool)
        if past is not None:
            old = np.asarray(fetched.offsets, np.int64)[past]
            self._past = np.union1d(self._past, old)
            in_step = ~np.isin(batch.offset, old)
        return replace(part, astray=in_step if in_step.any() else None)

    def take(self, part: DecodedReadings, outputs: PendingOutputs) -> None:
        """Average readings that belong here; the others on their way."""
        if part.bad:
            outputs.add(DEAD_LETTERS.name, part.letters())
        batch = part.batch
        astray, past = np.isin(batch.offset, self._keyless), np.isin(batch.offset, self._past)
        self._keyless = self._keyless[self._keyless >= part.next_offset]
        self._past = self._past[self._past >= part.next_offset]
        if astray.any():
            outputs.send_home(self.at.topic, batch.readings.filter(pa.array(astray)))
        if (past & ~astray).any():
            old = batch.take(np.flatnonzero(past & ~astray))
            self._give(self.operator.unaveraged(old), outputs, is_past=True)
        here = ~(astray | past)
        if here.any():
            self._average(batch if here.all() else batch.take(np.flatnonzero(here)), outputs)

    def _average(self, batch: ReadingBatch, outputs: PendingOutputs) -> None:
        before = self.operator.state.newest.copy()
        self._give(self.operator.process(batch), outputs)
        newest = self.operator.state.newest
        is_news = np.ones(len(newest), bool)
        is_news[: len(before)] = newest[: len(before)] != before
        grown = np.full(len(newest), self.clock.monotonic())
        grown[: len(self.seen_s)] = self.seen_s[: len(newest)]
        grown[is_news] = self.clock.monotonic()
        self.seen_s = grown

    def _give(self, found: Averaged, outputs: PendingOutputs, *, is_past: bool = False) -> None:
        for batch in found.going_on:
            outputs.gather(EDGE_READINGS.name, batch, BACKFILL if is_past else ())
        for verdict, some in found.apart:
            outputs.add(LATE.name, set_apart(verdict, some, *self.at))
        for verdict, n in found.counts.items():
            self.counts[verdict.value] += n
        self.dirty = True

    def decided(self, decision: Decision, outputs: PendingOutputs) -> None:
        """Nothing came of some devices, or the input ended."""
        if decision.end:
            self._give(self.operator.end(), outputs)
        elif decision.time is not None:
            self._give(self.operator.advance(decision.time), outputs)

    def quiet_until(self, quiet_s: float) -> int | None:
        """The newest time of devices that are quiet, where none that is not is behind it."""
        waits, newest = self.operator.open_devices, self.operator.state.newest
        if not waits.any():
            return None
        seen_s = np.full(len(newest), self.last_record_s)
        seen_s[: len(self.seen_s)] = self.seen_s
        quiet = seen_s <= self.clock.monotonic() - quiet_s
        first_awake = int(newest[~quiet & (newest > NEVER)].min(initial=np.iinfo(np.int64).max))
        due: Bools = waits & quiet & (newest < first_awake)
        return int(newest[due].max()) if due.any() else None


class AveragingStage(Stage[AveragingTask, DecodedReadings]):
    """Readings of all topics but the outbox."""

    flow = AVERAGES
    owner: ClassVar[str] = OWNER

    def __init__(
        self,
        log: Log,
        edge: EdgeSettings,
        stream: StreamSettings,
        clock: Clock = SYSTEM,
        plausible: PlausibilityLimits = DEFAULT,
        is_full: Callable[[], bool] = lambda: False,
    ) -> None:
        super().__init__(log, AVERAGES.topics, clock)
        self._is_full = is_full
        self.limits, self.prefix, self.plausible = (
            AverageLimits.of(edge, stream),
            edge.prefix,
            plausible,
        )
        self.quiet_s = max(QUIET_S, self.limits.longest_gap_ms / 1000)
        slack_ms, idle_s = parse_duration(stream.lateness) // 2, parse_duration(stream.idle) / 1000
        self.alignment = Alignment(log, AVERAGES.group, slack_ms, idle_s, clock, MAX_HELD)

    def task(self, at: TopicPartition) -> AveragingTask:
        """A partition's averages, empty."""
        return AveragingTask(at, self.limits, self.prefix, self.clock, self.plausible)

    def decode(self, fetched: Sequence[Fetched]) -> list[DecodedReadings]:
        """The readings that were read."""
        return [self.tasks[part.at].decode(part) for part in fetched]

    @property
    def in_step(self) -> bool:
        """Whether another process has some of the partitions."""
        return self.alignment.shared

    def paused(self) -> Collection[TopicPartition]:
        """Partitions of which much waits; all of them while the outbox is full."""
        return tuple(self.tasks) if self._is_full() else self.alignment.full()

    def release(self, parts: Iterable[DecodedReadings]) -> list[DecodedReadings]:
        """What may be averaged now."""
        return self.alignment.release(parts, {at: t.position for at, t in self.tasks.items()})

    def keep(self, owned: Collection[TopicPartition]) -> None:
        """Forget what waits of all other partitions."""
        self.alignment.keep(owned)

    def decide_all(self, tasks: Collection[AveragingTask], decisions: Decisions) -> list[Decision]:
        """Once a second: what is not waited for any longer."""
        quiet = [(task, task.quiet_until(self.quiet_s)) for task in tasks]
        return [task.decision(time=time) for task, time in quiet if time is not None]


def averaging_worker(
    log: Log,
    edge: EdgeSettings,
    stream: StreamSettings,
    clock: Clock = SYSTEM,
    plausible: PlausibilityLimits = DEFAULT,
    is_full: Callable[[], bool] = lambda: False,
) -> Worker[AveragingTask, DecodedReadings]:
    """A member of the group ``averages``.

    Args:
        log: the edge's.
        edge: how powers are averaged.
        stream: how far readings may be ahead, and how often the state is saved.
        clock: for all of it.
        plausible: in messages that others sent.
        is_full: whether the outbox takes nothing now: then nothing is read.

    Raises:
        ConfigError: ``edge.average`` cannot be used.
    """
    stage = AveragingStage(log, edge, stream, clock, plausible, is_full)
    return Worker(log, stage, stream, clock).begin_small()
