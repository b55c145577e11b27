"""How far the last half-hours of a device were off: what stays a little off is strange, too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from energyguard.model.readings import Ints
from energyguard.rules.profile.calendar import SLOTS
from energyguard.rules.profile.profiles import Floats

ON_END = 3
"""So many half-hours on end."""
_NONE = -2  # no half-hour of the week comes after it


class Lasting(NamedTuple):
    """n half-hours, each with those just before it."""

    mean: Floats
    """Of their deviations; one that was not there counts as usual."""
    before: Floats
    """The sum of the deviations without the newest."""


class LastHalfHours:
    """The deviations of the last half-hours of each key, newest last."""

    def __init__(self) -> None:
        self._z = np.zeros((0, ON_END - 1))
        self._slot = np.zeros(0, np.int64)

    def grow(self, keys: int) -> None:
        """Make room for so many keys."""
        more = max(0, keys - len(self._slot))
        self._z = np.concatenate([self._z, np.zeros((more, ON_END - 1))])
        self._slot = np.append(self._slot, np.full(more, _NONE))

    def forget(self, keys: Ints) -> None:
        """Nothing comes after the last half-hours of some keys."""
        self._slot[keys] = _NONE

    def save(self) -> dict[str, Any]:
        """All that is known, as arrays by name."""
        return {"z": self._z, "slot": self._slot}

    def load(self, saved: Mapping[str, Any]) -> None:
        """Know what was saved."""
        self._z, self._slot = saved["z"].reshape(-1, ON_END - 1), saved["slot"]

    def take(self, key: Ints, slot: Ints, z: Floats) -> Lasting:
        """Take half-hours that are over; those of a key in their order.

        Args:
            key: whose, (n,).
            slot: which of the week.
            z: by how many deviations each is off.
        """
        order = np.argsort(key, kind="stable")
        rank = np.empty(len(key), np.int64)
        first = np.flatnonzero(np.diff(key[order], prepend=-1))
        rank[order] = np.arange(len(key)) - np.repeat(first, np.diff(first, append=len(key)))
        before = np.zeros(len(key))
        for number in range(int(rank.max()) + 1 if len(rank) else 0):
            mine = np.flatnonzero(rank == number)  # no key stands twice in it
            whose = key[mine]
            follows = slot[mine] == (self._slot[whose] + 1) % SLOTS
            known = np.where(follows[:, None], self._z[whose], 0.0)
            before[mine] = np.add.accumulate(known, axis=1)[:, -1]
            self._z[whose] = np.column_stack([known[:, 1:], z[mine]])
            self._slot[whose] = slot[mine]
        return Lasting((before + z) / ON_END, before)
