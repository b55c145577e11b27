"""How long and how high a device's base load stands above usual, against its own longest rise.

A leak of a few spreads is no rare slot, but it goes on: what each hour's lowest is above usual is
summed until the sum is back at nothing. The highest sum of each rise that is over is remembered,
so a home that often has a heater on for days needs a longer rise than a floor that never has.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from energyguard.detection.state import Floats
from energyguard.model.readings import Bools, Ints

_USUAL: Final = np.float32(1.5)
"""Spreads above usual that add nothing to the sum; less takes off."""
_LOWEST, _HIGHEST = np.float32(-9), np.float32(4)
"""Spreads that a slot counts as, at least and at most."""
_SHORT_H: Final = np.float32(2.5)
"""Hours of a spread that are added to both sums: short rises are alike."""
_FORGOTTEN_A_DAY: Final = 0.02
_LEARN_DAYS: Final = 9
"""Until a device's rises were followed for so long, none is unlike them."""


class BaseRises:
    """The sum of each device's rise (in spreads times hours), and the highest it remembers."""

    def __init__(self, an_hour: int, devices: int = 0) -> None:
        """Begin with devices of which nothing is known; ``an_hour``: slots of an hour."""
        self._an_hour = an_hour
        self._kept = np.float32((1 - _FORGOTTEN_A_DAY) ** (1 / (24 * an_hour)))
        self._sum, self._top, self._longest = np.zeros((3, devices), np.float32)
        self._followed = np.zeros(devices, np.int32)  # slots

    def add(self, devices: int) -> None:
        """Take in devices of which nothing is known; they come last."""
        new = BaseRises(self._an_hour, devices).save()
        self.load({name: np.append(column, new[name]) for name, column in self.save().items()})

    def step(self, above: Floats, of: Ints) -> Floats:
        """Go on with a slot: (n,) log of each device's rise over the longest that it remembers.

        Args:
            above: (n,) by how many spreads the lowest of the hour is above usual; NaN says nothing.
            of: (n,) the devices; none stands twice.
        """
        known = ~np.isnan(above)
        more = (np.clip(above, _LOWEST, _HIGHEST) - _USUAL) / np.float32(self._an_hour)
        before, longest = self._sum[of], self._longest[of]
        total = np.where(known, np.maximum(before + more, 0), before)
        top = np.maximum(self._top[of], total)
        self._followed[of] += known
        found = np.log((total + _SHORT_H) / (longest + _SHORT_H))
        is_over = known & (total == 0)
        kept = np.where(known, longest * self._kept, longest)
        self._longest[of] = np.where(is_over & (top > longest), top, kept)
        self._sum[of], self._top[of] = total, np.where(is_over, 0, top)
        return np.asarray(np.where(self._is_learned(of), found, -np.inf), np.float32)

    def _is_learned(self, of: Ints) -> Bools:
        learned: Bools = self._followed[of] > _LEARN_DAYS * 24 * self._an_hour
        return learned

    def save(self) -> dict[str, npt.NDArray[Any]]:
        """All that is kept."""
        return {
            "_rise_sum": self._sum,
            "_rise_top": self._top,
            "_rise_longest": self._longest,
            "_rise_followed": self._followed,
        }

    def load(self, known: Mapping[str, npt.NDArray[Any]]) -> None:
        """Know what was saved."""
        self._sum, self._top = known["_rise_sum"].copy(), known["_rise_top"].copy()
        self._longest = known["_rise_longest"].copy()
        self._followed = known["_rise_followed"].copy()
