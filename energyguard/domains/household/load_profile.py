"""The realistic profile: homes differ in size, in hours and in what they own.

Most homes stay below 8 kW whatever happens. In one home of eight an electric car comes home
between a quarter to five and a quarter past seven and charges with 11 kW for one to three hours:
these are the homes that use more than 2.0 kWh in a quarter of an hour. Their arrivals are spread
evenly over the evening, so that a first alert comes early and not all come at once.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from energyguard.simulators.noise import streams, uniform

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# kW of a home of size 1, at each full hour
_DAY_KW = [
    *(0.22, 0.18, 0.16, 0.16, 0.17, 0.22, 0.42, 0.70, 0.62, 0.45, 0.38, 0.40),
    *(0.50, 0.45, 0.38, 0.38, 0.48, 0.80, 1.15, 1.25, 1.05, 0.85, 0.60, 0.36),
]
_MINUTE_KW = np.interp(np.arange(1440) / 60, np.arange(25), [*_DAY_KW, _DAY_KW[0]])

COOKING_KW = 2.0
_COOKING_SHARE = 0.25  # of the half-hours in which a home of size 1 uses a kW
HEAT_PUMP_KW = 2.2
_HEAT_PUMP_SHARE = 0.15
_HEAT_PUMP_CYCLE_S = 2400
CAR_KW = 11.0
_CAR_EVERY = 8
_FIRST_CAR_S = (16 * 60 + 48) * 60
_CARS_OVER_S = 150 * 60
_GOLDEN = 0.6180339887498949  # multiples of it, modulo 1, fill an interval evenly


class Habits:
    """What n homes draw at any time, in kW. Depends on the seed, the home and the time only."""

    def __init__(self, homes: int, seed: int) -> None:
        home = np.arange(homes)
        once = np.zeros(1, np.int64)

        def trait(purpose: str) -> Floats:
            return uniform(streams(seed, purpose, home), once)

        self._size = 0.4 + 1.2 * trait("size")
        self._early_min = (180 * trait("hours") - 90).astype(np.int64)
        self._cooking = streams(seed, "cooking", home)
        self._pump = np.flatnonzero(trait("heat pump") < _HEAT_PUMP_SHARE)
        self._pump_phase_s = (_HEAT_PUMP_CYCLE_S * trait("phase")).astype(np.int64)[self._pump]
        self._car = np.flatnonzero(home % _CAR_EVERY == seed % min(_CAR_EVERY, homes))
        self._charge = streams(seed, "charge", self._car)

    def power_kw(self, time_s: Integers) -> Floats:
        """The power of all homes at m times (s since 1970 UTC): an m × n matrix."""
        at = time_s[:, None]
        kw: Floats = self._size * _MINUTE_KW[(at // 60 + self._early_min) % 1440]
        kw += COOKING_KW * (uniform(self._cooking, at // 1800) < _COOKING_SHARE * kw)
        running = (at + self._pump_phase_s) % _HEAT_PUMP_CYCLE_S < _HEAT_PUMP_CYCLE_S // 2
        kw[:, self._pump] += HEAT_PUMP_KW * running
        kw[:, self._car] += CAR_KW * self._charging(at)
        return kw

    def _charging(self, at: Integers) -> npt.NDArray[np.bool_]:
        """Whether the cars charge: from their arrival for one to three hours, each evening."""
        day, second = at // 86_400, at % 86_400
        spread = np.arange(self._car.size) * _GOLDEN % 1.0
        arrival = _FIRST_CAR_S + _CARS_OVER_S * spread + 180 * uniform(self._charge, 2 * day)
        lasting = 3600 + 7200 * uniform(self._charge, 2 * day + 1)
        return (second >= arrival) & (second < arrival + lasting)
