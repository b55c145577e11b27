"""Which devices of a partition are silent: for the product itself, and for rules of that kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from energyguard.rules.kinds.silence import OF_THE_PRODUCT, SilenceRule
from energyguard.rules.rule import Rule
from energyguard.stream.time.batch import Ints
from energyguard.stream.time.silence import SilenceChange, SilenceTracker
from energyguard.stream.time.trusted import NEVER
from energyguard.stream.windows.episodes import STOPPED
from energyguard.stream.windows.rule_change import CHANGED
from energyguard.stream.windows.verdicts import LaneRows, newest_before


class SilenceTransition(NamedTuple):
    """A device went silent, or is no longer, by a rule; ``reason``: why, where no reading says."""

    rule: SilenceRule
    change: SilenceChange
    reason: str = ""


class Silences:
    """A tracker for the product, and one for each rule. Keys are device numbers."""

    def __init__(self, silent_ms: int) -> None:
        self.newest: Ints = np.empty(0, np.int64)
        """The newest time of each device, whatever its channel."""
        self.tracker = SilenceTracker(silent_ms)
        self.of_rules: dict[str, tuple[SilenceRule, SilenceTracker]] = {}

    @property
    def quiet(self) -> dict[int, int]:
        """Of each silent device, the newest reading before its silence."""
        keys = np.flatnonzero(self.tracker.since > NEVER)
        return dict(zip(keys.tolist(), self.tracker.since[keys].tolist(), strict=True))

    def follow(
        self, rows: LaneRows, run: Ints, before: int, keys: int
    ) -> tuple[list[SilenceChange], list[SilenceTransition]]:
        """What changes over a batch: for the product, which windows heed; and for every rule.

        Args:
            rows: the partition's readings, whatever their verdict.
            run: the partition's newest time just after each reading of the batch.
            before: the same before the batch.
            keys: how many devices there are.
        """
        if keys > len(self.newest):
            more = max(keys, len(self.newest) * 5 // 4) - len(self.newest)
            self.newest = np.concatenate([self.newest, np.full(more, NEVER)])
        prior = newest_before(rows, self.newest)
        np.maximum.at(self.newest, rows.key, rows.time)
        changes = self.tracker.changes(rows, prior, self.newest, run, before)
        found = [SilenceTransition(OF_THE_PRODUCT, change) for change in changes]
        for rule, tracker in self.of_rules.values():
            news = tracker.changes(rows, prior, self.newest, run, before)
            found += [SilenceTransition(rule, change) for change in news]
        return changes, found

    def set_rules(self, rules: Sequence[Rule], time_ms: int) -> list[SilenceTransition]:
        """Run those of these rules that are of the kind; silences go on, or end and say why."""
        before, self.of_rules = self.of_rules, {}
        found: list[SilenceTransition] = []
        for rule in rules:
            if not isinstance(rule, SilenceRule):
                continue
            old = before.pop(rule.id, None)
            if old is not None and old[0] == rule:
                self.of_rules[rule.id] = old
                continue
            tracker = SilenceTracker(rule.longer_than_ms, rule.rhythms)
            steps = self.tracker.steps.copy()
            since = np.full(len(steps), NEVER) if old is None else old[1].since.copy()
            tracker.restore(since, steps)
            self.of_rules[rule.id] = rule, tracker
            waited = self.newest[: len(since)] + tracker.patience <= time_ms
            found += _ended(rule, tracker, ~waited, time_ms, CHANGED)
        for rule, tracker in before.values():
            found += _ended(rule, tracker, np.ones(len(tracker.since), bool), time_ms, STOPPED)
        return found

    def save(self) -> dict[str, list[Ints]]:
        """What the rules' trackers know, by rule."""
        return {i: [t.since, t.steps.ravel()] for i, (_, t) in self.of_rules.items()}

    def restore(self, rules: Sequence[Rule], saved: Mapping[str, Sequence[Ints]]) -> None:
        """Be as at a snapshot; the product's own tracker is known by now."""
        self.set_rules(rules, NEVER)
        for rule_id, (since, steps) in saved.items():
            if rule_id in self.of_rules:
                self.of_rules[rule_id][1].restore(since, steps)


def _ended(
    rule: SilenceRule, tracker: SilenceTracker, which: np.ndarray, time_ms: int, reason: str
) -> Iterator[SilenceTransition]:
    """Silences that no reading ends."""
    for key in np.flatnonzero((tracker.since > NEVER) & which).tolist():
        change = SilenceChange(0, key, False, time_ms, int(tracker.since[key]))
        tracker.since[key] = NEVER
        yield SilenceTransition(rule, change, reason)
