"""Partitions of a group through operators: one transaction for outputs and positions.

Data is read first, decisions second: whatever was decided about an offset was written before the
record at that offset, so a decision is never missed.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from typing import Generic, Self

from energyguard.clock import SYSTEM, Clock
from energyguard.errors import Fenced, Unavailable
from energyguard.log import Log, TopicPartition
from energyguard.model.quantities import parse_duration
from energyguard.model.topics import STATE, TIME
from energyguard.settings.tree import StreamSettings
from energyguard.stream.runtime.checkpoint import (
    Saved,
    Unusable,
    applied_record,
    read_state,
)
from energyguard.stream.runtime.consumer import Consumer, size_of
from energyguard.stream.runtime.outputs import (
    Decision,
    Decisions,
    PendingOutputs,
    decision_records,
)
from energyguard.stream.runtime.stage import P, Stage, T
from energyguard.telemetry import METRICS, Condition, logger

STEP_S = 0.5  # a step should take no longer: its member must say that it lives
WAIT_S = 0.2
BEAT_S = 0.006  # between two steps, at least: small appends share what a step costs anyway

_log = logger(__name__)


class Worker(Generic[T, P]):
    """A member of a stage's group."""

    def __init__(
        self, log: Log, stage: Stage[T, P], settings: StreamSettings, clock: Clock = SYSTEM
    ) -> None:
        self.log, self.stage, self.settings, self.clock = log, stage, settings, clock
        self.snapshot_s = parse_duration(settings.snapshot) / 1000
        self.decisions = Decisions(log, stage.owner)
        self.tasks: dict[TopicPartition, T] = {}
        stage.tasks = self.tasks
        self._assigned: dict[TopicPartition, int] = {}  # what the tasks stand for
        self.consumer = Consumer(
            log,
            stage.flow.group,
            stage.topics,
            clock,
            rows=settings.poll_readings,
            max_records=settings.poll_readings,
            growth=2,
        )
        self._fed_s = clock.monotonic()
        self._is_new_second = True
        self._assign()

    def begin_small(self) -> Self:
        """Suppose eight times as many readings in the first records: where memory is short."""
        self.consumer.room //= 8
        return self

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop; then save the state and leave."""
        away = Condition(_log, "the log is not there; waiting", "the log is there again")
        while not stop.is_set():
            try:
                worked = self.step(WAIT_S)
                away.end()
                if worked:
                    stop.wait(self._fed_s + BEAT_S - self.clock.monotonic())
            except Unavailable as error:
                away.begin(error)
                stop.wait(error.retry_after)
        self.drain()

    def step(self, wait_s: float = 0.0) -> bool:
        """One poll and one transaction; true when there was something to do."""
        is_polled = self.consumer.poll()
        self._is_new_second |= is_polled
        self._assign()
        if is_polled or self.stage.in_step:
            self.stage.follow(self.tasks.values(), self.decisions)
        parts = self._read(wait_s)
        try:
            if parts and self.stage.is_behind(self.tasks.values(), self.decisions):
                self._commit([])  # what was decided before takes effect
                self._commit([])  # what is new is decided, before these are judged
            worked = self._commit(parts)
        except Fenced:
            _log.info("fenced: another worker owns a partition now")
            METRICS["commits"].labels("fenced").inc()
            self._let_go()
            return True
        except Unavailable:
            self._let_go()  # the tasks are ahead of what was committed
            raise
        took_s = self.clock.monotonic() - self._fed_s
        if took_s > STEP_S:
            self.consumer.shrink(STEP_S / took_s)
        return worked

    def _read(self, wait_s: float) -> list[P]:
        """The next records that may be delivered, decoded."""
        fetched = self.consumer.read(wait_s, self.stage.paused())
        self._fed_s = self.clock.monotonic()
        parts = self.stage.decode(fetched)
        for part in parts:
            self.consumer.take(part.at, part.next_offset)
        self.consumer.fit(size_of(fetched), sum(map(len, parts)))
        return self.stage.release(parts)

    def _let_go(self) -> None:
        """Forget everything that was not committed."""
        self._assigned = {}
        self.tasks.clear()
        self.stage.keep(())
        self.decisions.keep(())
        self.consumer.reset()

    def drain(self) -> None:
        """Save what every partition has become, and give the partitions up."""
        outputs = PendingOutputs()
        for task in self.tasks.values():
            outputs.add(STATE.name, task.snapshot(self.stage.flow.name))
        self.stage.report(self.tasks.values(), outputs, last=True)
        try:
            self.consumer.commit(self._positions(), outputs.by_topic())
        except Fenced:
            _log.info("fenced while leaving: another worker has the partitions")
        self.consumer.leave()

    def _positions(self) -> dict[TopicPartition, int]:
        """Where the tasks stand."""
        return {at: task.position for at, task in self.tasks.items()}

    def _assign(self) -> None:
        """Take the partitions that are ours, let go of the others.

        A restore may take a while: the member says after each that it lives, or it would lose what
        it is about to have, and begin again for ever. Where the owners change meanwhile, it begins
        with what is so now.
        """
        while self._assigned != (owned := self.consumer.committed):
            kept = {at for at, to in self._assigned.items() if owned.get(at) == to}
            self._assigned = {at: owned[at] for at in kept}
            for at in self.tasks.keys() - kept:
                del self.tasks[at]
            self.stage.keep(kept)
            self.decisions.keep(kept)
            self.decisions.refresh()
            self.stage.follow(self.tasks.values(), self.decisions)
            new = {at: self.stage.task(at) for at in owned if at not in kept}
            saved, applied = read_state(self.log, self.stage.flow.name, new)
            self.decisions.hold({at: saved[at][0].decided if at in saved else -1 for at in new})
            for at, task in new.items():
                self.tasks[at] = self._restored(task, saved.get(at), owned[at])
                self.tasks[at].settle_again(self.decisions, applied.get(at, -1))
                self._assigned[at] = owned[at]
                self.consumer.poll(now=True)
                if self.consumer.committed != owned:
                    _log.info("the owners changed while partitions were taken")
                    break

    def _restored(self, task: T, saved: Saved | None, committed: int) -> T:
        """A task as it was at a position; from the log alone where its snapshot cannot be used."""
        try:
            task.restore(self.log, saved, committed, self.decisions)
        except Unusable as error:
            _log.error(
                "a snapshot cannot be used; made anew", partition=str(task.at), why=str(error)
            )
            self.decisions.hold({task.at: -1})
            task = self.stage.task(task.at)
            task.restore(self.log, None, committed, self.decisions)
        return task

    def _commit(self, parts: Sequence[P]) -> bool:
        """Feed the operators; commit outputs, decisions, progress and positions together."""
        self.decisions.refresh()
        outputs = PendingOutputs()
        for part in parts:
            self.tasks[part.at].feed(part, self.decisions, outputs)
        made = self._decide()
        for task in self.tasks.values():
            if task.settle(self.decisions, outputs):
                decided = task.manifest.decided
                outputs.add(STATE.name, applied_record(self.stage.flow.name, task.at, decided))
        self._report(outputs)
        if not outputs and not made and not parts:
            return False
        records = outputs.by_topic()
        if made:
            records.append((TIME.name, decision_records(made)))
        with METRICS["commit_seconds"].time():
            self.consumer.commit(self._positions(), records)
        self._assigned = dict(self.consumer.committed)
        METRICS["commits"].labels("done").inc()
        self._count()
        return True

    def _decide(self) -> list[Decision]:
        """What is to be decided; it takes effect when it has been read."""
        made: list[Decision] = []
        decided = [task for task in self.tasks.values() if not task.undecided(self.decisions)]
        for task in decided:
            made += self.stage.decide(task, self.decisions)
        if self._is_new_second:
            self._is_new_second = False
            made += self.stage.decide_all(decided, self.decisions)
        return made

    def _count(self) -> None:
        """Tell the metrics what was committed."""
        for task in self.tasks.values():
            for verdict, n in (task.counts - task.reported).items():
                METRICS["readings"].labels(task.at.topic, verdict).inc(n)
            task.reported = Counter(task.counts)

    def _report(self, outputs: PendingOutputs) -> None:
        """How far partitions are, and snapshots as often as the settings say, one in a step."""
        self.stage.report(self.tasks.values(), outputs)
        dirty = [task for task in self.tasks.values() if task.dirty]
        oldest = min(dirty, key=lambda task: task.saved_s, default=None)
        if oldest is not None and self.clock.monotonic() - oldest.saved_s >= self.snapshot_s:
            outputs.add(STATE.name, oldest.snapshot(self.stage.flow.name))
            self.decisions.forget(oldest.at, oldest.manifest.decided)
