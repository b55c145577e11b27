"""Simulated floors with faults as large and as long as those that were put into real homes.

Of the six kinds of use the lengths and sizes are those of the faults written over
``household_15min`` (their 5 % to 95 % quantiles), in each floor's own D: its 95 % quantile over its
median, or 0.3 of its mean where that is more. The other six are as the simulator has them. A floor
has each kind at most once, in slots of two weeks after those of learning; in a building the kinds
are as often as they can be.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pyarrow as pa

from energyguard.domains.building.faults import KINDS, FaultKind, FloorFault
from energyguard.domains.building.floors import Building
from energyguard.domains.building.load_shape import DayLoad, Floats, Integers
from energyguard.domains.building.meters import DayMeters
from energyguard.domains.building.readings import as_batch
from energyguard.records.floors import device_of
from energyguard.simulators.truth import FaultSpan

START_S: Final = 1_757_289_600  # Monday 2025-09-08, 00:00 UTC
WEEK_S, HOUR_S = 604_800, 3_600
LEARN_WEEKS: Final = 2
SLOT_WEEKS: Final = 2
"""A floor has a fault in each."""
SEEDS: Final = (21, 22, 23)
FULL_WH: Final = 10_000_000
"""Where counters of floors with a rollover begin again at 0: at 10,000 kWh."""
_MESSAGES: Final = 8_192
_STEP_S: Final = 300  # between the powers of which D is

AS_IN_HOMES: Final = {
    "surge": FaultKind("a large load", (30, 120), (2, 6)),
    "stuck_on": FaultKind("what stays on", (360, 1440), (0.6, 1.6)),
    "leak": FaultKind("more base load", (2880, 5760), (0.25, 0.6)),
    "night_use": FaultKind("use at night", (180, 240), (0.6, 1.2), (0, 3)),
    "dropout": FaultKind("no supply", (360, 1440), (0, 0)),
    "frozen": FaultKind("power and current stand still", (360, 1440)),
}
DRAWN: Final = {**KINDS, **AS_IN_HOMES}


class LoadByD(DayLoad):
    """The load of floors, whose faults are sized by D."""

    @cached_property
    def working_spread_kw(self) -> Floats:
        """The D of each floor, of the twelve weeks as they are."""
        kw = self.power_kw(START_S + np.arange(0, 12 * WEEK_S, _STEP_S))
        low, high = np.quantile(kw, [0.5, 0.95], axis=0)
        return np.asarray(np.maximum(high - low, 0.3 * kw.mean(axis=0)))

    def spread_kw(self, time_s: Integers) -> Floats:
        """D at all times: T × F."""
        return np.broadcast_to(self.working_spread_kw, (len(time_s), len(self.size)))


@dataclass(frozen=True)
class PutFaults:
    """Faults that are known beforehand, sorted by their beginning."""

    faults: tuple[FloorFault, ...]

    def between(self, from_s: int, to_s: int) -> Iterator[FloorFault]:
        """Those of which a part lies in a time that ends before ``to_s``."""
        return (f for f in self.faults if f.from_s < to_s and f.to_s > from_s)


@dataclass(frozen=True)
class FaultyFloors(Building):
    """A building with such faults.

    Attributes:
        weeks: from ``START_S`` on.
        has_faults: without them it is the same building as it ordinarily is.
    """

    weeks: int = 12
    has_faults: bool = True

    @cached_property
    def put(self) -> tuple[FloorFault, ...]:
        """The faults, by their beginning."""
        return tuple(sorted(self._drawn(), key=lambda fault: fault.from_s)) * self.has_faults

    def readings(self) -> Iterator[pa.RecordBatch]:
        """What the floors send, in the order in which it is sent."""
        wh = self._first_wh
        for second in self._ticks():
            values, wh = self.values(1000 * second, wh)
            yield as_batch(values, self.has_delta)

    def spans_put(self) -> list[FaultSpan]:
        """The faults, as truth files have them."""
        return [
            FaultSpan(device_of(f.place + 1), f.kind, 1000 * f.from_s, 1000 * f.to_s)
            for f in self.put
        ]

    def _ticks(self) -> Iterator[Integers]:
        step = max(1, _MESSAGES // self.floors) * self.tick_seconds
        end = START_S + self.weeks * WEEK_S
        for first in range(START_S, end, step):
            yield np.arange(first, min(first + step, end), self.tick_seconds)

    @cached_property
    def _load(self) -> LoadByD:
        return LoadByD(np.arange(1, self.floors + 1), self.seed, self.zone, self.country)

    @cached_property
    def _meters(self) -> DayMeters:
        return DayMeters(self._load, self.tick_seconds, PutFaults(self.put))

    @cached_property
    def _first_wh(self) -> tuple[int, ...]:
        """What counters show at first: those with a rollover come to their end just then."""
        first = [1_000_000] * self.floors
        over = {fault.place: fault.from_s for fault in self.put if fault.kind == "rollover"}
        if over:
            for second in self._ticks():
                added = self._meters.measured(1000 * second).added_wh
                for place, at in over.items():
                    first[place] -= int(added[second <= at, place].sum())
            first = [wh + (FULL_WH - 1_000_000) * (n in over) for n, wh in enumerate(first)]
        return tuple(first)

    def _drawn(self) -> Iterator[FloorFault]:
        chance = np.random.default_rng([self.seed, 21])
        names = list(DRAWN)
        slots = range(LEARN_WEEKS, self.weeks - SLOT_WEEKS + 1, SLOT_WEEKS)
        deck: list[str] = []
        for place in range(self.floors):
            mine: list[str] = []
            while len(mine) < len(slots):
                if not set(deck) - set(mine):
                    deck += chance.permutation(names).tolist()
                mine.append(next(name for name in deck if name not in mine))
                deck.remove(mine[-1])
            if {"counter_reset", "rollover"} <= set(mine):  # after a reset it is far from its end
                a, b = sorted((mine.index("counter_reset"), mine.index("rollover")))
                mine[a], mine[b] = "rollover", "counter_reset"
            for week, name in zip(slots, mine, strict=True):
                yield self._fault(place, name, START_S + week * WEEK_S, chance)

    def _fault(self, place: int, name: str, first: int, chance: np.random.Generator) -> FloorFault:
        kind = DRAWN[name]
        low, high = (60 * minutes for minutes in kind.minutes)
        length = round(_even(low, high, chance)) if high else self.tick_seconds
        start = first + int(chance.uniform(0, SLOT_WEEKS * WEEK_S - 30 * HOUR_S - length))
        if name in AS_IN_HOMES and kind.hours is not None:
            wanted = int(HOUR_S * chance.uniform(*kind.hours))
            start += (wanted - self._load.local_s(start)) % (24 * HOUR_S)
        start -= start % self.tick_seconds
        return FloorFault(place, name, start, start + length, float(chance.uniform(*kind.size)))


def _even(low: float, high: float, chance: np.random.Generator) -> float:
    """Even on a logarithmic scale."""
    return float(np.exp(chance.uniform(np.log(low), np.log(high))))
