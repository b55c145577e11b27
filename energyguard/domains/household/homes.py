"""Simulated homes: one reading of energy per home and tick, all homes of many ticks at once.

A reading depends on the seed, the home and the time only. Energies have five decimals, as system
C's ``round(x, 5)``, half to even; they are counted in 1e-5 kWh from the start, so a tick of 15 s
without jitter gives exactly the profile's figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from energyguard.domains.household.lines import DECIMALS
from energyguard.domains.household.load_profile import Habits
from energyguard.model.quantities import NANO
from energyguard.model.readings import batch_of
from energyguard.simulators.noise import streams, uniform

Profile = Literal["realistic", "listed"]
_STEPS_PER_KWH = 10**DECIMALS
_LISTED_TICK_S = 15
# System C's table, in 1e-5 kWh per tick of 15 s, by hour of the day in UTC (half-open).
_LISTED = np.array(
    [
        3000 if 6 <= hour < 9 else 3500 if 12 <= hour < 14 else 5000 if 17 <= hour < 22 else 1500
        for hour in range(24)
    ]
)


@dataclass(frozen=True)
class Homes:
    """n homes ``H001`` … that send a reading per tick.

    Attributes:
        count: how many homes.
        tick_seconds: event time between two readings of a home; a reading's energy is that of
            the tick that ends at its time, and scales with it.
        jitter_pct: a reading's random spread, ± per cent.
        seed: another seed, other readings.
        profile: ``listed`` is system C's table, the same for all homes; see ``habits.py`` for
            ``realistic``.
    """

    count: int = 50
    tick_seconds: int = 15
    jitter_pct: float = 10.0
    seed: int = 1
    profile: Profile = "realistic"

    def readings(self, time_ms: npt.NDArray[np.int64]) -> pa.RecordBatch:
        """One reading of every home at each of these times, ordered by time, then home."""
        ticks = time_ms.size
        homes = pa.array(np.tile(np.arange(self.count), ticks))
        value = self._steps(time_ms // 1000) * (NANO // _STEPS_PER_KWH)
        return batch_of(
            self.ids.take(homes), "energy_kwh", np.repeat(time_ms, self.count), value.ravel()
        )

    @cached_property
    def ids(self) -> pa.Array:
        """The homes' ids: at least three digits."""
        return pa.array([f"H{n:03d}" for n in range(1, self.count + 1)], pa.string())

    @cached_property
    def _habits(self) -> Habits:
        return Habits(self.count, self.seed)

    @cached_property
    def _noise(self) -> npt.NDArray[np.uint64]:
        return streams(self.seed, "jitter", np.arange(self.count))

    def _steps(self, time_s: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Energies in 1e-5 kWh: a row per time, a column per home."""
        if self.profile == "listed":
            energy = (_LISTED[time_s // 3600 % 24] * (self.tick_seconds / _LISTED_TICK_S))[:, None]
        else:
            per_kw = self.tick_seconds / 3600 * _STEPS_PER_KWH
            energy = self._habits.power_kw(time_s) * per_kw
        if self.jitter_pct:
            noise = uniform(self._noise, time_s[:, None])
            energy = energy * (1 + self.jitter_pct / 100 * (2 * noise - 1))
        steps = np.rint(energy).astype(np.int64)
        return np.broadcast_to(steps, (time_s.size, self.count))
