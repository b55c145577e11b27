"""The running period of each key, reading by reading: what came in it, and its forecast.

What came is counted by the ledger; what is still to come is the last power up to the period's end.
Readings of a key are taken one after the other, as what the newest says may be counted anew with
the next one; all keys of a batch are taken together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import numpy as np

from energyguard.detection.slots import HOUR_MS
from energyguard.ledger.channels import EnergyChannel
from energyguard.ledger.entries import Entries, EntryKind
from energyguard.ledger.ledger import Ledger
from energyguard.ledger.rhythm import point_covers
from energyguard.ledger.spread import part
from energyguard.model.channels import Kind
from energyguard.model.readings import Bools, Ints

_USED: Final = (EntryKind.INTERVAL, EntryKind.DIFFERENCE, EntryKind.RESET, EntryKind.ROLLOVER)
_NEVER: Final = -(2**60)
_LONGEST: Final = 2**50
"""No step is as long: there was no reading before."""
_FRESH: Final = {
    "last": _NEVER,  # the newest reading, ms
    "stamp": _NEVER,  # the newest entry,
    "start": 0,
    "end": 0,
    "energy": 0,
    "begin": _NEVER,  # the period in which that ends, ms,
    "before": 0,  # what came in it before, 1e-9 kWh,
    "doubt": 0,  # and whether some of it was counted anew
}
"""What is kept of a key, and what it is at first."""


class Demand(NamedTuple):
    """What is known of running periods: (n,) of each."""

    begin_ms: Ints
    until_ms: Ints
    """Up to where readings speak of it."""
    so_far: Ints
    """1e-9 kWh that came in it."""
    pace: Ints
    """1e-9 kW: the last power."""
    is_known: Bools
    """Whether anything can be said: a pace, and nothing that was counted anew."""

    def forecast(self, period_ms: int) -> Ints:
        """1e-9 kW that a period has in the mean, if the last power lasts to its end."""
        left_ms = self.begin_ms + period_ms - self.until_ms
        rest = np.rint(self.pace * (left_ms / period_ms)).astype(np.int64)
        return self.so_far * (HOUR_MS // period_ms) + rest


class RunningPeriods:
    """The running period of each key of a channel, and what came in it.

    Args:
        kind: what the channel's readings are.
        described: what is said of the channel of a key.
        period_ms: how long a period is; divides an hour.
    """

    def __init__(
        self, kind: Kind, described: Callable[[int], EnergyChannel], period_ms: int
    ) -> None:
        self.kind, self.period_ms = kind, period_ms
        self._ledger = Ledger(kind, described)
        self._of = np.empty(0, [(name, np.int64) for name in _FRESH])

    def grow(self, keys: int) -> None:
        """Make room for so many keys."""
        self._ledger.grow(keys)
        if (more := keys - len(self._of)) > 0:
            fresh = np.array([(*_FRESH.values(),)] * more, self._of.dtype)
            self._of = np.concatenate([self._of, fresh])

    def describe_again(self, keys: Ints) -> None:
        """Something else is said of some keys: of their running periods nobody knows enough."""
        self._ledger.describe_again(keys)
        self._of["doubt"][keys] = 1

    def take(self, key: Ints, time: Ints, value: Ints, shift_ms: Ints) -> Demand:
        """Take one reading of each of some keys, newer than all of it before.

        Args:
            key: rising, (n,).
            time: ms, (n,).
            value: 1e-9 of the channel's unit, (n,).
            shift_ms: by how much periods begin earlier than those of UTC, (n,).
        """
        of = self._of
        shift = np.zeros(self._ledger.keys, np.int64)
        shift[key] = shift_ms
        made = self._ledger.fold(key, time, value)
        is_glitch = np.isin(key, made.key[made.kind == EntryKind.GLITCH])
        used = made.where(np.isin(made.kind, _USED))
        while len(used):  # of a key one after the other: rarely more than two
            first = np.append(True, used.key[1:] != used.key[:-1])
            self._count(used.where(first), shift)
            used = used.where(~first)
        step, of["last"][key] = time - of["last"][key], time
        length = of["end"][key] - of["start"][key]
        if self.kind is Kind.POWER:
            value = self._ledger.in_unit(key, time, value)
            is_turned = self._ledger.is_fed_in(key) & (value > 0)
            pace = np.where(is_turned, -value, value)
            until, known = time, ~is_glitch & (step < _LONGEST)
            self._begin(key, self._begins(until - 1, shift_ms))
        else:
            covers = np.where(length > 0, length, point_covers(step))
            until = of["start"][key] + covers
            pace = np.rint(of["energy"][key] * (HOUR_MS / covers)).astype(np.int64)
            known = (of["stamp"][key] == time) & (step < _LONGEST)
        known &= of["doubt"][key] == 0
        until = np.minimum(until, of["begin"][key] + self.period_ms)
        return Demand(of["begin"][key], until, of["before"][key] + self._newest(key), pace, known)

    def _begins(self, time: Ints, shift_ms: Ints) -> Ints:
        """When the periods begin in which times are."""
        return (time + shift_ms) // self.period_ms * self.period_ms - shift_ms

    def _newest(self, key: Ints) -> Ints:
        """(n,) what the newest entry of keys has in their period."""
        of = self._of
        energy, start, end = of["energy"][key], of["start"][key], of["end"][key]
        begin = of["begin"][key]
        return part(energy, start, end, begin + self.period_ms) - part(energy, start, end, begin)

    def _begin(self, key: Ints, begin: Ints) -> None:
        """Let keys be in the periods that begin at a time: of another one nothing came yet."""
        of, is_other = self._of, begin != self._of["begin"][key]
        of["before"][key[is_other]], of["doubt"][key[is_other]] = 0, 0
        of["begin"][key] = begin

    def _count(self, entries: Entries, shift: Ints) -> None:
        """Take an entry of each of some keys: a newer one, or the newest counted anew."""
        of = self._of
        is_older = entries.stamp < of["stamp"][entries.key]
        of["doubt"][entries.key[is_older]] = 1
        entries = entries.where(~is_older)
        key, last = entries.key, np.maximum(entries.end - 1, entries.start)
        self._begin(key, self._begins(last, shift[key]))
        new = key[entries.stamp > of["stamp"][key]]
        of["before"][new] += self._newest(new)
        for name in ("stamp", "start", "end", "energy"):
            of[name][key] = getattr(entries, name)

    def save(self) -> dict[str, Any]:
        """All that is kept."""
        columns = {name: self._of[name].copy() for name in _FRESH}
        return {"ledger": self._ledger.snapshot(), "period": self.period_ms, "periods": columns}

    def load(self, saved: Mapping[str, Any]) -> None:
        """Know what was saved; of periods of another length only how energy is counted."""
        self._ledger.restore(saved["ledger"])
        if saved["period"] == self.period_ms:
            self.grow(len(saved["periods"]["last"]))
            for name in _FRESH:
                self._of[name] = saved["periods"][name]
