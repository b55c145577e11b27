"""By how much counters have risen since the reading before, where their senders do not tell it.

A floor's message has a counter, and may have ``delta_kwh``: rules about ``delta_kwh`` see what was
sent, and of a floor that has sent none since its last counter reading the step of its counter. A
counter that has fallen was set back or exchanged, and after a gap a step says nothing of how fast
it came: neither is a step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from energyguard.model.readings import Bools, Ints
from energyguard.stream.time.trusted import NEVER
from energyguard.stream.windows.readings.verdicts import LaneRows

COUNTER, STEP = "energy_register_kwh", "delta_kwh"
MAX_APART_MS = 90_000
"""System A's floors send every 30 s: readings farther apart than three times that are a gap."""


class CounterSteps:
    """The newest counter reading of each key, and when it was last told a step."""

    def __init__(self) -> None:
        self.time: Ints = np.empty(0, np.int64)
        self.value: Ints = np.empty(0, np.int64)
        self.sent: Ints = np.empty(0, np.int64)

    def take(self, news: Mapping[str, LaneRows], keys: int) -> Mapping[str, LaneRows]:
        """The readings of a batch, with the steps of counters among those of ``delta_kwh``.

        Args:
            news: by channel, the readings that are newer than all of their key before.
            keys: how many keys there are.
        """
        self._grow(keys)
        sent, counters = news.get(STEP, _NOTHING), news.get(COUNTER, _NOTHING)
        if not len(counters):
            self.sent[sent.key] = sent.time
            return news
        rows = _in_log_order([sent, counters])
        is_counter = np.isin(rows.at, counters.at)
        time_sent = self._newest_sent(rows, is_counter)[is_counter]
        steps = self._steps(counters, time_sent)
        if not len(steps):
            return news
        return {**news, STEP: _in_log_order([sent, steps]) if len(sent) else steps}

    def _newest_sent(self, rows: LaneRows, is_counter: Bools) -> Ints:
        """When the key of each row was last told a step, up to there: (rows,)."""
        order = np.argsort(rows.key, kind="stable")
        key, place = rows.key[order], np.arange(len(rows))
        first = np.ones(len(key), bool)
        first[1:] = key[1:] != key[:-1]
        begin = np.maximum.accumulate(np.where(first, place, 0))
        newest = np.maximum.accumulate(np.where(is_counter[order], -1, place))
        time = np.where(newest >= begin, rows.time[order][newest], self.sent[key])
        last = np.append(first[1:], True)
        self.sent[key[last]] = time[last]
        found = np.empty(len(rows), np.int64)
        found[order] = time
        return found

    def _steps(self, rows: LaneRows, time_sent: Ints) -> LaneRows:
        order = np.argsort(rows.key, kind="stable")
        key, time, value = rows.key[order], rows.time[order], rows.value[order]
        first = np.ones(len(key), bool)
        first[1:] = key[1:] != key[:-1]
        last = np.append(first[1:], True)
        time_before, value_before = np.roll(time, 1), np.roll(value, 1)
        time_before[first], value_before[first] = self.time[key[first]], self.value[key[first]]
        self.time[key[last]], self.value[key[last]] = time[last], value[last]
        risen = value - value_before
        is_near = (time_before > NEVER) & (time - time_before <= MAX_APART_MS)
        found, kept = np.empty(len(rows), np.int64), np.empty(len(rows), bool)
        found[order], kept[order] = risen, is_near & (risen >= 0) & (time_sent[order] < time_before)
        return LaneRows(rows.at, rows.key, rows.time, found, rows.sequence).where(kept)

    def _grow(self, keys: int) -> None:
        if (more := keys - len(self.time)) > 0:
            self.time = np.concatenate([self.time, np.full(more, NEVER)])
            self.value = np.concatenate([self.value, np.zeros(more, np.int64)])
            self.sent = np.concatenate([self.sent, np.full(more, NEVER)])

    def save(self) -> Sequence[Ints]:
        """What it remembers."""
        return [self.time, self.value, self.sent]

    def restore(self, saved: Any) -> None:
        """Remember what was saved."""
        self.time, self.value, self.sent = saved


_NONE = np.empty(0, np.int64)
_NOTHING = LaneRows(_NONE, _NONE, _NONE, _NONE, _NONE)


def _in_log_order(parts: Sequence[LaneRows]) -> LaneRows:
    names = ("at", "key", "time", "value", "sequence")
    columns = [np.concatenate([getattr(part, name) for part in parts]) for name in names]
    return LaneRows(*columns).where(np.argsort(columns[0], kind="stable"))
