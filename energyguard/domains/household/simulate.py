"""What to simulate, and its lines into a file or standard output; ``feed.py`` feeds the log."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Event
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from energyguard.clock import SYSTEM, Clock
from energyguard.domains.household.faults import Faults, Spoilt
from energyguard.domains.household.homes import Homes
from energyguard.domains.household.lines import lines_of
from energyguard.domains.household.sample import Sample
from energyguard.model.readings import times_of
from energyguard.model.topics import DAY_MS
from energyguard.simulators.ticker import Progress, Times, batches

EVENING_MS = (16 * 60 + 58) * 60_000
"""Where the running clock starts, by the time of the day: shortly before the evening peak."""
_READINGS_AT_ONCE = 65_536


@dataclass(frozen=True, kw_only=True)
class Run:
    """What to simulate, from when, how long and how fast.

    Attributes:
        homes: the homes.
        start_ms: the first tick; None: this evening, or where the log stands.
        ticks: how many; None: for ever.
        speedup: event time by wall time, for the log; ``math.inf``: as fast as it can.
        faults: spoil readings by these, or none.
        sample: replay the real appliances too.
    """

    homes: Homes
    start_ms: int | None = None
    ticks: int | None = None
    speedup: float = 30.0
    faults: Faults | None = None
    sample: Sample | None = None

    @property
    def tick_ms(self) -> int:
        """Event time between two ticks."""
        return self.homes.tick_seconds * 1000

    @property
    def ticks_at_once(self) -> int:
        """How many ticks make a batch of a good size."""
        return max(1, _READINGS_AT_ONCE // self.homes.count)

    def spoilt(self, time_ms: Times) -> Spoilt:
        """All readings of some ticks, in the order of their arrival, with their faults."""
        if self.faults is not None:
            made = self.faults.spoil(time_ms)
        else:
            batch = self.homes.readings(time_ms)
            made = Spoilt(batch, times_of(batch), (), ())
        if self.sample is None:
            return made
        appliances = self.sample.readings(int(time_ms[0]) - self.tick_ms, int(time_ms[-1]))
        arrival_ms = np.concatenate([made.arrival_ms, times_of(appliances)])
        order = np.argsort(arrival_ms, kind="stable")
        batch = pa.concat_batches([made.batch, appliances]).take(pa.array(order))
        return Spoilt(batch, arrival_ms[order], made.malformed, made.labels)


def this_evening_ms(clock: Clock = SYSTEM) -> int:
    """Today at 16:58 UTC."""
    return clock.now_ms() // DAY_MS * DAY_MS + EVENING_MS


def write_csv(run: Run, out: BinaryIO, stop: Event, progress: Progress | None = None) -> None:
    """Write system C's lines, as fast as it goes."""
    start_ms = this_evening_ms() if run.start_ms is None else run.start_ms
    for time_ms in batches(run, start_ms, stop, progress):
        made = run.spoilt(time_ms)
        if run.faults is not None:
            run.faults.write_truth(made.labels)
        out.write(lines_of(made.batch))
        out.writelines(line + b"\n" for line in made.malformed)
