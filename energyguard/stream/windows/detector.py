"""The detector: rules about values over topics of readings, with positions of its own.

It is the worker's stage over again, for the rules of another flow. It writes alerts, decisions and
snapshots, and no more: verdicts, late readings, dead letters and packing anew are the worker's.
Readings without a key it takes from where the worker has packed them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import ClassVar

import numpy as np

from energyguard.clock import SYSTEM, Clock
from energyguard.codecs.assembly import DEFAULT, PlausibilityLimits
from energyguard.flow import Flow
from energyguard.log import EARLIEST, Fetched, Log, TopicPartition
from energyguard.pipeline import DETECTOR, WINDOWS
from energyguard.rules.registry import RuleBook
from energyguard.rules.valued import ValueRule
from energyguard.settings.tree import StreamSettings
from energyguard.stream.runtime.checkpoint import Saved, read_snapshots
from energyguard.stream.runtime.outputs import Decisions, PendingOutputs
from energyguard.stream.runtime.worker import Worker
from energyguard.stream.time.alignment import DecodedReadings, decoded_part
from energyguard.stream.windows.handover import Handover, handover_of
from energyguard.stream.windows.learning import Past, learned_before
from energyguard.stream.windows.stage import WindowStage
from energyguard.stream.windows.task import WindowTask

OWNER = f"{DETECTOR.name}/"


class DetectorTask(WindowTask):
    """Rules about values over one partition, from the snapshot on."""

    owner: ClassVar[str] = OWNER
    flow: ClassVar[Flow] = DETECTOR
    learned: Mapping[str, bytes] | None = None
    """A snapshot from what the history had, where the log begins later and there is no other."""

    def hand_over(self, handover: Handover) -> None:
        """Nothing: it has what there is."""

    def decode(self, fetched: Fetched) -> DecodedReadings:
        """Records of this partition, decoded: what is to be judged of them."""
        return judged_part(fetched, self.plausible)

    def restore(self, log: Log, saved: Saved | None, committed: int, decisions: Decisions) -> None:
        """Be as at the committed position; at the first start, go on where a worker was."""
        first = log.positions(self.at.topic, EARLIEST)[self.at]
        if saved is None and self.learned is not None:
            self.operator.restore(self.learned)
            self.dirty, self.saved_s = True, float("-inf")
        if saved is not None or committed > first:
            super(WindowTask, self).restore(log, saved, committed, decisions)
            return
        self.position = first
        worker = read_snapshots(log, WINDOWS.name, [self.at]).get(self.at)
        if worker is not None:
            handover = handover_of(*worker)
            self.replay(log, handover.position, decisions)
            handover.give(self.operator.values, self.operator.devices)
            self.dirty, self.saved_s = True, float("-inf")  # the worker's is not there for ever

    def feed(self, part: DecodedReadings, decisions: Decisions, outputs: PendingOutputs) -> None:
        """Take records, but for those that it has: at its first start it is ahead of its group."""
        if part.next_offset > self.position:
            super().feed(part.split(self.position)[1], decisions, outputs)

    def take(self, part: DecodedReadings, outputs: PendingOutputs) -> None:
        """Readings through the operator."""
        if len(part.batch):
            self.dirty = True
            self._tell(self.operator.process(part.batch), outputs)


class DetectorStage(WindowStage):
    """Rules about values, of a book."""

    flow = DETECTOR
    owner: ClassVar[str] = OWNER
    tells_terms: ClassVar[bool] = False

    learned: Mapping[TopicPartition, Mapping[str, bytes]] = MappingProxyType({})

    @property
    def counts_energy(self) -> bool:
        """Whether a rule that runs goes by what the catalogue says of channels of energy."""
        return any(isinstance(rule, ValueRule) and rule.goes_by_energy for rule in self._active)

    def task(self, at: TopicPartition) -> DetectorTask:
        """A partition's rules, with no more in them than what the history had."""
        task = DetectorTask(
            at, self.book, self.limits, self.clock, self.plausible, self.places_of(at.topic)
        )
        task.learned = self.learned.get(at)
        return task

    def learn(self, past: Past) -> None:
        """Learn what the log no longer has, before partitions are taken."""
        self.learned = learned_before(
            self.log, self.topics, self.book, self.limits, past, self.catalogue
        )

    def decode(self, fetched: Sequence[Fetched]) -> list[DecodedReadings]:
        """What is to be judged of what was read."""
        return [judged_part(part, self.plausible) for part in fetched]

    def release(self, parts: Iterable[DecodedReadings]) -> list[DecodedReadings]:
        """All of it: what has no key is not there, so that no partition waits for another."""
        return list(parts)

    def is_behind(self, tasks: Collection[WindowTask], decisions: Decisions) -> bool:
        """Whether rules were changed: readings that came after a change are judged by it.

        The rules that run at first are decided, too, and what is said of channels, before
        anything is judged: a replay from the beginning has the same.
        """
        self._follow_rules(tasks, decisions)
        return super().is_behind(tasks, decisions) or any(
            task.manifest.decided < 0 or tuple(task.operator.rules) != self._active
            for task in tasks
        )

    def report(
        self, tasks: Collection[WindowTask], outputs: PendingOutputs, *, last: bool = False
    ) -> None:
        """Nothing: how far partitions are, the worker tells."""


def judged_part(fetched: Fetched, plausible: PlausibilityLimits = DEFAULT) -> DecodedReadings:
    """Decode records; what cannot be read, is of the past or has no key is left out."""
    part = decoded_part(fetched, plausible)
    batch = part.batch
    if part.astray is not None:
        batch = batch.take(np.flatnonzero(~part.astray))
    return replace(part, batch=batch, astray=None, bad=[], past=part.past[:0])


def detector_worker(
    log: Log,
    book: RuleBook,
    settings: StreamSettings,
    topics: Sequence[str],
    clock: Clock = SYSTEM,
    plausible: PlausibilityLimits = DEFAULT,
    zone: str = "UTC",
    past: Past | None = None,
) -> Worker[WindowTask, DecodedReadings]:
    """A member of the group ``detector``: alerts about values over topics of readings."""
    stage = DetectorStage(log, book, settings, topics, clock, plausible, zone)
    if past is not None:
        stage.learn(past)
    return Worker(log, stage, settings, clock)
