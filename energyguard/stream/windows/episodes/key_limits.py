"""The scores at which a rule raises and clears: of all devices alike, or of each its own."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from energyguard.model.channels import Measure
from energyguard.model.readings import Bools, Ints
from energyguard.rules.devices import DeviceRule
from energyguard.rules.windowed import WindowRule
from energyguard.stream.windows.places import DevicePlaces

NEVER_RAISES = np.iinfo(np.int64).max
"""The level of a device that a rule is not about: no score is above it, and each clears."""


class KeyLimits:
    """The limits of a rule over one channel. Keys are device numbers.

    Attributes:
        is_uniform: whether all devices have the same ones.

    Args:
        rule: with its selector and what differs by device.
        measure: the channel's.
        places: which devices the rule is about.
    """

    def __init__(self, rule: WindowRule, measure: Measure, places: DevicePlaces) -> None:
        self.rule, self._measure, self._places = rule, measure, places
        self.is_uniform = self._is_same_for_all()
        self._same = self._scores(rule)
        self._known = 0  # of so many devices the limits are known; the others have none yet
        self._level: Ints = np.empty(0, np.int64)
        self._clear: Ints = np.empty(0, np.int64)

    def _scores(self, rule: WindowRule) -> tuple[int, int]:
        level, clear = rule.level, rule.clear_level
        return rule.score_of(level, self._measure), rule.score_of(clear, self._measure)

    def of(self, keys: int) -> tuple[Ints | int, Ints | int]:
        """The scores above which it raises, and at which it clears, of the first keys."""
        if self.is_uniform:
            return self._same
        self._know(keys)
        return self._level[:keys], self._clear[:keys]

    def of_key(self, key: int) -> tuple[int, int]:
        """The same of one key."""
        if self.is_uniform:
            return self._same
        self._know(key + 1)
        return int(self._level[key]), int(self._clear[key])

    def clears(self, keys: Ints) -> Ints | int:
        """At which scores some keys clear."""
        if self.is_uniform or not len(keys):
            return self._same[1]
        self._know(int(keys.max()) + 1)
        clears: Ints = self._clear[keys]
        return clears

    def rule_of(self, key: int) -> WindowRule:
        """The rule as it holds for the device of a key."""
        rule = self.rule
        return rule if rule.is_uniform else rule.of(self._places.devices[key])

    def has(self, key: int) -> bool:
        """Whether the rule is about the device of a key."""
        return self.of_key(key)[0] != NEVER_RAISES

    def selected(self, keys: int) -> Bools:
        """Whether the rule is about each of the first keys."""
        return np.broadcast_to(np.asarray(self.of(keys)[0]) != NEVER_RAISES, (keys,))

    def by_rule(self, key: Ints) -> Iterator[tuple[WindowRule, Bools | slice]]:
        """The rules that hold for some keys, and for which of these: most have the same."""
        own = self._own(key)
        if not own:
            yield self.rule, slice(None)
            return
        rest = ~np.isin(key, np.array(own, np.int64))
        if rest.any():
            yield self.rule, rest
        for k in own:
            yield self.rule_of(k), key == k

    def _own(self, key: Ints) -> list[int]:
        """Those of some keys that have limits of their own."""
        rule = self.rule
        if not isinstance(rule, DeviceRule) or not rule.overrides:
            return []
        devices = self._places.devices
        return [k for k in np.unique(key).tolist() if devices[k] in rule.overrides]

    def forget(self) -> None:
        """Devices may stand elsewhere now."""
        self._known, self.is_uniform = 0, self._is_same_for_all()

    def _is_same_for_all(self) -> bool:
        return self.rule.is_uniform and self._places.are_for_all(self.rule)

    def _know(self, keys: int) -> None:
        """Have the limits of so many keys, and of all devices that there are."""
        devices = self._places.devices
        if len(self._level) < keys:
            more = np.full(keys - len(self._level), NEVER_RAISES)
            self._level = np.concatenate([self._level, more])
            self._clear = np.concatenate([self._clear, more])
        first, until = self._known, min(len(devices), len(self._level))
        if first >= until:
            return
        rule = self.rule
        chosen = self._places.selected(rule, first)[: until - first]
        self._level[first:until] = np.where(chosen, self._same[0], NEVER_RAISES)
        self._clear[first:until] = np.where(chosen, self._same[1], NEVER_RAISES)
        if isinstance(rule, DeviceRule) and rule.overrides:
            for key in range(first, until):
                if chosen[key - first] and devices[key] in rule.overrides:
                    self._level[key], self._clear[key] = self._scores(self.rule_of(key))
        self._known = until
