"""How late the readings of each device usually come, as its deliveries say.

A delivery is what comes of a device within a minute of the partition's time; its delay is the
longest by which a reading in it is behind that time. Of the newest eight deliveries the second
longest delay is the usual one (of fewer than four the longest), so one that is late moves nothing.
All depends on the order of the log only, so it does not matter how the log is cut into batches.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from energyguard.model.readings import Bools, Ints
from energyguard.stream.time.trusted import NEVER

DELIVERY_MS = 60_000
"""What comes within a minute of the partition's time is one delivery."""
GRAIN_MS = 60_000
"""Delays are told apart by so much."""
DELIVERIES, MIN_DELIVERIES = 8, 4
_MANY = np.int64(1 << 32)  # more grains than any delay has
Grains = npt.NDArray[np.int32]
"""So many there may be of devices, twice over, that each byte counts."""


def _empty() -> Ints:
    return np.empty(0, np.int64)


class _Groups(NamedTuple):
    """Deliveries, by key and in log order within each: (deliveries,) but for ``begins``."""

    begins: Ints  # where each begins among its readings
    key: Ints
    minute: Ints
    place: Ints  # how many of its key are before it here
    goes_on: Bools  # whether it began before these readings
    late: Ints  # its longest delay here, in grains


@dataclass(slots=True)
class UsualDelays:
    """The delays of the newest deliveries of each key.

    Attributes:
        delays: of each delivery the longest, in grains, the newest last: (keys, deliveries).
        delivery: the minute of the newest delivery.
        met: how many deliveries of each key are known, up to ``MIN_DELIVERIES``.
    """

    delays: Grains = field(default_factory=lambda: np.zeros((0, DELIVERIES), np.int32))
    delivery: Ints = field(default_factory=_empty)
    met: npt.NDArray[np.int8] = field(default_factory=lambda: np.zeros(0, np.int8))

    def grow(self, keys: int) -> None:
        """Make room for so many keys: of a new one nothing is known."""
        more = keys - len(self.met)
        if more > 0:
            self.delays = np.concatenate([self.delays, np.zeros((more, DELIVERIES), np.int32)])
            self.delivery = np.concatenate([self.delivery, np.full(more, NEVER)])
            self.met = np.concatenate([self.met, np.zeros(more, np.int8)])

    def usual(self, keys: Ints | slice = slice(None)) -> Ints:
        """The usual delay of keys in ms."""
        return _usual(self.delays[keys], self.met[keys])

    def longest(self) -> Ints:
        """What each key's usual delay is below, whatever is forgotten next, in ms: (keys,)."""
        longest: Ints = self.delays.max(axis=1, initial=0).astype(np.int64) * GRAIN_MS
        return longest + GRAIN_MS

    def deliver(self, key: Ints, time: Ints, run: Ints) -> None:
        """Learn of readings, by key and in log order within each.

        Args:
            key: of each reading.
            time: its own.
            run: the partition's newest just after it.
        """
        late = (run - time) // GRAIN_MS
        about = np.zeros(len(self.met), bool)
        about[key[late > 0]] = True
        keys = key[np.flatnonzero(np.diff(key, prepend=-1))]
        about[keys] |= self.delays[keys].any(axis=1) | (self.met[keys] < MIN_DELIVERIES)
        if not (mine := about[key]).any():
            return  # nobody was late, and nobody is: what is known stays as it is
        groups = self._groups(key[mine], late[mine], run[mine] // DELIVERY_MS)
        last = np.flatnonzero(np.append(groups.key[1:] != groups.key[:-1], True))
        keys = groups.key[last]
        recent, met = self._recent(groups, last), self._met(groups, last)
        self.delays[keys], self.met[keys] = recent, met
        self.delivery[keys] = groups.minute[last]

    def after(self, key: Ints, time: Ints, run: Ints) -> Ints:
        """The usual delay just after each of some readings that nobody has learned of yet.

        Args:
            key: of each reading.
            time: its own.
            run: the partition's newest just after it.

        Returns:
            (readings,) in ms.
        """
        if not len(key):
            return _empty()
        late = (run - time) // GRAIN_MS
        groups = self._groups(key, late, run // DELIVERY_MS)
        every = np.arange(len(groups.key))
        many = np.diff(groups.begins, append=len(key))
        of = np.repeat(every, many)
        recent = self._recent(groups, every)[of]
        so_far = np.maximum.accumulate(late + of * _MANY) - of * _MANY
        before = np.where(groups.goes_on, self.delays[groups.key, -1], 0)
        recent[:, -1] = np.maximum(so_far, before[of])
        return _usual(recent, self._met(groups, every)[of])

    def _groups(self, key: Ints, late: Ints, minute: Ints) -> _Groups:
        """The deliveries of readings, by key and in log order within each."""
        first = np.ones(len(key), bool)
        first[1:] = key[1:] != key[:-1]
        begins = first.copy()
        begins[1:] |= minute[1:] != minute[:-1]
        at = np.flatnonzero(begins)
        key, minute, first = key[at], minute[at], first[at]
        heads = np.flatnonzero(first)
        place = np.arange(len(at)) - np.repeat(heads, np.diff(heads, append=len(at)))
        goes_on = first & (self.delivery[key] == minute)
        return _Groups(at, key, minute, place, goes_on, np.maximum.reduceat(late, at))

    def _recent(self, groups: _Groups, which: Ints) -> Ints:
        """The newest delays with some of these deliveries and those before: (which, deliveries)."""
        key = groups.key[which]
        late = np.where(
            groups.goes_on, np.maximum(groups.late, self.delays[groups.key, -1]), groups.late
        )
        place, back = groups.place[which, None], np.arange(DELIVERIES) - (DELIVERIES - 1)
        begun = place + self._begun(groups, which)[:, None]
        kept = np.minimum(np.arange(DELIVERIES) + begun, DELIVERIES - 1)
        new = late[np.maximum(which[:, None] + back, 0)]
        recent: Ints = np.where(place + back >= 0, new, self.delays[key[:, None], kept])
        return recent

    @staticmethod
    def _begun(groups: _Groups, which: Ints) -> Ints:
        """1 where the first delivery of its key began here, 0 where it goes on."""
        begun: Ints = 1 - groups.goes_on[which - groups.place[which]].astype(np.int64)
        return begun

    def _met(self, groups: _Groups, which: Ints) -> Ints:
        """How many deliveries of their keys are known with some of these."""
        begun = groups.place[which] + self._begun(groups, which)
        met: Ints = np.minimum(self.met[groups.key[which]] + begun, MIN_DELIVERIES)
        return met

    def save(self) -> list[npt.NDArray[Any]]:
        """What is known."""
        return [self.delays.ravel(), self.delivery, self.met]

    def restore(self, saved: list[npt.NDArray[Any]]) -> None:
        """Know what was saved; a version before had wider numbers."""
        delays, self.delivery, met = saved
        self.delays = delays.reshape(-1, DELIVERIES).astype(np.int32)
        self.met = met.astype(np.int8)


def _usual(delays: npt.NDArray[Any], met: npt.NDArray[Any]) -> Ints:
    """The usual one of some delays in grains, in ms: (n, deliveries), (n,) to (n,)."""
    ordered = np.sort(delays, axis=1)
    usual = np.where(met < MIN_DELIVERIES, ordered[:, -1], ordered[:, -2])
    in_ms: Ints = usual.astype(np.int64) * GRAIN_MS
    return in_ms
