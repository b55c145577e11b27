"""Labelled faults of floors: what goes wrong in a building, and in what measures it.

Time is cut into slots of equal length, and in each slot each floor has one fault: its kind,
start, length and size depend on the seed, the floor and the slot only. Loads are sized by the
floor's own spread (``DayLoad.spread_kw``): what would be nothing on a busy morning is much at
night. A fault of a load, of the voltage or of a phase is real, and the counter counts it; the
others are of the meter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from energyguard.domains.building.load_shape import DayLoad, Floats, Integers
from energyguard.errors import ConfigError
from energyguard.simulators.noise import streams, uniform

DAY_S = 86_400
WEEK_S = 7 * DAY_S
_USED = 0.9  # of a slot: a floor recovers between two faults
_SLOTS_KEPT = 64


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A kind of fault: its length in minutes, its size, when it begins by the floor's clock.

    In slots of less than two days it may begin at another hour. Lengths are even on a logarithmic
    scale, sizes on a straight one. ``size`` counts standard deviations of the power at each moment
    (surge, night_use) or of a working hour (stuck_on, leak), shares of the power that stays
    (dropout) or of the voltage that is lost (voltage_dip), minutes (clock_skew). One without a
    length lasts a tick.
    """

    about: str
    minutes: tuple[float, float] = (0.0, 0.0)
    size: tuple[float, float] = (0.0, 0.0)
    hours: tuple[float, float] | None = None


KINDS: Mapping[str, FaultKind] = {
    "surge": FaultKind("a large load for a short while", (10, 60), (6, 12)),
    "stuck_on": FaultKind("a load of the day that stays on", (360, 1440), (3, 6), (10, 16)),
    "leak": FaultKind("more base load, for days", (1440, 5760), (1, 2.5)),
    "night_use": FaultKind("use at night", (60, 180), (10, 20), (23, 27)),
    "dropout": FaultKind("most of the load is without supply", (30, 180), (0.02, 0.1)),
    "frozen": FaultKind("kW and A are those of the last reading before", (60, 360)),
    "voltage_dip": FaultKind("less voltage, and more current for it", (2, 15), (0.12, 0.4)),
    "phase_loss": FaultKind("a third of the voltage and of the power is gone", (10, 120)),
    "counter_reset": FaultKind("the counter begins at 0"),
    "rollover": FaultKind("the counter loses a power of ten of kWh, as at the end of its digits"),
    "gap": FaultKind("no readings; the counter goes on", (10, 360)),
    "clock_skew": FaultKind("timestamps ahead or behind", (60, 360), (3, 30)),
}
"""The kinds of faults, in the order in which they are drawn."""
LONGEST_GAP_MS = round(60_000 * KINDS["gap"].minutes[1])


class FloorFault(NamedTuple):
    """A fault of a floor, in s since 1970 UTC: from ``from_s`` on, until before ``to_s``."""

    place: int  # of the floor among the floors
    kind: str
    from_s: int
    to_s: int
    size: float


class FaultSource(Protocol):
    """What is wrong with floors, and when."""

    def between(self, from_s: int, to_s: int) -> Iterable[FloorFault]:
        """The faults of which a part lies in a time that ends before ``to_s``."""
        ...


class FloorFaults:
    """The faults of F floors.

    Args:
        kinds: which there are; the names are those of ``KINDS``.
        per_week: how many a floor has in a week, above 0, at most 7.
        load: whose spread sizes them.
        floors: the numbers of the floors.
        tick_s: how long those last that have no length.
        seed: decides all.
    """

    def __init__(
        self,
        kinds: Sequence[str],
        per_week: float,
        load: DayLoad,
        floors: Integers,
        tick_s: int,
        seed: int,
    ) -> None:
        self._kinds = [name for name in KINDS if name in kinds]
        self._slot_s, self._tick_s = round(WEEK_S / per_week), tick_s
        self._load = load
        self._draws = streams(seed, "floor faults", floors)
        self._of_slot = lru_cache(_SLOTS_KEPT)(self._drawn)

    def between(self, from_s: int, to_s: int) -> Iterator[FloorFault]:
        """The faults of which a part lies in a time that ends before ``to_s``."""
        for slot in range(from_s // self._slot_s, (to_s - 1) // self._slot_s + 1):
            for fault in self._of_slot(slot):
                if fault.from_s < to_s and fault.to_s > from_s:
                    yield fault

    def _drawn(self, slot: int) -> tuple[FloorFault, ...]:
        """The faults of all floors in a slot."""
        numbers = uniform(self._draws[:, None], 8 * slot + np.arange(5))  # (floors, 5)
        return tuple(self._fault(place, slot, draw) for place, draw in enumerate(numbers.tolist()))

    def _fault(self, place: int, slot: int, draw: Sequence[float]) -> FloorFault:
        which, how_long, when, how_large, hour = draw
        name = self._kinds[int(which * len(self._kinds))]
        kind = KINDS[name]
        first, room = slot * self._slot_s, int(self._slot_s * _USED)
        shortest, longest = kind.minutes
        if longest:
            length = round(60 * shortest * (longest / shortest) ** how_long)
        else:
            length = self._tick_s
        length = min(max(length, self._tick_s), room)
        latest = first + room - length
        start = first + int(when * (latest - first))
        if kind.hours is not None:
            start = self._at_hour(start, kind.hours, hour)
            start = max(first, start - DAY_S if start > latest else start)
            start = min(start, latest)
        low, high = kind.size
        return FloorFault(place, name, start, start + length, low + (high - low) * how_large)

    def _at_hour(self, start: int, hours: tuple[float, float], part: float) -> int:
        """The next time from ``start`` on that is so far between two hours of the floor's clock."""
        earliest, latest = hours
        wanted = int(3600 * (earliest + (latest - earliest) * part))
        return start + (wanted - self._load.local_s(start)) % DAY_S


def chosen_kinds(text: str) -> tuple[str, ...]:
    """Read ``all``, or ``surge,gap``; none where the text is empty.

    Raises:
        ConfigError: there is no such fault.
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    if names == ["all"]:
        return tuple(KINDS)
    if unknown := [name for name in names if name not in KINDS]:
        known = ", ".join(KINDS)
        raise ConfigError(
            *(f"faults: no fault {name!r}; there are: all, or {known}" for name in unknown)
        )
    return tuple(names)


def changed_power(
    faults: Sequence[FloorFault], load: DayLoad, time_s: Integers, kw: Floats
) -> None:
    """Change the power (T × F, kW) by the faults that are of it, in place."""
    for fault in faults:
        rows = _during(fault, time_s)
        if rows.size == 0:
            continue
        column = kw[rows, fault.place]
        match fault.kind:
            case "surge" | "night_use":
                column += fault.size * load.spread_kw(time_s[rows])[:, fault.place]
            case "stuck_on" | "leak":
                column += fault.size * load.working_spread_kw[fault.place]
            case "dropout":
                column *= fault.size
            case "phase_loss":
                column *= 2 / 3
        kw[rows, fault.place] = column


def changed_voltage(faults: Sequence[FloorFault], time_s: Integers, volt: Floats) -> None:
    """Change the voltage (T × F, V) by the faults that are of it, in place."""
    for fault in faults:
        if fault.kind == "voltage_dip":
            volt[_during(fault, time_s), fault.place] *= 1 - fault.size
        elif fault.kind == "phase_loss":
            volt[_during(fault, time_s), fault.place] *= 2 / 3


def when_active(
    kind: str, faults: Sequence[FloorFault], time_s: Integers, floors: int
) -> npt.NDArray[np.bool_]:
    """When floors have a fault of a kind: T × F."""
    active = np.zeros((time_s.size, floors), bool)
    for fault in faults:
        if fault.kind == kind:
            active[_during(fault, time_s), fault.place] = True
    return active


def skew_ms(fault: FloorFault) -> int:
    """By how much timestamps are ahead, or behind (negative), by a fault of the clock."""
    ahead = fault.from_s // 60 % 2 == 0
    return round(60_000 * fault.size) * (1 if ahead else -1)


def _during(fault: FloorFault, time_s: Integers) -> Integers:
    """The places of the times that lie in a fault."""
    return np.flatnonzero((time_s >= fault.from_s) & (time_s < fault.to_s))
