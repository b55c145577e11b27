"""Make the detector's parameter files, one for each slot length: tables, rarities, a day's shape.

    python -m deploy.detection.train

Homes are simulated (`homes.py`): a file that ships is made of data that anybody may use, and
anybody can make it again. Half the homes train the tables that score the other half, so that
rarities are counted on homes that a table has not seen; those of a file are the mean of both.
Hours of a home are other evidence than its quarters, so each length has a file of its own.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from deploy.detection.boosting import ROUNDS, Tables, boost
from deploy.detection.faults import KINDS, Fault, training_copies
from deploy.detection.homes import simulated_homes
from deploy.detection.rarity import counted, single
from energyguard.detection.alerts import RAISED_NATS
from energyguard.detection.cohort import Cohort
from energyguard.detection.detector import WARM_DAYS
from energyguard.detection.evidence import CONTEXT, EVIDENCE, Steps
from energyguard.detection.scores import FREE_SHARE, Parameters, RarityMap, shipped_path
from energyguard.detection.slots import HOUR_MS, LENGTHS_MS, QUARTER_MS, LocalHour, local_hours
from energyguard.detection.state import Floats

NAMES: Final = tuple(KINDS)
WEIGHTS: Final = {"surge": 1.2, "night": 1.6, "dropout": 0.8, "frozen": 0.8}
"""What an event of a kind counts; 1 where none is said."""
OFFSETS: Final = {"stuck_on": 1.0, "leak": 0.5, "night": 0.3, "dropout": -1.0, "frozen": -1.0}
"""Nats by which a kind counts as rarer; 0 where none is said."""
ORDINARY: Final = 1_000.0
"""What all ordinary slots count, in all events of a kind: so the rare ones among them matter."""
AFTER: Final = 0.1
"""What slots after a fault count, in all ordinary ones: a fault that ended is no alert."""
COPIES: Final = 3
FAULTS_A_HOME: Final = 3.0
FAULTS_IN_WEEKS: Final = 5
_OF_AN_EVENT: Final = 12
_AFTER_AN_EVENT: Final = 8
_EVEN: Final = 12_000
_HARD_OF_A_KIND: Final = 1_500
_FIRST_ROUNDS: Final = 12


class Streams(NamedTuple):
    """What is trained on: evidence of slots that count."""

    clean: Steps  # (slots, evidence, homes)
    faulty: Steps  # (slots, evidence, copies × homes): home n of a copy is clean's home n
    faults: Sequence[Fault]  # slots count from the first of ``clean``; home: column of ``faulty``
    an_hour: int


def shape_of(values: npt.NDArray[np.float64], hours: Sequence[LocalHour]) -> Floats:
    """(48,) the median home's day, working and free, over its mean."""
    kind = np.array([at.of_day_kind for at in hours])
    mean = np.maximum(np.nanmean(values, axis=1), 1e-9)
    parts = [np.nanmean(values[:, kind == row], axis=1) / mean for row in range(48)]
    found = np.median(parts, axis=1)
    return np.asarray(found / found.mean(), np.float32)


def steps_of(
    values: npt.NDArray[np.float64], hours: Sequence[LocalHour], first_number: int, slot_ms: int,
    warm: int, shape: Floats,
) -> Steps:  # fmt: skip
    """(slots after ``warm``, evidence, homes) of streams (homes, slots), from empty."""
    cohort = Cohort(slot_ms, shape)
    cohort.add(len(values))
    found = np.empty((values.shape[1] - warm, len(EVIDENCE), len(values)), np.uint8)
    for slot, at in enumerate(hours):
        looked = cohort.step(first_number + slot, at, values[:, slot]).looked
        if slot >= warm:
            found[slot - warm] = looked.steps
    return found


def fit(streams: Streams, homes: npt.NDArray[np.int64], seed: int) -> Parameters:
    """Parameters by some homes."""
    chance = np.random.default_rng(seed)
    halves = np.array_split(chance.permutation(homes), 2)
    tables = [_tables(streams, half, chance) for half in halves]
    clean = streams.clean.transpose(2, 0, 1)
    maps = []
    for kind in range(len(NAMES)):
        other = [_score(tables[1 - n][kind], clean[half]) for n, half in enumerate(halves)]
        maps.append((counted(np.concatenate(other), streams.an_hour), np.concatenate(other)))
    offsets = np.array([OFFSETS.get(name, 0.0) for name in NAMES], np.float32)
    known = np.max([of(score) + o for (of, score), o in zip(maps, offsets, strict=True)], axis=0)
    of_all = counted(known, streams.an_hour)
    order = np.concatenate(halves)
    parameters = Parameters(
        kinds=NAMES,
        tables=np.mean(tables, axis=0).astype(np.float32),
        maps=(),
        offsets=offsets,
        free=single(streams.clean[:, :, order], streams.an_hour, CONTEXT),
        shape=np.ones(48, np.float32),
        about="",
    )
    unlike = parameters.unlikeness(clean[order].transpose(2, 0, 1))
    of_free = counted(unlike, streams.an_hour)
    both = np.maximum(of_all(known) + np.log(1 - FREE_SHARE), of_free(unlike) + np.log(FREE_SHARE))
    every: tuple[RarityMap, ...] = (
        *(of for of, _ in maps),
        of_all,
        of_free,
        counted(both, streams.an_hour, RAISED_NATS),
    )
    return replace(parameters, maps=every)


def _score(table: Tables, steps: Steps) -> npt.NDArray[np.float32]:
    """(homes, slots) of (homes, slots, evidence)."""
    found = np.zeros(steps.shape[:2], np.float32)
    for number, row in enumerate(table.astype(np.float32)):
        if row.any():
            found += row[steps[:, :, number]]
    return found


class Rows(NamedTuple):
    """Rows to learn from."""

    steps: Steps  # (rows, evidence)
    kind: npt.NDArray[np.int64]
    weight: npt.NDArray[np.float64]


def _event_rows(streams: Streams, homes: npt.NDArray[np.int64]) -> tuple[Rows, Steps]:
    """Slots of faults, of which each counts 1 in all; and slots after they ended."""
    count = streams.clean.shape[2]
    inside, columns, kinds, weights = [], [], [], []
    after = []
    mine = set(homes.tolist())
    for fault in streams.faults:
        if fault.home % count not in mine:
            continue
        slots = np.unique(np.linspace(fault.start, fault.end - 1, _OF_AN_EVENT).astype(int))
        inside.append(slots)
        columns.append(np.full(len(slots), fault.home))
        kinds.append(np.full(len(slots), NAMES.index(fault.kind)))
        weights.append(np.full(len(slots), WEIGHTS.get(fault.kind, 1.0) / len(slots)))
        later = fault.end + np.linspace(1, 24, _AFTER_AN_EVENT) * streams.an_hour
        later = later[later < len(streams.faulty)].astype(int)
        after.append(streams.faulty[later, :, fault.home])
    at, column = np.concatenate(inside), np.concatenate(columns)
    steps = streams.faulty[at, :, column]
    rows = Rows(steps, np.concatenate(kinds), np.concatenate(weights))
    return rows, np.concatenate(after)


def ordinary_rows(streams: Streams, homes: npt.NDArray[np.int64]) -> Steps:
    """(rows, evidence) of slots without a fault, of streams as they are and of their copies.

    What a device remembers of a fault that is over stays in its evidence for weeks. If ordinary
    slots came only from streams that never had a fault, tables would learn from such traces that
    *this is a copy*, and so raise alerts wherever there once was a fault.
    """
    count = streams.clean.shape[2]
    columns = (homes + count * np.arange(streams.faulty.shape[2] // count)[:, None]).ravel()
    ordinary = np.ones((streams.faulty.shape[2], len(streams.faulty)), bool)
    for fault in streams.faults:
        ordinary[fault.home, fault.start : fault.end + streams.an_hour] = False
    copies = streams.faulty.transpose(2, 0, 1)[columns][ordinary[columns]]
    clean = streams.clean.transpose(2, 0, 1)[homes]
    return np.concatenate([clean.reshape(-1, clean.shape[2]), copies])


def _tables(
    streams: Streams, homes: npt.NDArray[np.int64], chance: np.random.Generator
) -> list[Tables]:
    """Tables of each kind: first by evenly drawn ordinary slots, then by those hard to tell."""
    events, after = _event_rows(streams, homes)
    every = ordinary_rows(streams, homes)
    even = chance.choice(len(every), min(_EVEN, len(every)), replace=False)
    first = [
        _of_kind(n, events, every[even], np.ones(len(even)), after, _FIRST_ROUNDS)
        for n in range(len(NAMES))
    ]
    hard = np.zeros(len(every), bool)
    for table in first:
        score = _score(table, every[None])[0]
        hard[np.argpartition(score, -_HARD_OF_A_KIND)[-_HARD_OF_A_KIND:]] = True
    rest = even[~hard[even]]
    chosen = np.concatenate([np.flatnonzero(hard), rest])
    weight = np.ones(len(chosen))
    weight[hard.sum() :] = (len(every) - hard.sum()) / len(rest)
    return [_of_kind(n, events, every[chosen], weight, after, ROUNDS) for n in range(len(NAMES))]


def _of_kind(
    kind: int, events: Rows, ordinary: Steps, weight: npt.NDArray[np.float64], after: Steps,
    rounds: int,
) -> Tables:  # fmt: skip
    mine = events.kind == kind
    total = ORDINARY * events.weight[mine].sum()
    return boost(
        np.concatenate([events.steps[mine], ordinary, after]),
        np.arange(mine.sum() + len(ordinary) + len(after)) < mine.sum(),
        np.concatenate(
            [
                events.weight[mine],
                weight * (total / weight.sum()),
                np.full(len(after), AFTER * total / len(after)),
            ]
        ),
        rounds,
    )


def simulated(
    ordinary: npt.NDArray[np.float64], slot_ms: int, chance: np.random.Generator
) -> tuple[Streams, Floats]:
    """Streams of homes to train on, and the shape of their day.

    Args:
        ordinary: (homes, slots of ``slot_ms`` from a Monday's midnight on).
        slot_ms: a slot's length.
        chance: where faults come from.
    """
    homes, slots = ordinary.shape
    an_hour = HOUR_MS // slot_ms
    warm = WARM_DAYS * 24 * an_hour
    hours = local_hours(np.arange(slots) * 2 // an_hour % 336)
    shape = shape_of(ordinary, hours)
    faults = FAULTS_A_HOME * (slots - warm) / (FAULTS_IN_WEEKS * 168 * an_hour)
    copies, put = training_copies(ordinary, COPIES, warm, an_hour, faults, chance)
    steps = steps_of(np.concatenate([ordinary, *copies]), hours, 0, slot_ms, warm, shape)
    return Streams(steps[:, :, :homes], steps[:, :, homes:], put, an_hour), shape


def _main(homes: int, weeks: int, seed: int) -> None:
    chance = np.random.default_rng(seed)
    every = simulated_homes(homes, weeks, chance)
    about = f"{homes} simulated homes of {weeks} weeks, seed {seed}; Apache-2.0, as the program"
    for slot_ms in LENGTHS_MS:
        of_quarters = every.reshape(homes, -1, slot_ms // QUARTER_MS)
        streams, shape = simulated(of_quarters.mean(axis=2), slot_ms, chance)
        found = replace(fit(streams, np.arange(homes), seed), shape=shape, about=about)
        to = shipped_path(slot_ms)
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(kept := found.to_bytes())
        print(f"{to}: {len(kept):,} bytes, {Parameters.from_bytes(kept).digest}, of {about}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--homes", type=int, default=240)
    parser.add_argument("--weeks", type=int, default=7)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    _main(given.homes, given.weeks, given.seed)
