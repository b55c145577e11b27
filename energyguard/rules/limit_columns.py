"""The limits of a rule by key, for operators that judge all devices at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar, cast

import numpy as np

from energyguard.model.channels import Ints
from energyguard.rules.devices import DeviceRule

L = TypeVar("L", bound=tuple[Any, ...])


class LimitColumns(Generic[L]):
    """What a rule allows each device. Keys are device numbers.

    Args:
        rule: with what differs by device.
        limits: gives a named tuple of whole numbers, of the rule as it holds for a device.
    """

    def __init__(self, rule: DeviceRule, limits: Callable[[Any], L]) -> None:
        self._rule, self._limits = rule, limits
        self.same = limits(rule)
        """The limits of devices that have none of their own."""
        self._columns: Ints = np.empty((len(self.same), 0), np.int64)

    def at(self, devices: Sequence[str], key: Ints) -> L:
        """The limits of some keys: columns of (n,), or numbers where all have the same.

        Args:
            devices: the name of each key.
            key: the keys, (n,); of one that is no device's yet the limits of all.
        """
        if not self._rule.overrides:
            return self.same
        self._know(devices)
        known, make = self._columns, cast(Any, type(self.same))
        beyond = key >= known.shape[1]
        if beyond.any():
            known = np.column_stack([known, self.same])
            key = np.where(beyond, known.shape[1] - 1, key)
        columns: L = make(*known[:, key])
        return columns

    def _know(self, devices: Sequence[str]) -> None:
        """Have the limits of all devices that there are."""
        known = self._columns.shape[1]
        if known == len(devices):
            return
        more = np.repeat(np.array([self.same], np.int64).T, len(devices) - known, axis=1)
        for place, device in enumerate(devices[known:]):
            if device in self._rule.overrides:
                more[:, place] = self._limits(self._rule.of(device))
        self._columns = np.concatenate([self._columns, more], axis=1)
