"""What the detector finds of faults in half-hourly homes, trained on other real homes.

    python -m benchmarks.detection_half_hours DATA FAULTS

DATA has ``household_15min`` and ``household_30min``, FAULTS the faults to write over the latter.
Six homes are too few to train on: tables and rarities are of the 384 homes of 15 minutes, taken as
half-hours, none of which is scored. Of the known kinds alone and with the label-free channel, at
0.1 and 0.5 alerts per home-week.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.detection import SEED, Channels, asked_and_got, hours_of, shown
from benchmarks.detection_protocol import household_streams
from benchmarks.household_profile import Homes, of_15_minutes
from deploy.detection import train
from deploy.detection.faults import training_copies
from energyguard.detection.detector import GROWN_DAYS, WARM_DAYS
from energyguard.detection.scores import Parameters
from energyguard.detection.slots import HOUR_MS

HALF_HOUR_MS: Final = HOUR_MS // 2
AN_HOUR: Final = 2
WARM: Final = WARM_DAYS * 24 * AN_HOUR
COPIES: Final = 2


def as_half_hours(homes: Homes) -> Homes:
    """Homes of 15 minutes: mean powers of half-hours."""
    halves = homes.kwh.reshape(len(homes.ids), -1, 2).mean(axis=2)
    return homes._replace(kwh=halves, slot_ms=HALF_HOUR_MS)


def trained_on(homes: Homes) -> Parameters:
    """Parameters by homes of half-hours."""
    ordinary, hours = np.maximum(homes.kwh, 0), hours_of(homes)
    shape = train.shape_of(ordinary[:, :WARM], hours[:WARM])
    chance = np.random.default_rng(SEED)
    changed, put = training_copies(ordinary, COPIES, WARM, AN_HOUR, train.FAULTS_A_HOME, chance)
    first = homes.start_ms // homes.slot_ms
    every = np.concatenate([ordinary, *changed])
    steps = train.steps_of(every, hours, first, homes.slot_ms, WARM, shape)
    count = len(ordinary)
    streams = train.Streams(steps[:, :, :count], steps[:, :, count:], put, AN_HOUR)
    return replace(train.fit(streams, np.arange(count), SEED), shape=shape)


def main(data: Path, faults: Path) -> None:
    """Print all figures."""
    streams = household_streams(data, faults, "household_30min")
    weeks = streams.clean.weeks
    print(f"{len(streams.clean.ids)} homes, {weeks:.0f} home-weeks, {len(streams.events)} faults")
    others = as_half_hours(of_15_minutes(data / "household_15min", 384))
    parameters = trained_on(others)
    values = np.maximum(np.concatenate([streams.clean.kwh, streams.faulty.kwh]), 0)
    first = streams.clean.start_ms // HALF_HOUR_MS
    hours = hours_of(streams.clean)
    steps = train.steps_of(values, hours, first, HALF_HOUR_MS, 0, parameters.shape)
    of = Channels(parameters, steps, AN_HOUR, GROWN_DAYS * 24 * AN_HOUR)
    for name, rarities in (("known kinds only", of.known), ("with the label-free", of.both)):
        clean, faulty = np.split(rarities.astype(np.float64), 2)
        shown(name, streams, clean, faulty)
    asked_and_got(streams, *np.split(of.both.astype(np.float64), 2))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("faults", type=Path)
    given = parser.parse_args()
    main(given.data, given.faults)
