"""Where the devices of a partition stand, as its rules know it: by a pinned revision."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from energyguard.model.readings import Bools
from energyguard.model.selector import DeviceFacts
from energyguard.rules.devices import Facts, SelectedRule
from energyguard.rules.rule import Rule

FactsAt = Callable[[int], Facts]
"""Where devices stand at a revision of the catalogue."""


def nowhere(revision: int) -> Facts:
    """Of a device nothing is known but its id: there is no catalogue."""
    return DeviceFacts


class DevicePlaces:
    """Which devices rules are about. Keys are device numbers.

    Args:
        devices: the name of each key; the operator's, which grows.
        facts_at: where devices stand at a revision.
    """

    def __init__(self, devices: Sequence[str], facts_at: FactsAt = nowhere) -> None:
        self.devices, self._facts_at = devices, facts_at
        self.revision: int | None = None
        """The revision of the catalogue that the rules go by; None: by none."""
        self._facts: Facts = DeviceFacts
        self._before: Facts = DeviceFacts  # where they stood at the revision before

    def pin(self, revision: int | None) -> None:
        """Go by a revision from now on."""
        self.revision, self._before = revision, self._facts
        self._facts = DeviceFacts if revision is None else self._facts_at(revision)

    def follow(self, other: DevicePlaces) -> None:
        """Go by what others go by."""
        self.revision, self._facts_at, self._facts = other.revision, other._facts_at, other._facts

    def selects(self, rule: Rule, key: int) -> bool:
        """Whether a rule is about the device of a key."""
        if not isinstance(rule, SelectedRule):
            return True
        return rule.selects(self.devices[key], self._facts)

    def selected(self, rule: Rule, first: int = 0) -> Bools:
        """Whether a rule is about each device from a key on: (devices - first,)."""
        return selected(rule, self.devices[first:], self._facts)

    def selected_before(self, rule: Rule) -> Bools:
        """Whether a rule was about each device at the revision that was pinned before."""
        return selected(rule, self.devices, self._before)


def selected(rule: Rule, devices: Sequence[str], facts: Facts) -> Bools:
    """Whether a rule is about each of some devices."""
    if not isinstance(rule, SelectedRule) or rule.is_uniform:
        return np.ones(len(devices), bool)
    return np.array([rule.selects(device, facts) for device in devices], bool)
