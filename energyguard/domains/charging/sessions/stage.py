"""Parking sessions over topics of signals: a worker's stage, a task for each partition."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from itertools import groupby

from energyguard.clock import SYSTEM, Clock
from energyguard.codecs import RefusedRow
from energyguard.domains.charging.codec import SHAPE, message
from energyguard.domains.charging.flows import SESSIONS
from energyguard.domains.charging.model import (
    ChargerSilence,
    Ignored,
    Occupied,
    Outcome,
    ParkingLimits,
    Signal,
)
from energyguard.domains.charging.records.occupancy import OCCUPANCY_UPDATE, OccupancyUpdate
from energyguard.domains.charging.sessions.operator import AHEAD, LATE, LATENESS_S, SessionOperator
from energyguard.domains.charging.sessions.quiet import matters, newest_of_topics
from energyguard.domains.charging.sessions.records import bay_records, result_records, results
from energyguard.domains.charging.sessions.signals import (
    AHEAD_S,
    DecodedSignals,
    Listed,
    decoded_signals,
)
from energyguard.domains.charging.silence_alerts import silence_records
from energyguard.domains.charging.topics import BAYS, OCCUPANCY
from energyguard.log import LATEST, Fetched, Log, Records, TopicPartition
from energyguard.log.dead_letters import dead_letters
from energyguard.model.quantities import parse_duration
from energyguard.model.readings import Verdict
from energyguard.model.topics import ALERTS, DEAD_LETTERS
from energyguard.settings.charging import ChargingSettings
from energyguard.settings.tree import StreamSettings
from energyguard.stream.runtime.outputs import Decision, Decisions, PendingOutputs
from energyguard.stream.runtime.stage import Stage, Task
from energyguard.stream.runtime.worker import Worker
from energyguard.stream.time.witnesses import Waits, Witnesses

Change = tuple[int, int]
"""From a second on, so many cars stand."""


class SessionTask(Task[DecodedSignals, SessionOperator]):
    """The chargers of one partition, from the snapshot on."""

    def __init__(
        self,
        at: TopicPartition,
        limits: ParkingLimits,
        listed: Listed,
        clock: Clock,
        *,
        appends: bool = False,
        silent_s: int = 0,
    ) -> None:
        operator = SessionOperator(
            limits, witnesses=Witnesses.UNKNOWN, restates=True, silent_s=silent_s
        )
        super().__init__(at, operator, clock)
        self._limits, self._listed, self._appends = limits, listed, appends
        self.reported_s: int | None = None  # up to which second

    @property
    def waits(self) -> Waits | None:
        """What the owner has to know of signals that wait; None: nothing."""
        waits = self.operator.waits
        return waits and waits._replace(
            furthest=waits.furthest * 1000,
            first=waits.first * 1000,
            trusted=waits.trusted * 1000,
            ahead=waits.ahead * 1000,
        )

    @property
    def furthest_ms(self) -> int | None:
        """The newest time of any charger here, believed or not."""
        furthest = self.operator.furthest
        return None if furthest is None else furthest * 1000

    def decode(self, fetched: Fetched) -> DecodedSignals:
        """Records of this partition, decoded."""
        return decoded_signals(fetched, self._listed)

    def take(self, part: DecodedSignals, outputs: PendingOutputs) -> None:
        """Let signals wait for their second; what is certain by then comes out."""
        if part.bad:
            self._refuse([row for _, row in part.bad], [at for at, _ in part.bad], outputs)
        if not part.values:
            return
        newest = self.operator.newest
        outcomes = self.operator.process(part.values)
        self.counts[Verdict.ACCEPTED.value] += len(part.values)
        if self.operator.newest != newest and part.appended_ms is not None:
            self.manifest.marks = [(self.operator.newest or 0, part.appended_ms)]
        self.dirty = True
        self._tell(outcomes, outputs)

    def decided(self, decision: Decision, outputs: PendingOutputs) -> None:
        """Nothing came, and what is due by that time happens; or so far are the others."""
        newest = self.operator.newest
        if decision.reached is not None or decision.alone:
            reached = None if decision.reached is None else decision.reached // 1000
            self._tell(self.operator.witness(reached), outputs)
        elif decision.time is not None:
            over = decision.time // 1000 - LATENESS_S
            self._tell(self.operator.advance(over), outputs)
            if self._is_past and over >= (self.operator.newest or 0):
                self._tell(self.operator.end_unseen(), outputs)
        if self.operator.newest != newest:  # a pause is over: time goes on from here
            self.manifest.marks = [(self.operator.newest or 0, self.clock.now_ms())]

    @property
    def _is_past(self) -> bool:
        """Whether its signals are of the past: an input that pauses is over, as a file's is."""
        if not self.manifest.marks:
            return False
        newest_s, appended_ms = self.manifest.marks[-1]
        return (newest_s + AHEAD_S) * 1000 < appended_ms

    def _tell(self, outcomes: list[Outcome], outputs: PendingOutputs) -> None:
        written = results(outcomes, self._limits, self.at.topic, appends=self._appends)
        found = result_records(written)
        for topic, records in found.items():
            outputs.add(topic, records)
        if touched := self.operator.take_touched():
            outputs.add(BAYS.name, bay_records(self.operator.bays, touched, self.at.topic))
        silences = [outcome for outcome in outcomes if isinstance(outcome, ChargerSilence)]
        if silences:
            outputs.add(ALERTS.name, silence_records(silences, self.at.topic, self._listed.network))
        ignored = [outcome for outcome in outcomes if isinstance(outcome, Ignored)]
        for reason, some in groupby(ignored, key=lambda outcome: outcome.reason):
            self._ignore(reason, [outcome.signal for outcome in some], outputs)
        changes = self.operator.changes
        for outcome in outcomes:
            if isinstance(outcome, Occupied) and (
                not changes or changes[-1][1] != outcome.occupied
            ):
                changes.append((outcome.first, outcome.occupied))

    def _ignore(self, reason: str, signals: list[Signal], outputs: PendingOutputs) -> None:
        """Signals that came too late, or from a wrong clock, can be looked at; others repeat."""
        verdict = {LATE: Verdict.LATE, AHEAD: Verdict.AHEAD}.get(reason, Verdict.DUPLICATE)
        self.counts[verdict.value] += len(signals)
        self.counts[Verdict.ACCEPTED.value] -= len(signals)
        if verdict is not Verdict.DUPLICATE:
            rows = [
                RefusedRow(1, verdict, "timestamp", reason, message(signal)) for signal in signals
            ]
            self._refuse(rows, None, outputs)

    def _refuse(
        self, rows: list[RefusedRow], offsets: list[int] | None, outputs: PendingOutputs
    ) -> None:
        where = f"{self.at.topic}/{self.at.partition}"
        sources = [where] * len(rows) if offsets is None else [f"{where}/{at}" for at in offsets]
        letters = dead_letters(rows, sources, self.at.topic, [SHAPE] * len(rows))
        outputs.add(DEAD_LETTERS.name, letters)

    def event_ms(self, now_ms: int) -> int | None:
        """What time it is here: that of the newest signal, gone on since the log took it."""
        if not self.manifest.marks:
            return None
        newest_s, appended_ms = self.manifest.marks[-1]
        return newest_s * 1000 + max(0, now_ms - appended_ms)

    def take_changes(self) -> tuple[int, list[Change]] | None:
        """Up to which second it is certain how many cars stand, and the changes; None: no news."""
        done = self.operator.done
        if done is None or done == self.reported_s:
            return None
        self.reported_s, changes = done, self.operator.changes
        self.operator.changes = changes[-1:]  # how many stand now: the next one is told against it
        return done, changes


TELL_S = 1.0
QUIET_S = 1.0  # of the wall clock: a partition that is being read has its time from its signals


class SessionStage(Stage[SessionTask, DecodedSignals]):
    """Signals of chargers to parking sessions, violations, charges, and what each bay is now."""

    flow = SESSIONS

    def __init__(
        self,
        log: Log,
        charging: ChargingSettings,
        stream: StreamSettings,
        clock: Clock = SYSTEM,
    ) -> None:
        super().__init__(log, SESSIONS.topics, clock)
        self._limits, self._appends = limits_of(charging), charging.restate == "append"
        self._silent_s = parse_duration(charging.silent) // 1000
        self._grace_ms = parse_duration(charging.idle)
        self._idle_s = parse_duration(stream.idle) / 1000
        self._listed = Listed(log)
        self._last_report_s = clock.monotonic()

    def task(self, at: TopicPartition) -> SessionTask:
        """A partition without chargers."""
        return SessionTask(
            at,
            self._limits,
            self._listed,
            self.clock,
            appends=self._appends,
            silent_s=self._silent_s,
        )

    def decode(self, fetched: Sequence[Fetched]) -> list[DecodedSignals]:
        """The signals that were read. Who was listed before they came is known by now."""
        if any(len(part) for part in fetched):
            self._listed.refresh()
        return [decoded_signals(part, self._listed) for part in fetched]

    def follow(self, tasks: Collection[SessionTask], decisions: Decisions) -> None:
        """Know the chargers before the first signal of a replay is read."""
        self._listed.refresh()

    def decide(self, task: SessionTask, decisions: Decisions) -> list[Decision]:
        """How far the other chargers of a topic are, where one is far ahead of its partition."""
        return self.witness(task)

    def decide_all(self, tasks: Collection[SessionTask], decisions: Decisions) -> list[Decision]:
        """What time it is at chargers from which nothing came, where that makes a difference."""
        now_ms, now_s = self.clock.now_ms(), self.clock.monotonic()
        times = {task.at: task.event_ms(now_ms) for task in tasks}
        newest = newest_of_topics(times)
        quiet: dict[str, dict[int, tuple[int, int]]] = defaultdict(dict)
        for task in tasks:
            time = times[task.at]
            if time is None or now_s - task.last_record_s < QUIET_S:
                continue
            pause_end = task.operator.pause_end(now_ms // 1000)
            if pause_end is not None and now_s - task.last_record_s >= self._grace_ms / 1000:
                end_ms = (pause_end + LATENESS_S) * 1000  # its input is over, as a file's is
                quiet[task.at.topic][task.at.partition] = task.position, end_ms
                continue
            if now_s - task.last_record_s >= self._idle_s:
                time = max(time, newest[task.at.topic])
            time -= self._grace_ms
            if matters(task.operator, time // 1000 - LATENESS_S):
                quiet[task.at.topic][task.at.partition] = task.position, time
        return [
            Decision(topic=topic, quiet=read)
            for topic, each in quiet.items()
            if (read := self._read_up(topic, each))
        ]

    def _read_up(self, topic: str, quiet: dict[int, tuple[int, int]]) -> dict[int, tuple[int, int]]:
        """Those of which there is nothing more to read."""
        ends = self.log.positions(topic, LATEST)
        return {
            partition: decision
            for partition, decision in quiet.items()
            if decision[0] >= ends[TopicPartition(topic, partition)]
        }

    def report(
        self, tasks: Collection[SessionTask], outputs: PendingOutputs, *, last: bool = False
    ) -> None:
        """How many cars stand, once a second."""
        if not last and self.clock.monotonic() - self._last_report_s < TELL_S:
            return
        self._last_report_s = self.clock.monotonic()
        updates: dict[str, OccupancyUpdate] = {}
        for task in tasks:
            if (news := task.take_changes()) is not None:
                update = updates.setdefault(task.at.topic, OccupancyUpdate(topic=task.at.topic))
                update.partitions[task.at.partition] = news
        if updates:
            keys = [topic.encode() for topic in updates]
            values = [OCCUPANCY_UPDATE.encode(update) for update in updates.values()]
            outputs.add(OCCUPANCY.name, Records(keys, values))


def limits_of(charging: ChargingSettings) -> ParkingLimits:
    """The limits of these settings."""
    spans = (charging.before, charging.after, charging.hour)
    before_s, after_s, hour_s = (parse_duration(text) // 1000 for text in spans)
    return ParkingLimits(before_s, after_s, hour_s, charging.tariff_change == "split")


def session_worker(
    log: Log, charging: ChargingSettings, stream: StreamSettings, clock: Clock = SYSTEM
) -> Worker[SessionTask, DecodedSignals]:
    """A member of the group ``sessions``."""
    return Worker(log, SessionStage(log, charging, stream, clock), stream, clock)
