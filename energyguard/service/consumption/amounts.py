"""Energies between borders: what devices sent, summed up with their signs, and cut into steps."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from energyguard.model.quantities import NANO
from energyguard.model.readings import Ints


class ConsumptionStep(NamedTuple):
    """An hour, a day, a month …: what was used in it."""

    start_ms: int
    end_ms: int
    kwh: float | None  # None: nothing came in it, or it has not begun
    readings: int


class BorderAmounts(NamedTuple):
    """Energy (1e-9 kWh) and readings from each border to the next."""

    borders: Ints
    nano: Ints
    readings: Ints

    def _between(self, start_ms: int, end_ms: int) -> tuple[float | None, int]:
        low, high = np.searchsorted(self.borders, (start_ms, end_ms))
        nano, readings = int(self.nano[low:high].sum()), int(self.readings[low:high].sum())
        return (nano / NANO if nano or readings else None), readings

    def total(self, start_ms: int, end_ms: int) -> float | None:
        """Of the time between two borders, in kWh; None: nothing came."""
        return self._between(start_ms, end_ms)[0]

    def steps(
        self, steps: Sequence[int], until_ms: int | None = None
    ) -> tuple[ConsumptionStep, ...]:
        """Step by step, up to a time."""
        found = []
        for start_ms, end_ms in pairwise(steps):
            end = end_ms if until_ms is None else min(end_ms, max(until_ms, start_ms))
            found.append(ConsumptionStep(start_ms, end_ms, *self._between(start_ms, end)))
        return tuple(found)


def summed(table: pa.Table | None, weights: dict[str, int], cuts: Sequence[int]) -> BorderAmounts:
    """The signed sum of devices, from the rows of all."""
    borders = np.array(cuts, np.int64)
    nano, readings = (np.zeros(len(borders), np.int64) for _ in range(2))
    if table is not None and table.num_rows:
        device = table["device"].combine_chunks().cast(pa.string()).dictionary_encode()
        signs = np.array([weights.get(name, 0) for name in device.dictionary.to_pylist()], np.int64)
        sign = signs[device.indices.to_numpy()]
        at = np.searchsorted(borders, table["start_ms"].to_numpy(), side="right") - 1
        np.add.at(nano, at, sign * table["nano"].to_numpy())
        np.add.at(readings, at, np.abs(np.sign(sign)) * table["readings"].to_numpy())
    return BorderAmounts(borders, nano, readings)
