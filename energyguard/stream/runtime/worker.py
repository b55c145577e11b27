"""Partitions of a group through operators: one transaction for outputs and positions.

Data is read first, decisions second: whatever was decided about an offset was written before the
record at that offset, so a decision is never missed.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from typing import Generic

from energyguard.clock import SYSTEM, Clock
from energyguard.errors import Fenced, Unavailable
from energyguard.log import Fetched, Log, TopicPartition
from energyguard.model.duration import parse_duration
from energyguard.model.topics import STATE, TIME
from energyguard.settings.tree import StreamSettings
from energyguard.stream.runtime.checkpoint import Saved, Unusable, read_snapshots
from energyguard.stream.runtime.decisions import (
    Decision,
    Decisions,
    decision_records,
)
from energyguard.stream.runtime.outputs import PendingOutputs
from energyguard.stream.runtime.stage import P, Stage, T
from energyguard.telemetry import METRICS, Condition, logger

MIN_RECORDS, RECORDS_FIRST = 16, 1024
STEP_S = 0.5  # a step should take no longer: its member must say that it lives
WAIT_S = 0.2
POLL_S = 1.0
BEAT_S = 0.006  # between two steps, at least: small appends share what a step costs anyway

_log = logger(__name__)


class Worker(Generic[T, P]):
    """A member of a stage's group."""

    def __init__(
        self, log: Log, stage: Stage[T, P], settings: StreamSettings, clock: Clock = SYSTEM
    ) -> None:
        self.log, self.stage, self.settings, self.clock = log, stage, settings, clock
        self.snapshot_s = parse_duration(settings.snapshot) / 1000
        self.decisions = Decisions(log)
        self.tasks: dict[TopicPartition, T] = {}
        self._records = RECORDS_FIRST  # to read at once; follows how many a step can take
        stage.follow((), self.decisions)
        self.membership = log.join(stage.group, stage.topics)
        self._polled_s = self._fed_s = clock.monotonic()
        self._is_new_second = True
        self._assign()

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
        if self.clock.monotonic() - self._polled_s >= POLL_S:
            self._polled_s = self.clock.monotonic()
            self._is_new_second = True
            if self.membership.poll():
                self._assign()
            self.stage.follow(self.tasks.values(), self.decisions)
        elif self.stage.in_step:
            self.stage.follow(self.tasks.values(), self.decisions)
        if self.tasks.keys() != self.membership.assigned.keys():
            self._assign()
        parts = self._read(wait_s)
        try:
            worked = self._commit(parts)
        except Fenced:
            _log.info("fenced: another worker owns a partition now")
            METRICS["commits"].labels("fenced").inc()
            self._let_go()
            self.membership.poll()
            return True
        except Unavailable:
            self._let_go()  # the tasks are ahead of what was committed
            raise
        took_s = self.clock.monotonic() - self._fed_s
        if took_s > STEP_S:
            self._records = max(MIN_RECORDS, int(self._records * STEP_S / took_s))
        return worked

    def _read(self, wait_s: float) -> list[P]:
        """The next records that may be delivered, decoded."""
        committed = {at: task.position for at, task in self.tasks.items()}
        fetched: Sequence[Fetched] = ()
        if committed:
            fetched = self.log.read(self.stage.positions(committed), self._records, wait_s)
        else:
            self.clock.sleep(wait_s)
        self._fed_s = self.clock.monotonic()
        parts = self.stage.decode(fetched)
        if taken := sum(map(len, parts)):
            wanted = self.settings.poll_readings * sum(map(len, fetched)) // taken
            most = min(self.settings.poll_readings, 2 * self._records)
            self._records = min(max(wanted, MIN_RECORDS), most)
        return self.stage.release(parts, self.tasks)

    def _let_go(self) -> None:
        """Forget everything that was not committed."""
        self.tasks.clear()
        self.stage.keep(())
        self.decisions.keep(())

    def drain(self) -> None:
        """Save what every partition has become, and give the partitions up."""
        outputs = PendingOutputs()
        try:
            with self.log.transaction(self.membership) as tx:
                for task in self.tasks.values():
                    outputs.add(STATE.name, task.snapshot())
                self.stage.report(self.tasks.values(), outputs, last=True)
                for topic, records in outputs.by_topic():
                    tx.append(topic, records)
                tx.move({at: task.position for at, task in self.tasks.items()})
        except Fenced:
            _log.info("fenced while leaving: another worker has the partitions")
        self.membership.leave()

    def _assign(self) -> None:
        """Take the partitions that are ours, let go of the others."""
        while not self._taken():
            _log.info("the owners changed while partitions were taken")

    def _taken(self) -> bool:
        """Take the partitions; false when the owners changed meanwhile.

        A restore may take a while: the member says after each that it lives, or it would lose what
        it is about to have, and begin again for ever.
        """
        owned = self.membership.assigned
        for at, task in list(self.tasks.items()):
            if owned.get(at) != task.position:  # lost, or another worker had it meanwhile
                del self.tasks[at]
        self.stage.keep(self.tasks)
        self.decisions.keep(self.tasks)
        self.decisions.refresh()
        new = {at: self.stage.task(at) for at in owned if at not in self.tasks}
        if not new:
            return True
        saved = read_snapshots(self.log, next(iter(new.values())).flow, new)
        self.decisions.hold({at: saved[at][0].decided if at in saved else -1 for at in new})
        for at, task in new.items():
            self.tasks[at] = self._restored(task, saved.get(at), owned[at])
            if self.membership.poll():
                return False
        return True

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
            task.settle(self.decisions, outputs)
        self._report(outputs)
        if not outputs and not made and not parts:
            return False
        with METRICS["commit_seconds"].time(), self.log.transaction(self.membership) as tx:
            for topic, records in outputs.by_topic():
                tx.append(topic, records)
            if made:
                tx.append(TIME.name, decision_records(made))
            tx.move({at: task.position for at, task in self.tasks.items()})
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
            outputs.add(STATE.name, oldest.snapshot())
            self.decisions.forget(oldest.at, oldest.manifest.decided)
