"""Which devices went quiet, and which came back: for the product, and for rules of that kind.

A device is quiet when its partition's newest time is ``patience`` beyond the device's own newest
reading. The patience is its own: three times the median of its last eight steps in event time,
and ``silent_ms`` at least; until two steps are known, a day and two hours. All depends on the
order of the log only, so it does not matter how the log is cut into batches. A rule of the kind
silence has a tracker of its own, with other limits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from energyguard.model.readings import Bools, Ints
from energyguard.rules.kinds.silence import OF_THE_PRODUCT, SilenceLimits, SilenceRule
from energyguard.rules.limit_columns import LimitColumns
from energyguard.rules.rule import CHANGED, STOPPED, Rule
from energyguard.stream.time.trusted import NEVER
from energyguard.stream.windows.places import DevicePlaces
from energyguard.stream.windows.readings.verdicts import LaneRows, newest_before
from energyguard.stream.windows.rhythm.silence_tracker import (
    RHYTHMS,
    LimitsOf,
    SilenceChange,
    SilenceTracker,
)


class SilenceTransition(NamedTuple):
    """A device went silent, or is no longer, by a rule; ``reason``: why, where no reading says."""

    rule: SilenceRule
    change: SilenceChange
    reason: str = ""


class Silences:
    """A tracker for the product, and one for each rule. Keys are device numbers.

    A tracker knows every device; only those that its rule is about are told, and none that is
    retired.
    """

    def __init__(self, silent_ms: int, places: DevicePlaces) -> None:
        self.places = places
        self.newest: Ints = np.empty(0, np.int64)
        """The newest time of each device, whatever its channel."""
        by_rhythm = SilenceLimits(silent_ms, RHYTHMS)
        self.tracker = SilenceTracker(lambda key: by_rhythm)
        self.of_rules: dict[str, tuple[SilenceRule, SilenceTracker]] = {}
        self._chosen: dict[str, Bools] = {}  # by rule, of the devices known so far

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
        found = self._chosen_of(OF_THE_PRODUCT, changes)
        for rule, tracker in self.of_rules.values():
            found += self._chosen_of(rule, tracker.changes(rows, prior, self.newest, run, before))
        return changes, found

    def _chosen_of(
        self, rule: SilenceRule, changes: list[SilenceChange]
    ) -> list[SilenceTransition]:
        """The changes of devices that a rule is about."""
        chosen = self._about(rule) if changes else _NONE
        return [SilenceTransition(rule, change) for change in changes if chosen[change.key]]

    def _limits_of(self, rule: SilenceRule) -> LimitsOf:
        """For how long a rule waits for each device."""
        columns = LimitColumns(rule, lambda rule: rule.limits)
        return lambda key: columns.at(self.places.devices, key)

    def _about(self, rule: SilenceRule) -> Bools:
        """Whether a rule is about each device."""
        known = self._chosen.get(rule.id, _NONE)
        if len(known) < len(self.places.devices):
            known = np.concatenate([known, self.places.selected(rule, len(known))])
            self._chosen[rule.id] = known
        return known

    def place_anew(self, time_ms: int) -> list[SilenceTransition]:
        """Devices may stand elsewhere: who left a rule is none of its silent ones any more."""
        found: list[SilenceTransition] = []
        for rule, tracker in ((OF_THE_PRODUCT, self.tracker), *self.of_rules.values()):
            if self.places.may_move(rule):
                before = self.places.selected_before(rule)
                self._chosen.pop(rule.id, None)
                found += self._moved(rule, tracker, before, time_ms)
        return found

    def set_rules(self, rules: Sequence[Rule], time_ms: int) -> list[SilenceTransition]:
        """Run those of these rules that are of the kind; silences go on, or end and say why."""
        before, self.of_rules = self.of_rules, {}
        chosen = {rule.id: self._about(rule) for rule, _ in before.values()}
        self._chosen = {}
        found: list[SilenceTransition] = []
        for rule in (rule for rule in rules if isinstance(rule, SilenceRule)):
            old = before.pop(rule.id, None)
            if old is not None and old[0] == rule:
                self.of_rules[rule.id] = old
                continue
            tracker = SilenceTracker(self._limits_of(rule))
            _, *rhythm = (column.copy() for column in self.tracker.save())
            fresh = np.full(len(self.tracker.since), NEVER)
            since = fresh if old is None else old[1].since.copy()
            tracker.restore(since, *rhythm)
            self.of_rules[rule.id] = rule, tracker
            waited = self.newest[: len(since)] + tracker.patience <= time_ms
            known = chosen.get(rule.id, _NONE)
            found += _ended(rule, tracker, known, ~waited, time_ms, CHANGED)
            found += self._moved(rule, tracker, known, time_ms)
        for rule, tracker in before.values():
            every = np.ones(len(tracker.since), bool)
            found += _ended(rule, tracker, chosen[rule.id], every, time_ms, STOPPED)
        return found

    def _moved(
        self, rule: SilenceRule, tracker: SilenceTracker, before: Bools, time_ms: int
    ) -> Iterator[SilenceTransition]:
        """Silent devices that a rule is about no more, or is about now."""
        after = self._about(rule)
        keys = min(len(before), len(after), len(tracker.since))
        moved = (tracker.since[:keys] > NEVER) & (before[:keys] != after[:keys])
        for key in np.flatnonzero(moved).tolist():
            comes = bool(after[key])
            change = SilenceChange(0, key, comes, time_ms, int(tracker.since[key]))
            reason = "" if comes else self.places.why_left(key)
            yield SilenceTransition(rule, change, reason)

    def save(self) -> dict[str, list[Ints]]:
        """What the rules' trackers know, by rule."""
        return {rule_id: tracker.save() for rule_id, (_, tracker) in self.of_rules.items()}

    def restore(self, rules: Sequence[Rule], saved: Mapping[str, Sequence[Ints]]) -> None:
        """Be as at a snapshot; the product's own tracker is known by now."""
        self.set_rules(rules, NEVER)
        for rule_id, columns in saved.items():
            if rule_id in self.of_rules:
                self.of_rules[rule_id][1].restore(*columns)


def _ended(
    rule: SilenceRule,
    tracker: SilenceTracker,
    about: Bools,
    which: Bools,
    time_ms: int,
    reason: str,
) -> Iterator[SilenceTransition]:
    """Silences that no reading ends; those that the rule was not about were not told."""
    for key in np.flatnonzero((tracker.since > NEVER) & which).tolist():
        change = SilenceChange(0, key, False, time_ms, int(tracker.since[key]))
        tracker.since[key] = NEVER
        if key < len(about) and about[key]:
            yield SilenceTransition(rule, change, reason)


_NONE = np.empty(0, bool)
