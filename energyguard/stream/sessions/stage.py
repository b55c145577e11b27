"""Stays of cars over the topics of signals, as a worker's stage."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from energyguard.clock import SYSTEM, Clock
from energyguard.log import LATEST, Fetched, Log, Records, TopicPartition
from energyguard.model.charging import StayLimits
from energyguard.model.duration import parse_duration
from energyguard.model.topics import OCCUPANCY
from energyguard.pipeline import SESSIONS
from energyguard.records.occupancy import OCCUPANCY_UPDATE, OccupancyUpdate
from energyguard.settings.tree import ChargingSettings, StreamSettings
from energyguard.stream.runtime.decisions import Decision, Decisions
from energyguard.stream.runtime.outputs import PendingOutputs
from energyguard.stream.runtime.stage import Stage
from energyguard.stream.runtime.worker import Worker
from energyguard.stream.sessions.charger_registry import Listed
from energyguard.stream.sessions.operator import LATENESS_S
from energyguard.stream.sessions.task import DecodedSignals, SessionTask, decoded_signals

TELL_S = 1.0
QUIET_S = 1.0  # of the wall clock: a partition that is being read has its time from its signals
ANYWAY_S = 5  # of event time: time goes on at least so often where nothing is due, for the total


class SessionStage(Stage[SessionTask, DecodedSignals]):
    """Signals of chargers to stays, violations, charges, and what each bay is now."""

    flow = SESSIONS

    def __init__(
        self,
        log: Log,
        charging: ChargingSettings,
        stream: StreamSettings,
        clock: Clock = SYSTEM,
    ) -> None:
        super().__init__(log, SESSIONS.topics, clock)
        self._limits = limits_of(charging)
        self._grace_ms = parse_duration(charging.idle)
        self._idle_s = parse_duration(stream.idle) / 1000
        self._listed = Listed(log)
        self._last_report_s = clock.monotonic()

    def task(self, at: TopicPartition) -> SessionTask:
        """A partition without chargers."""
        return SessionTask(at, self._limits, self._listed, self.clock)

    def decode(self, fetched: Sequence[Fetched]) -> list[DecodedSignals]:
        """The signals that were read. Who was listed before they came is known by now."""
        if any(len(one) for one in fetched):
            self._listed.refresh()
        return [decoded_signals(one, self._listed) for one in fetched]

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
        newest = _newest(times)
        quiet: dict[str, dict[int, tuple[int, int]]] = defaultdict(dict)
        for task in tasks:
            time = times[task.at]
            if time is None or now_s - task.last_record_s < QUIET_S:
                continue
            if now_s - task.last_record_s >= self._idle_s:
                time = max(time, newest[task.at.topic])
            time -= self._grace_ms
            if _matters(task, time // 1000 - LATENESS_S):
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
            partition: told
            for partition, told in quiet.items()
            if told[0] >= ends[TopicPartition(topic, partition)]
        }

    def report(
        self, tasks: Collection[SessionTask], outputs: PendingOutputs, *, last: bool = False
    ) -> None:
        """How many cars stand, once a second."""
        if not last and self.clock.monotonic() - self._last_report_s < TELL_S:
            return
        self._last_report_s = self.clock.monotonic()
        told: dict[str, OccupancyUpdate] = {}
        for task in tasks:
            if (news := task.take_changes()) is not None:
                one = told.setdefault(task.at.topic, OccupancyUpdate(topic=task.at.topic))
                one.partitions[task.at.partition] = news
        if told:
            keys = [topic.encode() for topic in told]
            values = [OCCUPANCY_UPDATE.encode(update) for update in told.values()]
            outputs.add(OCCUPANCY.name, Records(keys, values))


def _newest(times: Mapping[TopicPartition, int | None]) -> dict[str, int]:
    """The newest time of each topic: of two partitions, since one clock may be wrong."""
    of: dict[str, list[int]] = defaultdict(list)
    for at, time in times.items():
        if time is not None:
            of[at.topic].append(time)
    return {topic: sorted(each)[-2:][0] for topic, each in of.items()}


def _matters(task: SessionTask, second: int) -> bool:
    """Whether it makes a difference that all up to a second is over."""
    due, done = task.operator.due, task.operator.done
    if due is not None and due <= second:
        return True
    return done is not None and second >= done + ANYWAY_S


def limits_of(charging: ChargingSettings) -> StayLimits:
    """The limits of these settings."""
    spans = (charging.before, charging.after, charging.hour)
    return StayLimits(*(parse_duration(text) // 1000 for text in spans))


def session_worker(
    log: Log, charging: ChargingSettings, stream: StreamSettings, clock: Clock = SYSTEM
) -> Worker[SessionTask, DecodedSignals]:
    """A member of the group ``sessions``."""
    return Worker(log, SessionStage(log, charging, stream, clock), stream, clock)
