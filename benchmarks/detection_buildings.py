"""What the detector finds of hours that people marked in hourly meters of buildings.

    python -m benchmarks.detection_buildings DATA

DATA has ``building_hourly/*.csv.gz`` (timestamp, meter_reading, anomaly) of 2016. The program's own
parameter file scores them, which saw no measured meter; nothing counts in the first 28 days.
Printed are the area under the ROC curve, pooled over hours, and for some numbers of false alerts
per meter-week what the lowest level finds that stays within them: an event is a run of marked
hours.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from benchmarks.detection_protocol import Scores, notices_of, over_quantile
from benchmarks.household_profile import Homes, rows_of
from energyguard.detection.alerts import RAISED_NATS
from energyguard.detection.detector import UnusualDetector
from energyguard.detection.scores import Parameters
from energyguard.detection.slots import HOUR_MS, local_hours
from energyguard.offline.caught import Events, caught

START_MS: Final = 1_451_606_400_000  # Friday 2016-01-01
FIRST_HALF_HOUR: Final = 4 * 48  # of the week
WARM: Final = 28 * 24
BUDGETS: Final = (0.1, 0.2, 0.5)
LEVELS: Final = 1 - np.logspace(-0.3, -4.5, 120)


class Buildings(NamedTuple):
    """Meters of an hour, and which hours are marked."""

    meters: Homes
    marked: npt.NDArray[np.bool_]  # (meters, hours)

    @property
    def live(self) -> npt.NDArray[np.bool_]:
        """(meters, hours) which count."""
        late = np.arange(self.meters.kwh.shape[1]) >= WARM
        return np.asarray(np.isfinite(self.meters.kwh) & late)

    @property
    def events(self) -> Events:
        """Runs of marked hours that begin after the first days."""
        edges = np.diff(np.pad(self.marked, ((0, 0), (1, 1))).astype(np.int8), axis=1)
        device, start = np.nonzero(edges == 1)
        end = np.nonzero(edges == -1)[1]
        mine = start >= WARM
        return Events(device[mine], start[mine], end[mine], ["marked"] * int(mine.sum()))


def buildings(folder: Path) -> Buildings:
    """The meters of a folder, on one grid."""
    names, kwh, marked = [], [], []
    for path in sorted(folder.glob("*.csv.gz")):
        rows = rows_of(path)
        names.append(path.name.split(".")[0])
        kwh.append([float(row["meter_reading"] or "nan") for row in rows])
        marked.append([row["anomaly"] == "1" for row in rows])
    return Buildings(Homes(names, np.array(kwh), START_MS, HOUR_MS), np.array(marked))


def by_shipped_file(meters: Homes) -> Scores:
    """Rarities by the program's own parameters."""
    parameters = Parameters.shipped(meters.slot_ms)
    detector = UnusualDetector(meters.slot_ms, parameters, len(meters.ids))
    slots = meters.kwh.shape[1]
    hours = local_hours((FIRST_HALF_HOUR + 2 * np.arange(slots)) % 336)
    found = np.empty(meters.kwh.shape)
    for slot, at in enumerate(hours):
        number = meters.start_ms // meters.slot_ms + slot
        looked = detector.cohort.step(number, at, meters.kwh[:, slot]).looked
        found[:, slot] = parameters.rate(looked.steps).rarity
    return found


def area_under_curve(scores: Scores, of: Buildings) -> float:
    """How often a marked hour scores higher than another one, of all that count."""
    live = of.live
    every, ranks = np.unique(scores[live], return_inverse=True)
    counts = np.bincount(ranks, minlength=len(every))
    middle = np.cumsum(counts) - (counts - 1) / 2
    marked = of.marked[live]
    n = int(marked.sum())
    above = middle[ranks][marked].sum() - n * (n + 1) / 2
    return float(above / (n * (len(ranks) - n)))


def rows(name: str, scores: Scores, of: Buildings, nats: float) -> Iterator[str]:
    """What is found within each number of false alerts."""
    live, events = of.live, of.events
    weeks = live.sum() / 168
    yield f"{name}: area under the ROC curve {area_under_curve(scores, of):.3f}"
    levels = np.quantile(scores[live], LEVELS)
    held = []
    for level in levels:
        raised = notices_of(scores, live, level, 1, nats)
        held.append(caught(raised, events, 1))
    for budget in BUDGETS:
        within = [each for each in held if (~each.good).sum() <= budget * weeks]
        if not within:
            yield f"{name} {budget}: no level has so few false alerts"
            continue
        best = within[0]
        yield (
            f"{name} {budget} false alerts a meter-week: F1 {best.f1:.3f} precision "
            f"{best.precision:.2f} recall {best.recall:.2f}"
        )


def main(data: Path) -> None:
    """Print all figures."""
    of = buildings(data / "building_hourly")
    print(f"{len(of.meters.ids)} meters, {len(of.events)} events, {of.live.sum() / 168:.0f} weeks")
    warm = of.meters._replace(kwh=np.nan_to_num(of.meters.kwh))
    for name, scores, nats in (
        ("shipped", by_shipped_file(of.meters), RAISED_NATS),
        ("a limit per meter", over_quantile(warm), 0.0),
    ):
        for line in rows(name, scores, of, nats):
            print(line, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    main(parser.parse_args().data)
