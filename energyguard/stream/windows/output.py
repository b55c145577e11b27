"""What came of a batch: verdicts, breaches, alert events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from energyguard.model.readings import Verdict
from energyguard.records.alerts import AlertEvent
from energyguard.rules.windowed import WindowRule
from energyguard.stream.time.batch import Ints, ReadingBatch


@dataclass(frozen=True, slots=True)
class Breaches:
    """m closed windows that break a rule: who, which, how much in 1e-9 kWh."""

    rule: WindowRule
    key: Ints
    end_ms: Ints
    nano_kwh: Ints


@dataclass(slots=True)
class WindowOutput:
    """Windows in the order of output (end, device, rule), events in that of their causes."""

    devices: Sequence[str] = ()  # by key
    counts: Counter[Verdict] = field(default_factory=Counter)
    apart: list[tuple[Verdict, ReadingBatch]] = field(default_factory=list)
    breaches: list[Breaches] = field(default_factory=list)
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


def in_order(breaches: list[Breaches], rank: Ints) -> list[Breaches]:
    """Breaches by (end, device, rule), in runs of one rule each.

    Args:
        breaches: as the channels found them.
        rank: for each key, its device's place in alphabetical order.
    """
    if not breaches:
        return []
    rules = {b.rule.id: b.rule for b in breaches}
    names = sorted(rules)
    rule = np.concatenate([np.full(len(b.key), names.index(b.rule.id)) for b in breaches])
    key = np.concatenate([b.key for b in breaches])
    end = np.concatenate([b.end_ms for b in breaches])
    nano = np.concatenate([b.nano_kwh for b in breaches])
    order = np.lexsort((rule, rank[key], end))
    rule, key, end, nano = rule[order], key[order], end[order], nano[order]
    cuts = [0, *(np.flatnonzero(np.diff(rule)) + 1).tolist(), len(rule)]
    return [
        Breaches(rules[names[rule[a]]], key[a:b], end[a:b], nano[a:b]) for a, b in pairwise(cuts)
    ]
