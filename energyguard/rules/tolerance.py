"""How far apart values may be that have to agree: of all devices, or of each its own."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from energyguard.model.channels import Ints
from energyguard.model.quantities import NANO
from energyguard.rules.limit_columns import LimitColumns

PARTS = 1000
"""A share is counted in parts of so many."""


class AgreeLimits(NamedTuple):
    """What a device is held to: numbers, or columns of (n,) for n moments."""

    tolerance: Ints | int
    """How far amounts may be apart: a share of what is expected, 1e-9."""
    allowed: Ints | int
    """On top of it, 1e-9 of the unit."""
    lowest_factor: Ints | int
    """The lowest power factor, 1e-9."""
    phases: Ints | int
    """Of how many the current is; the voltage is of one."""
    span_ms: Ints | int
    """How long the spans are over which a counter is held against a power."""
    settle_ms: Ints | int
    """For how long all has to agree before an alert is over."""
    readings: Ints | int
    """At how many moments a value does not move that is stuck."""
    still_ms: Ints | int
    """For how long it does not."""


Allowed = LimitColumns[AgreeLimits]


class Tolerance(NamedTuple):
    """How far apart two amounts may be: a share of what is expected (1e-9), and an amount."""

    share: Ints | int
    amount: Ints | int

    @classmethod
    def of(cls, limits: AgreeLimits) -> Tolerance:
        """That of devices."""
        return cls(limits.tolerance, limits.allowed)

    def below(self, bound: Ints) -> Ints:
        """What is still no less than a bound; amounts of 1e-9 below 9e15."""
        return bound - self._of(bound)

    def above(self, bound: Ints) -> Ints:
        """What is still no more than a bound."""
        return bound + self._of(bound)

    def _of(self, bound: Ints) -> Ints:
        parts = np.asarray(self.share // (NANO // PARTS), np.int64)
        share: Ints = np.abs(bound) // PARTS * parts
        return share + self.amount
