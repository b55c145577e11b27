"""Readings of one channel as they come, key by key, into slots that are over.

A slot of a key is over at its first reading at or after the slot's end; what counts in it is what
the ledger is certain of by then. How readings are cut into batches changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from energyguard.detection.open_slots import SAYS_NOTHING, OpenSlots, UsedAmounts
from energyguard.detection.slots import HOUR_MS, slot_length_ms
from energyguard.ledger.channels import EnergyChannel
from energyguard.ledger.entries import Entries
from energyguard.ledger.evidence import Evidence
from energyguard.ledger.ledger import Ledger
from energyguard.ledger.rhythm import STEPS, point_covers
from energyguard.ledger.runs import KeyRuns
from energyguard.model.channels import Kind
from energyguard.model.readings import Bools, Ints

LONGEST_PAUSE_MS: Final = 48 * HOUR_MS
"""Of a longer time without a reading only so much is gone through: windows are no longer."""
_FOLLOWS: Final = (Evidence.PLAIN, Evidence.LONG, Evidence.UNUSUAL)


class ClosedSlots(NamedTuple):
    """Slots that are over, by key and in order of time within each."""

    at: Ints
    """The reading, of those given, with which each was over."""
    key: Ints
    slot_ms: Ints
    number: Ints
    """ms since 1970 over the length."""
    power_kw: npt.NDArray[np.float64]
    """NaN where entries do not cover the slot."""

    def where(self, which: Bools | Ints) -> ClosedSlots:
        """Some of them."""
        key, slot_ms, number = self.key[which], self.slot_ms[which], self.number[which]
        return ClosedSlots(self.at[which], key, slot_ms, number, self.power_kw[which])


class RunningSlots:
    """The slots of each key of a channel that are not over yet.

    Args:
        kind: what the channel's readings are.
        described: what is said of the channel of a key.
    """

    def __init__(self, kind: Kind, described: Callable[[int], EnergyChannel]) -> None:
        self.kind = kind
        self._ledger = Ledger(kind, described)
        self.slot_ms = _NONE
        """(keys,) the length of each key's slots; 0: its step is not known, or too long."""
        self._next = _NONE  # the first slot of each that is not over
        self._last_ms = _NONE  # its newest reading
        self._held = np.empty((4, 0), np.int64)  # of its newest interval: see UsedAmounts
        self._is_held = np.empty(0, bool)
        self.is_fed_in = np.empty(0, bool)
        """(keys,) whose power is below 0."""
        self._times: dict[int, list[int]] = {}  # of keys whose step is not known
        self._open = OpenSlots.none()

    def grow(self, keys: int) -> None:
        """Make room for so many keys."""
        more = keys - len(self.slot_ms)
        if more <= 0:
            return
        nothing = np.zeros(more, np.int64)
        self.slot_ms = np.concatenate([self.slot_ms, nothing])
        self._next = np.concatenate([self._next, nothing])
        self._last_ms = np.concatenate([self._last_ms, nothing])
        self._held = np.concatenate([self._held, np.zeros((4, more), np.int64)], axis=1)
        self._is_held = np.concatenate([self._is_held, np.zeros(more, bool)])
        self._ledger.grow(keys)
        new = np.arange(keys - more, keys)
        self.is_fed_in = np.append(self.is_fed_in, self._ledger.is_fed_in(new))

    def describe_again(self, keys: Ints) -> Ints:
        """Something else is said of some keys: of their open slots nobody knows what they have.

        Returns:
            those of which what was counted before has another sign, or scale, now.
        """
        rescaled = self._ledger.describe_again(keys)
        is_fed_in = self._ledger.is_fed_in(keys)
        turned: Ints = keys[rescaled | (is_fed_in != self.is_fed_in[keys])]
        self.is_fed_in[keys] = is_fed_in
        self._is_held[keys] = False
        begun = keys[self.slot_ms[keys] > 0]
        number = np.maximum(self._last_ms[begun] // self.slot_ms[begun], self._next[begun])
        self._open = self._open.doubting(begun, number)
        return turned

    def take(self, key: Ints, time: Ints, value: Ints) -> ClosedSlots:
        """Take readings; times of a key rise.

        Args:
            key: whose each is, (n,), sorted.
            time: ms, (n,).
            value: 1e-9 of the channel's unit, (n,).
        """
        if not len(key):
            return _NO_SLOTS
        if self.kind is not Kind.REGISTER:
            return self._take(np.arange(len(key)), key, time, self._certain(key, time, value))
        keys = KeyRuns(key).keys
        place = np.searchsorted(keys, key)
        ahead = self._ledger.of(keys)
        entries = ahead.fold(place, time, value)
        is_odd = _odd(entries, place, len(keys)) | ahead.in_doubt() | self._ledger.in_doubt()[keys]
        even = np.flatnonzero(~is_odd)
        self._ledger.put(keys[even], ahead.of(even))
        parts, rows = [], np.flatnonzero(~is_odd[place])
        if len(rows):
            entries = entries.where(~is_odd[entries.key])
            made = UsedAmounts.of(entries)
            made = made._replace(key=keys[made.key])
            parts.append(self._take(rows, key[rows], time[rows], made))
        rows = np.flatnonzero(is_odd[place])  # what may be in doubt is looked at one by one
        while len(rows):
            first = np.append(True, key[rows][1:] != key[rows][:-1])
            now, rows = rows[first], rows[~first]
            self._forget_replaced(entries := self._ledger.fold(key[now], time[now], value[now]))
            new = entries.where(entries.stamp > self._last_ms[entries.key])
            made = UsedAmounts.of(new)
            parts.append(self._take(now, key[now], time[now], made))
        return _by_key(parts)

    def _forget_replaced(self, entries: Entries) -> None:
        """Nothing is known of slots of which something is counted anew."""
        again = entries.where(entries.stamp <= self._last_ms[entries.key])
        again = again.where(self.slot_ms[again.key] > 0)
        slot_ms = self.slot_ms[again.key]
        for key, first, last in zip(
            again.key.tolist(),
            (again.start // slot_ms).tolist(),
            (again.end // slot_ms).tolist(),
            strict=True,
        ):
            self._open.doubt(key, first, last)

    def _certain(self, key: Ints, time: Ints, value: Ints) -> UsedAmounts:
        """Fold readings; of intervals the newest waits for the next, which may cut it."""
        entries = self._ledger.fold(key, time, value)
        if self.kind is not Kind.INTERVAL:
            return UsedAmounts.of(entries)
        runs = KeyRuns(key)
        last_ms = self._last_ms[runs.keys]
        step = time - runs.previous(time, last_ms)
        covers = point_covers(step)
        row = np.searchsorted(_both(key, time), _both(entries.key, entries.stamp))
        row = np.minimum(row, len(key) - 1)
        is_old = entries.stamp <= self._last_ms[entries.key]  # it is cut, or had no length yet
        is_point = (entries.start == entries.end) & ~is_old
        made = UsedAmounts.of(entries, np.where(is_point, covers[row], -1))
        newest_ms = time[runs.last][np.searchsorted(runs.keys, entries.key)]
        is_newest = (entries.stamp == newest_ms)[~np.isin(entries.kind, SAYS_NOTHING)]
        self._is_held[entries.key[is_old]] = False
        held = runs.keys[self._is_held[runs.keys]]
        before = UsedAmounts(held, *self._held[:, held])
        newest = made.where(is_newest)
        self._is_held[runs.keys] = False
        self._is_held[newest.key] = True
        self._held[:, newest.key] = newest[1:]
        return before.joined(made.where(~is_newest))

    def _take(self, at: Ints, key: Ints, time: Ints, amounts: UsedAmounts) -> ClosedSlots:
        """Readings that were folded, by key and time; ``at``: their places among those given."""
        runs = KeyRuns(key)
        begins = self._begin(runs, time)
        for length in np.unique(self.slot_ms[amounts.key]).tolist():
            if length:
                mine = amounts.where(self.slot_ms[amounts.key] == length)
                self._open = self._open.with_amounts(mine, length, self._next)
        self._last_ms[runs.keys] = time[runs.last]
        slot_ms = self.slot_ms[key]
        goes = np.arange(len(key)) >= np.repeat(begins, runs.count)
        goes &= (slot_ms > 0) & ~self._ledger.waits()[key]
        at, key, time, slot_ms = at[goes], key[goes], time[goes], slot_ms[goes]
        if not len(key):
            return _NO_SLOTS
        runs = KeyRuns(key)
        until = time // slot_ms
        since = np.maximum(runs.previous(until, self._next[runs.keys]), self._next[key])
        since = np.maximum(since, until - LONGEST_PAUSE_MS // slot_ms)
        many = np.maximum(until - since, 0)
        row = np.repeat(np.arange(len(key)), many)
        number = since[row] + np.arange(len(row)) - np.repeat(np.cumsum(many) - many, many)
        self._next[runs.keys] = np.maximum(self._next[runs.keys], until[runs.last])
        power = self._open.powers(key[row], number, slot_ms[row])
        self._open = self._open.where(self._open.number >= self._next[self._open.key])
        return ClosedSlots(at[row], key[row], slot_ms[row], number, power)

    def _begin(self, runs: KeyRuns, time: Ints) -> Ints:
        """Find the step of keys that are new: the first row of each run that has slots."""
        begins = runs.first.copy()
        for place in np.flatnonzero(self.slot_ms[runs.keys] == 0).tolist():
            key, first = int(runs.keys[place]), int(runs.first[place])
            times = self._times.pop(key, [])
            begins[place] = runs.last[place] + 1
            for row in range(first, int(runs.last[place]) + 1):
                times = [*times, int(time[row])][-STEPS - 1 :]
                if slot_ms := _length(times):
                    self.slot_ms[key], self._next[key] = slot_ms, -(-times[-1] // slot_ms)
                    begins[place] = row
                    break
            else:
                self._times[key] = times
        return begins

    def save(self) -> dict[str, Any]:
        """All that is kept."""
        return {
            "ledger": self._ledger.snapshot(),
            "slot_ms": self.slot_ms,
            "next": self._next,
            "last_ms": self._last_ms,
            "held": [*self._held],
            "is_held": np.flatnonzero(self._is_held),
            "fed_in": np.flatnonzero(self.is_fed_in),
            "times": [[key, *times] for key, times in self._times.items()],
            "open": [*self._open],
        }

    def load(self, saved: Mapping[str, Any]) -> None:
        """Know what was saved; a version before did not say which keys are fed in."""
        self._ledger.restore(saved["ledger"])
        self.slot_ms, self._next, self._last_ms = (
            saved["slot_ms"].copy(), saved["next"].copy(), saved["last_ms"].copy()
        )  # fmt: skip
        self._held = np.stack(saved["held"])
        self._is_held = np.zeros(len(self.slot_ms), bool)
        self._is_held[saved["is_held"]] = True
        self.is_fed_in = np.zeros(len(self.slot_ms), bool)
        self.is_fed_in[saved["fed_in"]] = True
        self._times = {key: times for key, *times in saved["times"]}
        self._open = OpenSlots(*(column.copy() for column in saved["open"]))


def _length(times: list[int]) -> int:
    """The slot of a key with these newest readings; 0: it is not known, or it sends too seldom."""
    if len(times) <= STEPS:
        return 0
    try:
        return slot_length_ms(float(np.median(np.diff(times))))
    except ValueError:
        return 0


def _odd(entries: Entries, key: Ints, keys: int) -> Bools:
    """(keys,) whose readings did not make one plain entry each; ``key``: whose readings are."""
    found: Bools = np.bincount(entries.key, minlength=keys) != np.bincount(key, minlength=keys)
    found[entries.key[~np.isin(entries.evidence, _FOLLOWS)]] = True
    return found


def _both(key: Ints, time: Ints) -> Ints:
    """Keys and times (ms since 1970) as numbers of the same order."""
    return (key << 42) + time


def _by_key(parts: list[ClosedSlots]) -> ClosedSlots:
    """Slots of parts in order: those of a key stay in the order in which they are."""
    joined = ClosedSlots(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    return joined.where(np.argsort(joined.key, kind="stable"))


_NONE: Final = np.empty(0, np.int64)
_NO_SLOTS: Final = ClosedSlots(_NONE, _NONE, _NONE, _NONE, np.empty(0))
