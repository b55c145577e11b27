"""What the meters of simulated floors measure: of the listed random walk, or of a realistic day.

Of a realistic day the power of a reading is the mean of the tick that ends at its time, in whole
watts, the energy of the tick its integral, and the current what the power takes at the voltage:
P = V · I · power factor. Energies are whole Wh. The powers of every 3,600 / gcd(tick, 3,600) ticks
are rounded so that they add up to whole Wh: a counter is less than 1 Wh behind the integral at
all times, and no part of a Wh has to be remembered over a restart.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd
from typing import NamedTuple, Protocol

import numpy as np

from energyguard.domains.building.faults import (
    FaultSource,
    FloorFault,
    changed_power,
    changed_voltage,
    when_active,
)
from energyguard.domains.building.load_shape import DayLoad, Floats, Integers
from energyguard.simulators.noise import Words, normal, streams

SECONDS_PER_HOUR = 3_600
_MIN_WH = 10
_NO_LOAD_FACTOR, _LOAD_FACTOR, _HALF_LOAD_W = 0.86, 0.98, 900


class Measured(NamedTuple):
    """What F floors measure at T times: T × F matrices of whole numbers.

    Attributes:
        added_wh: the energy of the tick that ends then, Wh.
        watt: the power, W.
        milliampere: the current, mA.
        decivolt: the voltage, 0.1 V.
    """

    added_wh: Integers
    watt: Integers
    milliampere: Integers
    decivolt: Integers


class Meters(Protocol):
    """The meters of F floors."""

    def measured(self, time_ms: Integers) -> Measured:
        """What they measure at T times, ms since 1970 UTC, a tick apart."""
        ...

    def faults(self, from_s: int, to_s: int) -> Sequence[FloorFault]:
        """What is wrong in a time, s since 1970 UTC, that ends before ``to_s``."""
        ...


class PlainMeters:
    """System A's random walk: the same at all hours, each value by itself, without faults.

    A tick's energy does not scale with the tick.
    """

    def __init__(self, floors: Integers, seed: int) -> None:
        self._floors = floors
        self._noise: dict[str, Words] = {
            name: streams(seed, name, floors) for name in ("kWh", "kW", "A", "V")
        }

    def measured(self, time_ms: Integers) -> Measured:
        """See ``Meters``."""
        second, floor = (time_ms // 1000)[:, None], self._floors
        kwh, kw, ampere, volt = (normal(noise, second) for noise in self._noise.values())
        return Measured(
            np.maximum(_MIN_WH, _rounded(50 + 20 * kwh)),
            _rounded(1000 * np.maximum(0, 5 + floor + 1.5 * kw)),
            _rounded(1000 * np.maximum(0, 15 + floor + 2 * ampere)),
            _rounded(10 * np.maximum(0, 230 + 3 * volt)),
        )

    def faults(self, from_s: int, to_s: int) -> Sequence[FloorFault]:
        """None."""
        return ()


class DayMeters:
    """Meters of a realistic day, with faults or without.

    Args:
        load: what the floors draw.
        tick_s: between two readings.
        wrong: their faults; None: there are none.
    """

    def __init__(self, load: DayLoad, tick_s: int, wrong: FaultSource | None = None) -> None:
        self._load, self._tick_s, self._wrong = load, tick_s, wrong
        self._block = SECONDS_PER_HOUR // gcd(tick_s, SECONDS_PER_HOUR)

    def faults(self, from_s: int, to_s: int) -> Sequence[FloorFault]:
        """See ``Meters``."""
        return () if self._wrong is None else tuple(self._wrong.between(from_s, to_s))

    def measured(self, time_ms: Integers) -> Measured:
        """See ``Meters``."""
        second, faults = time_ms // 1000, self.faults(int(time_ms[0]) // 1000, _after_s(time_ms))
        watt, energy = self._drawn(time_ms)
        volt = self._load.voltage_v(second, watt / 1000)
        changed_voltage(faults, second, volt)
        decivolt = _rounded(10 * volt)
        found = Measured(energy, watt, milliampere(watt, decivolt), decivolt)
        for fault in faults:
            if fault.kind == "frozen":
                self._freeze(fault, second, found)
        return found

    def _freeze(self, fault: FloorFault, second: Integers, found: Measured) -> None:
        """Let power and current be those of the last reading before the fault, in place."""
        before_s = np.array([fault.from_s - self._tick_s])
        kw = self._load.power_kw(before_s)
        volt = self._load.voltage_v(before_s, kw)
        watt = _rounded(1000 * kw)
        rows = when_active("frozen", [fault], second, watt.shape[1])
        found.watt[rows] = watt[0, fault.place]
        found.milliampere[rows] = milliampere(watt, _rounded(10 * volt))[0, fault.place]

    def _drawn(self, time_ms: Integers) -> tuple[Integers, Integers]:
        """The powers in W and the energies in Wh, by whole blocks that add up to whole Wh."""
        tick_ms = 1000 * self._tick_s
        phase_ms, tick = int(time_ms[0]) % tick_ms, time_ms // tick_ms
        first = int(tick[0]) // self._block
        blocks = int(tick[-1]) // self._block + 1 - first
        every = np.arange(first * self._block, (first + blocks) * self._block)
        every_s = (every * tick_ms + phase_ms) // 1000
        kw = self._load.power_kw(every_s)
        around = self.faults(int(every_s[0]), int(every_s[-1]) + 1)
        changed_power(around, self._load, every_s, kw)
        watt = _rounded(1000 * kw).reshape(blocks, self._block, -1)
        missing = -watt.sum(axis=1, keepdims=True) % self._block
        watt += np.arange(self._block)[:, None] < missing
        whole_wh = np.cumsum(watt * self._tick_s, axis=1) // SECONDS_PER_HOUR
        energy = np.diff(whole_wh, axis=1, prepend=0)
        rows = tick - every[0]
        return watt.reshape(every.size, -1)[rows], energy.reshape(every.size, -1)[rows]


def power_factor(watt: Integers) -> Floats:
    """The power factor of a floor that draws so much: electronics at night, more when all runs."""
    load: Floats = watt / (watt + float(_HALF_LOAD_W))
    return _NO_LOAD_FACTOR + (_LOAD_FACTOR - _NO_LOAD_FACTOR) * load


def milliampere(watt: Integers, decivolt: Integers) -> Integers:
    """The current of a power at a voltage, mA."""
    return _rounded(10_000 * watt / (decivolt * power_factor(watt)))


def _after_s(time_ms: Integers) -> int:
    return int(time_ms[-1]) // 1000 + 1


def _rounded(values: Floats) -> Integers:
    return np.rint(values).astype(np.int64)
