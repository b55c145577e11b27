"""A simulated building: floors, each with a counter, a power, a current and a voltage.

A reading depends on the seed, the floor and the time, and its counter on the one before: counters
count whole Wh, as the records show them, so whoever knows a record can go on from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa

from energyguard.domains.building.faults import FloorFault, FloorFaults, skew_ms, when_active
from energyguard.domains.building.load_shape import DayLoad, Integers
from energyguard.domains.building.meters import DayMeters, Meters, PlainMeters
from energyguard.domains.building.readings import FloorValues, as_batch, as_messages
from energyguard.errors import ConfigError
from energyguard.records.floors import device_of
from energyguard.simulators.truth import FaultSpan

Shape = Literal["day", "plain"]
Wh = tuple[int, ...]
"""What the counters of the floors show."""

_FIRST_WH, _LESS_WH, _LOWEST_WH = 1_000_000, 200_000, 200_000
_WH_PER_KWH = 1_000
_MESSAGES_AT_ONCE = 4_096
_BULK_MESSAGES_AT_ONCE = 65_536


def new_counters(floors: int = 3) -> Wh:
    """What the counters of a new building show: 1,000, 800, 600 … kWh, at least 200."""
    return tuple(max(_LOWEST_WH, _FIRST_WH - _LESS_WH * place) for place in range(floors))


@dataclass(frozen=True)
class Building:
    """A building of F floors, of which each sends a reading per tick.

    Attributes:
        floors: how many, 1 to ``MAX_FLOOR``.
        tick_seconds: event time between two readings of a floor.
        seed: another seed, other readings.
        shape: ``day``, offices as ``load_shape.py`` has them; ``plain``, system A's random walk,
            the same at all hours, whose energies do not scale with the tick.
        zone: by whose clock people work (IANA).
        country: whose public holidays there are (ISO 3166, two letters); "": none.
        faults: which there are (``faults.py``), of the shape ``day`` only.
        faults_per_week: how many a floor has.
        has_delta: whether senders say by how much the counter has risen.
    """

    floors: int = 3
    tick_seconds: int = 30
    seed: int = 1
    shape: Shape = "day"
    zone: str = "UTC"
    country: str = "IT"
    faults: tuple[str, ...] = ()
    faults_per_week: float = 0.5
    has_delta: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises:
            ConfigError: the faults of a shape that has none, or a country that is not known.
        """
        if self.faults and self.shape == "plain":
            raise ConfigError("faults: the shape `plain` has none; they are those of `day`")
        _ = self._meters

    def values(self, time_ms: Integers, before: Sequence[int]) -> tuple[FloorValues, Wh]:
        """What all floors send at T times, and what the counters show then.

        Args:
            time_ms: T times, ms since 1970 UTC, a tick apart.
            before: what the counters showed before, Wh.
        """
        measured = self._meters.measured(time_ms)
        second, shape = time_ms // 1000, measured.watt.shape
        faults = self._meters.faults(int(second[0]), int(second[-1]) + 1)
        wh = np.cumsum(measured.added_wh, axis=0) + np.array(before, np.int64)
        for fault in sorted(faults, key=lambda fault: fault.from_s):
            _fall(fault, second, wh, measured.added_wh)
        stamp_ms = np.broadcast_to(time_ms[:, None], shape).copy()
        for fault in faults:
            if fault.kind == "clock_skew":
                stamp_ms[when_active("clock_skew", [fault], second, shape[1])] += skew_ms(fault)
        is_sent = ~when_active("gap", faults, second, shape[1])
        return FloorValues(stamp_ms, is_sent, wh, *measured), tuple(wh[-1].tolist())

    def messages(self, time_ms: Integers, before: Sequence[int]) -> tuple[list[bytes], Wh]:
        """What the floors send at T times as system A's JSON, by time, then floor.

        Args:
            time_ms: T times, ms since 1970 UTC, a tick apart.
            before: what the counters showed before, Wh.
        """
        values, after = self.values(time_ms, before)
        return as_messages(values, self.has_delta), after

    def batches(self, start_ms: int, ticks: int) -> Iterator[pa.RecordBatch]:
        """The readings of a new building, as the codecs make them of its messages, for bulk.

        Args:
            start_ms: the first tick, ms since 1970 UTC.
            ticks: how many.
        """
        tick_ms, wh, done = 1000 * self.tick_seconds, new_counters(self.floors), 0
        while done < ticks:
            many = min(ticks - done, max(1, _BULK_MESSAGES_AT_ONCE // self.floors))
            values, wh = self.values(start_ms + tick_ms * np.arange(done, done + many), wh)
            yield as_batch(values, self.has_delta)
            done += many

    def spans(self, from_ms: int, to_ms: int) -> list[FaultSpan]:
        """The ground truth of a time, ms since 1970 UTC, that ends before ``to_ms``."""
        faults = self._meters.faults(from_ms // 1000, -(-to_ms // 1000))
        return sorted(map(_span, faults), key=lambda span: (span.from_ms, span.device))

    @cached_property
    def _meters(self) -> Meters:
        floors = np.arange(1, self.floors + 1)
        if self.shape == "plain":
            return PlainMeters(floors, self.seed)
        load, wrong = DayLoad(floors, self.seed, self.zone, self.country), None
        if self.faults:
            wrong = FloorFaults(
                self.faults, self.faults_per_week, load, floors, self.tick_seconds, self.seed
            )
        return DayMeters(load, self.tick_seconds, wrong)


@dataclass(frozen=True, kw_only=True)
class BuildingRun:
    """What to simulate, from when, how long and how fast: see ``simulate.Run``.

    ``truth`` is the file for the ground truth of the faults; None: for the log the one of the
    data folder, for a file none.
    """

    building: Building
    start_ms: int | None = None
    ticks: int | None = None
    speedup: float = 1.0
    truth: Path | None = None

    @property
    def tick_ms(self) -> int:
        """Event time between two ticks."""
        return self.building.tick_seconds * 1000

    @property
    def ticks_at_once(self) -> int:
        """How many ticks make a batch of a good size."""
        return max(1, _MESSAGES_AT_ONCE // self.building.floors)


def _span(fault: FloorFault) -> FaultSpan:
    device = device_of(fault.place + 1)
    return FaultSpan(device, fault.kind, 1000 * fault.from_s, 1000 * fault.to_s)


def _fall(fault: FloorFault, second: Integers, wh: Integers, added_wh: Integers) -> None:
    """Let a counter fall where a fault makes it, in place."""
    if fault.kind not in ("counter_reset", "rollover"):
        return
    for row in np.flatnonzero((second >= fault.from_s) & (second < fault.to_s)).tolist():
        shown = int(wh[row, fault.place])
        if fault.kind == "counter_reset":
            fallen = shown - int(added_wh[row, fault.place])
        else:
            kwh = shown // _WH_PER_KWH
            fallen = 10 ** (len(str(kwh)) - 1) * _WH_PER_KWH if kwh else 0
        wh[row:, fault.place] -= fallen
