"""Metered energy between borders: sums that any coarser border can be cut from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from energyguard.model.readings import Ints


class MeteredEnergy(NamedTuple):
    """Energy and readings from each border to the next; shapes ``(borders,)``, the last is 0.

    Signed: below 0 more was fed in than taken.
    """

    borders: Ints  # ms since 1970 UTC, increasing
    nano: Ints  # 1e-9 kWh
    readings: Ints

    def _places(self, borders: Sequence[int] | Ints) -> Ints:
        wanted = np.asarray(borders, np.int64)
        places = np.searchsorted(self.borders, wanted)
        if len(wanted) and (
            places[-1] >= len(self.borders) or not np.array_equal(self.borders[places], wanted)
        ):
            raise ValueError("energy is asked for at a border at which it is not known")
        return places

    def steps(self, borders: Sequence[int] | Ints) -> Ints:
        """Energy from each of these borders to the next (1e-9 kWh).

        Raises:
            ValueError: one of them is no border of this.
        """
        places = self._places(borders)
        if len(places) < 2:
            return np.zeros(0, np.int64)
        return np.add.reduceat(np.append(self.nano[: places[-1]], 0), places[:-1])

    def between(self, start_ms: int, end_ms: int) -> int:
        """Energy of the time between two borders (1e-9 kWh)."""
        return int(self.steps((start_ms, end_ms)).sum()) if end_ms > start_ms else 0

    def readings_of(self, borders: Sequence[int] | Ints) -> Ints:
        """Readings from each of these borders to the next."""
        places = self._places(borders)
        if len(places) < 2:
            return np.zeros(0, np.int64)
        return np.add.reduceat(np.append(self.readings[: places[-1]], 0), places[:-1])
