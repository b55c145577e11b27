"""Sums of windows over all partitions: a worker's stage, with a task for each partition.

Which rules run, and what they are the sum of, its owner decides from the topics of
rules and of the catalogue, as that of the windows does.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from typing import ClassVar

from energyguard.catalogue.revisions import CatalogueRevisions
from energyguard.catalogue.sums import sum_periods
from energyguard.clock import SYSTEM, Clock
from energyguard.log import Fetched, Log, TopicPartition
from energyguard.log.compacted import CompactedTable
from energyguard.log.lag import unread
from energyguard.log.records import decoded
from energyguard.model.topics import ALERTS
from energyguard.pipeline import SUMS, WINDOWS
from energyguard.records.alerts import AlertEvent
from energyguard.records.progress import PARTITION_PROGRESS
from energyguard.records.window_terms import WINDOW_TERM, WindowTerms
from energyguard.rules.registry import RuleBook
from energyguard.rules.rule import Rule
from energyguard.rules.sums import summed_device, term_rules
from energyguard.rules.term_rule import TermRule
from energyguard.settings.tree import StreamSettings
from energyguard.stream.runtime.decoded_batch import DecodedBatch
from energyguard.stream.runtime.outputs import Decision, Decisions, PendingOutputs
from energyguard.stream.runtime.rule_follower import RuleFollower
from energyguard.stream.runtime.stage import Stage, Task
from energyguard.stream.runtime.worker import Worker
from energyguard.stream.sums.operator import SumOperator, SumWait
from energyguard.stream.windows.episodes.output import alert_events

DecodedTerms = DecodedBatch[WindowTerms]
"""Records of ``energyguard.window-terms``."""
OWNER = f"{SUMS.name}/"


class SumTask(Task[DecodedTerms, SumOperator]):
    """The sums of the virtual devices of one partition."""

    owner: ClassVar[str] = OWNER

    def decode(self, fetched: Fetched) -> DecodedTerms:
        """Records of this partition, decoded."""
        return decoded_terms(fetched)

    def take(self, part: DecodedTerms, outputs: PendingOutputs) -> None:
        """Sum what records say."""
        if part.values:
            self.dirty = True
            _alert(self.operator.process(part.values), outputs)

    def decided(self, decision: Decision, outputs: PendingOutputs) -> None:
        """Run other rules, or sum other terms."""
        if decision.rules is not None:
            _alert(self.operator.set_rules(decision.rules), outputs)
        if decision.without is not None:
            _alert(self.operator.go_on(*decision.without), outputs)


class SumStage(Stage[SumTask, DecodedTerms]):
    """Sums under the rules of a book."""

    flow = SUMS
    owner: ClassVar[str] = OWNER

    def __init__(self, log: Log, book: RuleBook, clock: Clock = SYSTEM) -> None:
        super().__init__(log, SUMS.topics, clock)
        self.book, self._catalogue = book, CatalogueRevisions(log)
        self._rules = RuleFollower(log, book)
        self._progress = CompactedTable(log, PARTITION_PROGRESS)
        self._summing: list[Rule] = []  # rules about sums, or devices that may become such
        self._terms: tuple[TermRule, ...] = ()
        self._terms_at = -1  # the revision that they are of
        self._active: tuple[Rule, ...] = ()

    def task(self, at: TopicPartition) -> SumTask:
        """No sums yet."""
        return SumTask(at, SumOperator(), self.clock)

    def decode(self, fetched: Sequence[Fetched]) -> list[DecodedTerms]:
        """The records of partitions, decoded."""
        return [decoded_terms(part) for part in fetched]

    def follow(self, tasks: Collection[SumTask], decisions: Decisions) -> None:
        """Take changes of rules, and of what they are the sum of."""
        self._catalogue.refresh()
        self._progress.refresh()
        if self._rules.refresh() or self._terms_at != self._catalogue.revision:
            self._summing = [rule for rule in self.book.running() if summed_device(rule)]
            periods_of = partial(sum_periods, revisions=self._catalogue)
            self._terms = tuple(term_rules(self._summing, periods_of))
            self._terms_at = self._catalogue.revision
        known = {term.rule for term in self._terms}  # and those whose device was a sum until now
        known |= {rule.id for task in tasks for rule in task.operator.rules}
        self._active = (*(rule for rule in self._summing if rule.id in known), *self._terms)

    def is_behind(self, tasks: Collection[SumTask], decisions: Decisions) -> bool:
        """Whether rules or terms were changed: what came after a change is summed by it."""
        self.follow(tasks, decisions)
        return any(task.operator.rules != self._active for task in tasks)

    def decide(self, task: SumTask, decisions: Decisions) -> list[Decision]:
        """The rules that run, with their terms."""
        if task.operator.rules == self._active:
            return []
        return [task.decision(rules=self._active)]

    def decide_all(self, tasks: Collection[SumTask], decisions: Decisions) -> list[Decision]:
        """Which terms that never told anything are waited for no longer."""
        waits = [(task, wait) for task in tasks for wait in task.operator.waits()]
        return [
            task.decision(without=(wait.topic, wait.rule, wait.of.term))
            for task, wait in waits
            if wait.of.is_over and not wait.of.is_given_up and self._is_read(wait)
        ]

    def _is_read(self, wait: SumWait) -> bool:
        """Whether workers have read of a term's partition as much as of the others: else it lags.

        A topic without keys may have it in another one: all that is there is read then.
        """
        partitions = unread(self.log.positions, wait.topic, WINDOWS.group)
        for at, left in partitions.items():
            row = self._progress.rows.get(f"{at.topic}/{at.partition}")
            reached_ms = (row.newest_ms if row else None) or 0
            if left and reached_ms < wait.of.front_ms:
                return False
        return True


def decoded_terms(fetched: Fetched) -> DecodedTerms:
    """Records of ``energyguard.window-terms``, decoded."""
    found = list(decoded(WINDOW_TERM.decoder, fetched))
    offsets = [place.offset for place, _ in found]
    return DecodedBatch(fetched.at, fetched.next_offset, offsets, [record for _, record in found])


def _alert(events: Sequence[AlertEvent], outputs: PendingOutputs) -> None:
    if events:
        outputs.add(ALERTS.name, alert_events(events))


def sum_worker(
    log: Log, book: RuleBook, settings: StreamSettings, clock: Clock = SYSTEM
) -> Worker[SumTask, DecodedTerms]:
    """A member of the group ``sums``: alerts about virtual devices."""
    return Worker(log, SumStage(log, book, clock), settings, clock)
