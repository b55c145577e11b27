"""Energies between borders: what devices sent, summed up with their signs, and cut into steps."""

from __future__ import annotations

from collections.abc import Sequence
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

    def total(self, start_ms: int, end_ms: int) -> float | None:
        """Of the time between two borders, in kWh; None: nothing came."""
        return self.steps((start_ms, end_ms))[0].kwh

    def steps(
        self, steps: Sequence[int], until_ms: int | None = None
    ) -> tuple[ConsumptionStep, ...]:
        """Step by step, up to a time."""
        starts, ends = steps[:-1], steps[1:]
        until = np.array(ends, np.int64)
        if until_ms is not None:
            until = np.minimum(until, np.maximum(until_ms, starts))
        low, high = (np.searchsorted(self.borders, at) for at in (starts, until))
        nano, readings = (
            (sums[high] - sums[low]).tolist()
            for sums in (np.append(0, np.cumsum(of)) for of in (self.nano, self.readings))
        )
        kwh = [
            used / NANO if used or count else None
            for used, count in zip(nano, readings, strict=True)
        ]
        return tuple(map(ConsumptionStep, starts, ends, kwh, readings))


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
