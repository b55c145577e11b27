"""Partitions of a group through operators: one transaction for outputs and positions.

Data is read first, decisions second: whatever was decided about an offset was written before the
record at that offset, so a decision is never missed.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import msgspec

from energyguard.clock import SYSTEM, Clock
from energyguard.config import StreamSettings
from energyguard.detect.book import RuleBook
from energyguard.errors import Fenced, Unavailable
from energyguard.log import EARLIEST, Fetched, Log, TopicPartition
from energyguard.log.decoded import decoded
from energyguard.model.duration import parse_duration
from energyguard.model.topics import PROGRESS, RULES, STATE, TIME, TopicClock, topic_named
from energyguard.stream.alignment import Alignment
from energyguard.stream.clock import NEVER
from energyguard.stream.decisions import Decision, Decisions, decision_records
from energyguard.stream.operator import Limits
from energyguard.stream.outputs import Outputs
from energyguard.stream.part import Part, decoded_part
from energyguard.stream.task import Task
from energyguard.telemetry import METRICS, logger
from energyguard.wire.limits import DEFAULT, Plausible

GROUP = "worker"
RECORDS_LEAST, RECORDS_FIRST = 16, 1024
STEP_S = 0.5  # a step should take no longer: its member must say that it lives
WAIT_S = 0.2
POLL_S = 1.0
BEAT_S = 0.006  # between two steps, at least: small appends share what a step costs anyway

_log = logger(__name__)


class _Reached(msgspec.Struct):
    """Of a record of ``energyguard.progress``: how far its partition's time is."""

    topic: str
    partition: int
    newest_ms: int | None = None
    delivered_ms: int | None = None


_REACHED = msgspec.json.Decoder(_Reached)


class Worker:
    """A member of the group ``worker``."""

    def __init__(
        self,
        log: Log,
        book: RuleBook,
        settings: StreamSettings,
        topics: Sequence[str],
        clock: Clock = SYSTEM,
        plausible: Plausible = DEFAULT,
    ) -> None:
        self.log, self.book, self.settings, self.clock = log, book, settings, clock
        self.plausible = plausible  # in messages that others sent
        self.limits = Limits.of(settings, book.all())
        self.idle_s = parse_duration(settings.idle) / 1000
        self.snapshot_s = parse_duration(settings.snapshot) / 1000
        self.decisions = Decisions(log)
        slack_ms = self.limits.clock.lateness_ms // 2
        self.alignment = Alignment(log, GROUP, slack_ms, self.idle_s, clock)
        self.tasks: dict[TopicPartition, Task] = {}
        self._rules_at = dict(log.positions(RULES.name, EARLIEST))
        self._records = RECORDS_FIRST  # to read at once; follows how many a step can take
        self._newest: dict[str, int] = {}  # by topic, over all partitions that anyone owns
        self._progress_at = dict(log.positions(PROGRESS.name, EARLIEST))
        self._follow()
        self.membership = log.join(GROUP, topics)
        self._polled_s = self._fed_s = clock.monotonic()
        self._assign()

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop; then save the state and leave."""
        while not stop.is_set():
            try:
                if self.step(WAIT_S):
                    stop.wait(self._fed_s + BEAT_S - self.clock.monotonic())
            except Unavailable as error:
                _log.warning("the log is not there; waiting", reason=str(error))
                stop.wait(error.retry_after)
        self.drain()

    def step(self, wait_s: float = 0.0) -> bool:
        """One poll and one transaction; true when there was something to do."""
        if self.clock.monotonic() - self._polled_s >= POLL_S:
            self._polled_s = self.clock.monotonic()
            if self.membership.poll():
                self._assign()
            self._follow()
        elif self.alignment.shared:
            self._follow()
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
            self._records = max(RECORDS_LEAST, int(self._records * STEP_S / took_s))
        return worked

    def _read(self, wait_s: float) -> list[Part]:
        """The next records that may be delivered, decoded."""
        committed = {at: task.position for at, task in self.tasks.items()}
        fetched: Sequence[Fetched] = ()
        if committed:
            fetched = self.log.read(self.alignment.positions(committed), self._records, wait_s)
        else:
            self.clock.sleep(wait_s)
        self._fed_s = self.clock.monotonic()
        parts = [decoded_part(part, self.plausible) for part in fetched]
        if taken := sum(len(part.batch) for part in parts):
            wanted = self.settings.poll_readings * sum(map(len, fetched)) // taken
            most = min(self.settings.poll_readings, 2 * self._records)
            self._records = min(max(wanted, RECORDS_LEAST), most)
        released = self.alignment.release(parts, committed)
        for at, task in self.tasks.items():
            task.delivered_ms = self.alignment.delivered(at)
        return released

    def _let_go(self) -> None:
        """Forget everything that was not committed."""
        self.tasks.clear()
        self.alignment.keep(())

    def drain(self) -> None:
        """Save what every partition has become, and give the partitions up."""
        try:
            with self.log.transaction(self.membership) as tx:
                for task in self.tasks.values():
                    tx.append(*task.progress())
                    tx.append(STATE.name, task.snapshot())
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
        self.alignment.keep(self.tasks)
        self.decisions.refresh()
        for at in [at for at in owned if at not in self.tasks]:
            task = Task(at, self.book, self.limits, self.clock, self.plausible)
            task.restore(self.log, owned[at], self.decisions)
            task.reported = Counter(task.counts)
            self.tasks[at] = task
            if self.membership.poll():
                return False
        return True

    def _commit(self, parts: Sequence[Part]) -> bool:
        """Feed the operators; commit outputs, decisions, progress and positions together."""
        self.decisions.refresh()
        outputs = Outputs()
        for part in parts:
            self.tasks[part.at].feed(part, self.decisions, outputs)
        made = [d for task in self.tasks.values() for d in self._decide(task)]
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

    def _count(self) -> None:
        """Tell the metrics what was committed."""
        for task in self.tasks.values():
            for verdict, n in (task.counts - task.reported).items():
                METRICS["readings"].labels(task.at.topic, verdict).inc(n)
            task.reported = Counter(task.counts)

    def _report(self, outputs: Outputs) -> None:
        """Progress once a second, snapshots as often as the settings say, one in a step."""
        now = self.clock.monotonic()
        for task in self.tasks.values():
            news = task.dirty or task.delivered_ms != task.told_ms
            if news and (self.alignment.shared or now - task.told_s >= POLL_S):
                task.told_s = now
                outputs.add(*task.progress())
        dirty = [task for task in self.tasks.values() if task.dirty]
        oldest = min(dirty, key=lambda task: task.saved_s, default=None)
        if oldest is not None and now - oldest.saved_s >= self.snapshot_s:
            outputs.add(STATE.name, oldest.snapshot())

    def _decide(self, task: Task) -> list[Decision]:
        """What the owner has to decide: the rules that run, and time where all is quiet."""
        if task.undecided(self.decisions):
            return []
        made = []
        rules = tuple(self.book.active())
        if tuple(task.operator.rules) != rules or not self.decisions.of(task.at):
            made.append(self._decision(task, rules=rules))
        time = self._quiet_time(task)
        if time is not None:
            made.append(self._decision(task, time=time))
            task.heard_s = self.clock.monotonic()
        return made

    def _decision(self, task: Task, **what: object) -> Decision:
        return msgspec.convert(
            {"topic": task.at.topic, "partition": task.at.partition, "offset": task.position}
            | {key: msgspec.to_builtins(value) for key, value in what.items()},
            Decision,
        )

    def _quiet_time(self, task: Task) -> int | None:
        """What time it is for a partition that has been quiet for long; None: leave it."""
        newest = task.operator.clock.newest
        if newest <= NEVER or self.clock.monotonic() - task.heard_s < self.idle_s:
            return None
        row = topic_named(task.at.topic)
        time = self._newest.get(task.at.topic, NEVER)
        for at, other in self.tasks.items():
            if at.topic == task.at.topic:
                time = max(time, other.operator.clock.newest)
        if row is not None and row.clock is TopicClock.WALL:
            time = max(time, self.clock.now_ms())
        return time if time > newest else None

    def _follow(self) -> None:
        """Take changes of rules, and how far other workers' partitions are."""
        changed = False
        for part in self.log.read(self._rules_at, 1000, 0):
            for key, value in zip(part.keys, part.values, strict=True):
                changed |= self.book.apply((key or b"").decode(), value)
            self._rules_at[part.at] = part.next_offset
        for part in self.log.read(self._progress_at, 1000, 0):
            for _, said in decoded(_REACHED, part):
                if said.newest_ms is not None:
                    newest = self._newest.get(said.topic, NEVER)
                    self._newest[said.topic] = max(newest, said.newest_ms)
                at = TopicPartition(said.topic, said.partition)
                if said.delivered_ms is not None and at not in self.tasks:
                    self.alignment.hear(at, said.delivered_ms)
            self._progress_at[part.at] = part.next_offset
        longest = max((rule.window_ms for rule in self.book.all()), default=0)
        if changed and longest > self.limits.horizon_ms:
            self._widen(longest)

    def _widen(self, longest_ms: int) -> None:
        """A window is longer than what the rings hold: warm-start from the log."""
        self.limits = replace(self.limits, horizon_ms=longest_ms)
        for task in self.tasks.values():
            task.widen(self.log, self.limits, self.decisions)
