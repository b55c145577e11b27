"""How detectors are compared: streams, live weeks, thresholds, joined alerts, events.

A detector gives each slot of each home a score. Its threshold is the smallest whose alerts on the
streams as they are stay within a budget per live home-week; what it finds is counted on the same
streams with faults written over them. `check_values.json` of the faults has what two plain scores
come to, so that another program can be held to the same counting.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from benchmarks.building import HOUR_MS
from benchmarks.household_profile import (
    Homes,
    of_15_minutes,
    of_30_minutes,
    rows_of,
    with_faults,
)
from deploy.detection.faults import Fault
from energyguard.detection.alerts import AlertNotices, alert_runs, notices
from energyguard.model.readings import Bools
from energyguard.offline.caught import Caught, Events, caught

Scores = npt.NDArray[np.float64]
BUDGETS: Final = (0.1, 0.5)
LEVELS: Final = np.concatenate([np.linspace(0.5, 0.99, 50), 1 - np.logspace(-2, -6, 60), [1.0]])
"""Parts of the scores below a level that is tried as a threshold."""


class Streams(NamedTuple):
    """Homes as they are, the same with faults, and where these are."""

    clean: Homes
    faulty: Homes
    events: list[Fault]

    @property
    def an_hour(self) -> int:
        """Slots of an hour."""
        return HOUR_MS // self.clean.slot_ms

    @property
    def live(self) -> Bools:
        """(homes, slots) which count: readings after the first weeks."""
        counted = np.arange(self.clean.kwh.shape[1]) >= self.clean.warm[:, None]
        return np.asarray(np.isfinite(self.clean.kwh) & counted)


def household_streams(data: Path, faults: Path, name: str, homes: int = 384) -> Streams:
    """The streams of ``household_15min`` or ``household_30min``."""
    folder = data / name
    clean = of_15_minutes(folder, homes) if name.endswith("15min") else of_30_minutes(folder)
    place = {meter: n for n, meter in enumerate(clean.ids)}
    events = [
        Fault(place[r["meter"]], int(r["start_index"]), int(r["end_index"]), r["kind"])
        for r in rows_of(faults / f"{name}_events.csv.gz")
        if r["meter"] in place
    ]
    return Streams(clean, with_faults(clean, rows_of(faults / f"{name}_values.csv.gz")), events)


def notices_of(
    scores: Scores, live: Bools, level: float, an_hour: int, nats: float = 0.0
) -> AlertNotices:
    """The alerts that a level raises, and their reminders.

    Args:
        scores: (homes, slots).
        live: (homes, slots) which count.
        level: from which score on a slot is hot.
        an_hour: slots of an hour.
        nats: by how much an alert raises the bar of its home; scores are then in nats.
    """
    above = np.where(live, scores - level, np.nan)
    return notices(alert_runs(above, an_hour, nats), an_hour)


def threshold(scores: Scores, streams: Streams, budget: float, nats: float = 0.0) -> float:
    """The smallest level whose alerts on the streams as they are are within the budget."""
    live = streams.live
    every = np.where(live, scores, -np.inf).ravel()  # also what does not count
    levels = np.quantile(every, LEVELS)
    allowed = budget * streams.clean.weeks
    low, high = 0, len(levels) - 1
    while low < high:
        middle = (low + high) // 2
        raised = notices_of(scores, live, levels[middle] + 1e-9, streams.an_hour, nats)
        if len(raised) <= allowed:
            high = middle
        else:
            low = middle + 1
    return float(levels[low]) + 1e-9


class Scored(NamedTuple):
    """The scores of a way to find what is unusual."""

    name: str
    clean: Scores
    faulty: Scores
    nats: float = 0.0
    """By how much an alert raises the bar of its home; scores are then in nats."""


class Found(NamedTuple):
    """What a threshold finds of the faults."""

    threshold: float
    caught: Caught
    onsets: Caught
    """Without the alerts of runs that go on."""


def found(scores: Scores, streams: Streams, level: float, nats: float = 0.0) -> Found:
    """Hold the alerts of the streams with faults against their events."""
    raised = notices_of(scores, streams.live, level, streams.an_hour, nats)
    home, start, end, kind = zip(*streams.events, strict=True)
    events = Events(np.array(home), np.array(start), np.array(end), kind)
    parts = (raised, raised.onsets)
    return Found(level, *(caught(part, events, streams.an_hour) for part in parts))


def over_quantile(homes: Homes) -> Scores:
    """The plainest score: a value over the 99.5 % quantile of the home's first weeks."""
    value = np.maximum(homes.kwh, 0)
    found = np.empty(value.shape)
    for home, (row, warm) in enumerate(zip(value, homes.warm.tolist(), strict=True)):
        found[home] = row / max(np.nanquantile(row[:warm], 0.995), 1e-9)
    return found
