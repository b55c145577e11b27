"""What came of a batch: verdicts, windows over a threshold, alert events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from energyguard.model.readings import Verdict
from energyguard.records.alerts import AlertEvent
from energyguard.rules.rule import Rule
from energyguard.stream.time.batch import Ints, ReadingBatch


@dataclass(frozen=True, slots=True)
class Over:
    """m closed windows over a rule's threshold: who, which, how much in 1e-9 kWh."""

    rule: Rule
    key: Ints
    end_ms: Ints
    nano_kwh: Ints


@dataclass(slots=True)
class WindowOutput:
    """Windows in the order of output (end, device, rule), events in that of their causes."""

    devices: Sequence[str] = ()  # by key
    counts: Counter[Verdict] = field(default_factory=Counter)
    apart: list[tuple[Verdict, ReadingBatch]] = field(default_factory=list)
    over: list[Over] = field(default_factory=list)
    placed: list[tuple[tuple[int, int], AlertEvent]] = field(default_factory=list)

    @property
    def events(self) -> list[AlertEvent]:
        """The alert events."""
        return [event for _, event in self.placed]

    def put_apart(self, verdict: Verdict, batch: ReadingBatch) -> None:
        """Count readings that no window takes, and keep them."""
        if len(batch):
            self.counts[verdict] += len(batch)
            self.apart.append((verdict, batch))


def in_order(over: list[Over], rank: Ints) -> list[Over]:
    """Windows over a threshold by (end, device, rule), in runs of one rule each.

    Args:
        over: as the lanes found them.
        rank: for each key, its device's place in alphabetical order.
    """
    if not over:
        return []
    rules = {o.rule.id: o.rule for o in over}
    names = sorted(rules)
    rule = np.concatenate([np.full(len(o.key), names.index(o.rule.id)) for o in over])
    key = np.concatenate([o.key for o in over])
    end = np.concatenate([o.end_ms for o in over])
    nano = np.concatenate([o.nano_kwh for o in over])
    order = np.lexsort((rule, rank[key], end))
    rule, key, end, nano = rule[order], key[order], end[order], nano[order]
    cuts = [0, *(np.flatnonzero(np.diff(rule)) + 1).tolist(), len(rule)]
    return [Over(rules[names[rule[a]]], key[a:b], end[a:b], nano[a:b]) for a, b in pairwise(cuts)]
