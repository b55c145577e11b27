"""A simulated building: three floors, each with a counter, a power, a current and a voltage.

A reading depends on the seed, the floor and the time, and its counter on the one before: counters
count whole Wh, as the records show them, so whoever knows a record can go on from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

import numpy as np
import numpy.typing as npt

from energyguard.records.floors import DEVICES, floor_json
from energyguard.simulators.noise import Words, normal, streams

Times = npt.NDArray[np.int64]
Wh = tuple[int, ...]
"""What the counters of the floors show."""

FLOORS = tuple(DEVICES.values())
NEW: Wh = (1_000_000, 800_000, 600_000)
"""What they show in a new building."""

_MIN_WH = 10
_NANO = {"Wh": 10**6, "milli": 10**6, "deci": 10**8}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MESSAGES_AT_ONCE = 4_096


@dataclass(frozen=True)
class Building:
    """A building of the plain shape: system A's, the same at all hours.

    Attributes:
        tick_seconds: event time between two readings of a floor; a tick's energy does not scale
            with it.
        seed: another seed, other readings.
    """

    tick_seconds: int = 30
    seed: int = 1

    def messages(self, time_ms: Times, before: Sequence[int]) -> tuple[list[bytes], Wh]:
        """One reading of every floor at each of these times, and what the counters show then.

        Args:
            time_ms: the times.
            before: what the counters showed before.
        """
        second = (time_ms // 1000)[:, None]
        floor = np.array(FLOORS)
        wh = np.maximum(_MIN_WH, _rounded(50 + 20 * normal(self._noise("kWh"), second)))
        counters = np.cumsum(wh, axis=0) + np.array(before)
        kw = _rounded(1000 * np.maximum(0, 5 + floor + 1.5 * normal(self._noise("kW"), second)))
        ampere = _rounded(1000 * np.maximum(0, 15 + floor + 2 * normal(self._noise("A"), second)))
        volt = _rounded(10 * np.maximum(0, 230 + 3 * normal(self._noise("V"), second)))
        made = []
        for tick, ms in enumerate(time_ms.tolist()):
            text = (_EPOCH + timedelta(milliseconds=ms)).isoformat()
            for i, number in enumerate(FLOORS):
                values = {
                    "energy_register_kwh": int(counters[tick, i]) * _NANO["Wh"],
                    "power_kw": int(kw[tick, i]) * _NANO["milli"],
                    "current_a": int(ampere[tick, i]) * _NANO["milli"],
                    "voltage_v": int(volt[tick, i]) * _NANO["deci"],
                }
                made.append(floor_json(number, text, values))
        return made, tuple(counters[-1].tolist())

    def _noise(self, purpose: str) -> Words:
        return self._streams[purpose]

    @cached_property
    def _streams(self) -> dict[str, Words]:
        floors = np.array(FLOORS)
        return {name: streams(self.seed, name, floors) for name in ("kWh", "kW", "A", "V")}


@dataclass(frozen=True, kw_only=True)
class BuildingRun:
    """What to simulate, from when, how long and how fast: see ``simulate.Run``."""

    building: Building
    start_ms: int | None = None
    ticks: int | None = None
    speedup: float = 1.0

    @property
    def tick_ms(self) -> int:
        """Event time between two ticks."""
        return self.building.tick_seconds * 1000

    @property
    def ticks_at_once(self) -> int:
        """How many ticks make a batch of a good size."""
        return _MESSAGES_AT_ONCE // len(FLOORS)


def _rounded(values: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    return np.rint(values).astype(np.int64)
