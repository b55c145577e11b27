"""What the detector finds of faults in real homes, beside plainer ways to find them.

    python -m benchmarks.detection DATA FAULTS [--homes 384] [--sets folds,shipped,baselines]
        [--plot docs/images]
    python -m benchmarks.detection DATA FAULTS --streams household_30min --sets shipped

DATA has ``household_15min`` (and ``household_30min``), FAULTS the faults to write over them; how
alerts are counted says ``detection_protocol.py``. *Folds* trains three times, each time scoring the
third of the homes that it did not see; *shipped* scores with the program's own parameter file, made
of simulated homes; *baselines* are limits, an EWMA, a seasonal naive forecast and an hour of
the week's mean and deviation, *libraries* two of other programs (``detection_baselines.py``). Of
each: at 0.1 and 0.5 alerts per home-week; precision with reminders, and of onsets alone.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.detection_baselines import BASELINES, LIBRARIES, Baseline
from benchmarks.detection_chart import draw
from benchmarks.detection_protocol import (
    BUDGETS,
    Scored,
    Scores,
    Streams,
    found,
    household_streams,
    notices_of,
    threshold,
)
from benchmarks.household_profile import WARM_SLOTS, Homes
from deploy.detection import train
from deploy.detection.faults import training_copies
from energyguard.detection.alerts import RAISED_NATS
from energyguard.detection.calm import calmed
from energyguard.detection.detector import UnusualDetector
from energyguard.detection.evidence import EVIDENCE, Steps
from energyguard.detection.highest import lowered
from energyguard.detection.scores import FREE_SHARE, Parameters
from energyguard.detection.slots import LocalHour, local_hours
from energyguard.detection.state import Floats

FOLDS: Final = 3
COPIES: Final = 2
SEED: Final = 3
LOWEST: Final = -99.0


def hours_of(homes: Homes) -> list[LocalHour]:
    """The local hours of the slots: streams begin on a Monday's midnight, without clock changes."""
    slots = homes.kwh.shape[1]
    monday = homes.start_ms // 86_400_000 + 3
    halves = (np.arange(slots) * homes.slot_ms // 1_800_000 + monday * 48) % 336
    return local_hours(halves)


class Channels:
    """Rarities of slots, (homes, slots): of known kinds, label-free, and without each kind."""

    def __init__(self, parameters: Parameters, steps: Steps, an_hour: int, first: int = 0) -> None:
        *of_kind, of_all, of_free, of_both = parameters.maps
        slots, _, homes = steps.shape
        flat = steps.transpose(1, 2, 0).reshape(len(EVIDENCE), -1)
        scores = zip(of_kind, parameters.scores(flat), parameters.offsets, strict=True)
        rarities = np.stack([of(score) + offset for of, score, offset in scores])
        share, rest = np.log(FREE_SHARE), np.log(1 - FREE_SHARE)
        unlike = of_both(of_free(parameters.unlikeness(flat)) + share).reshape(homes, slots)
        unlike = lowered(unlike, an_hour, first).astype(np.float32)

        def both(known: Floats) -> Floats:
            return np.maximum(of_both(of_all(known) + rest).reshape(homes, slots), unlike)

        self.known = of_all(rarities.max(axis=0)).reshape(homes, slots)
        self.both = both(rarities.max(axis=0))
        self.without = {
            kind: both(np.delete(rarities, n, axis=0).max(axis=0))
            for n, kind in enumerate(parameters.kinds)
        }


def shown(
    name: str, streams: Streams, clean: Scores, faulty: Scores, nats: float = RAISED_NATS
) -> None:
    """Print a row for each budget; ``nats``: by how much an alert raises the bar of its home."""
    for budget in BUDGETS:
        of = found(faulty, streams, threshold(clean, streams, budget, nats), nats)
        every = of.caught
        by_kind = {kind: every.of_kind(kind) for kind in train.NAMES}
        kinds = " ".join(
            f"{kind} {mine.recall:.2f}/{mine.median_delay_min:.0f}"
            for kind, mine in by_kind.items()
        )
        print(
            f"{name:<28} {budget:>4} F1 {every.f1:.3f} precision {every.precision:.2f} (onsets "
            f"{of.onsets.precision:.2f}) recall {every.recall:.2f} "
            f"delay {every.median_delay_min:.0f} min | {kinds}",
            flush=True,
        )


def asked_and_got(streams: Streams, clean: Scores, faulty: Scores) -> None:
    """Print what a budget gives on homes that were not seen, and who raises it."""
    for budget in BUDGETS:
        level = float(-np.log(budget))
        got = notices_of(clean, streams.live, level, streams.an_hour, RAISED_NATS)
        counts = np.sort(np.bincount(got.device, minlength=len(clean)))[::-1]
        noisiest = counts[: max(round(0.026 * len(clean)), 1)].sum() / max(counts.sum(), 1)
        of = found(faulty, streams, level, RAISED_NATS)
        print(
            f"asked {budget}: got {len(got) / streams.clean.weeks:.3f} per home-week, F1 "
            f"{of.caught.f1:.3f}; the noisiest 2.6 % of homes raise {noisiest:.0%}",
            flush=True,
        )


def padded(rarities: Floats, streams: Streams) -> Scores:
    """Rarities after the first weeks as scores of all slots."""
    found_ = np.full(streams.clean.kwh.shape, LOWEST)
    found_[:, WARM_SLOTS:] = rarities
    return found_


def folds(streams: Streams) -> list[Scored]:
    """Train on two thirds of the homes, score the third."""
    homes, chance = len(streams.clean.ids), np.random.default_rng(7)
    ordinary = np.maximum(streams.clean.kwh, 0)
    hours = hours_of(streams.clean)
    shape = train.shape_of(ordinary[:, :WARM_SLOTS], hours[:WARM_SLOTS])
    changed, put = training_copies(
        ordinary, COPIES, WARM_SLOTS, streams.an_hour, train.FAULTS_A_HOME, chance
    )
    copies = [ordinary, np.maximum(streams.faulty.kwh, 0), *changed]
    first = streams.clean.start_ms // streams.clean.slot_ms
    begun = time.process_time()
    steps = train.steps_of(
        np.concatenate(copies), hours, first, streams.clean.slot_ms, WARM_SLOTS, shape
    )
    cost = (time.process_time() - begun) / (sum(map(np.size, copies))) * 1e6
    print(f"core: {cost:.2f} µs of processor time a value, {len(EVIDENCE)} numbers of evidence")
    seen = train.Streams(steps[:, :, :homes], steps[:, :, 2 * homes :], put, streams.an_hour)
    fold = np.random.default_rng(SEED).permutation(homes) % FOLDS
    names = ("known", "both", *train.NAMES)
    scores = {name: np.full((2, *streams.clean.kwh.shape), LOWEST) for name in names}
    for number in range(FOLDS):
        parameters = train.fit(seen, np.flatnonzero(fold != number), number)
        mine = np.flatnonzero(fold == number)
        for stream in range(2):
            of = Channels(parameters, steps[:, :, mine + stream * homes], streams.an_hour)
            parts = {"known": of.known, "both": of.both, **of.without}
            for name, part in parts.items():
                scores[name][stream][mine, WARM_SLOTS:] = part
    both = scores["both"].reshape(-1, streams.clean.kwh.shape[1])
    both = calmed(np.where(both > LOWEST, both, np.nan), streams.an_hour)
    scores["both"] = np.nan_to_num(both, nan=LOWEST).reshape(scores["both"].shape)
    shown("known kinds only", streams, *scores["known"])
    shown("with the label-free channel", streams, *scores["both"])
    asked_and_got(streams, *scores["both"])
    for kind in train.NAMES:
        levels = [threshold(scores[kind][0], streams, b, RAISED_NATS) for b in BUDGETS]
        each = [found(scores[kind][1], streams, t, RAISED_NATS).caught for t in levels]
        recalls = [mine.of_kind(kind).recall for mine in each]
        print(f"{kind} left out: recall {recalls[0]:.2f} / {recalls[1]:.2f}", flush=True)
    clean, faulty = scores["both"]
    return [Scored("tables of other homes", clean, faulty, RAISED_NATS)]


def shipped(streams: Streams) -> list[Scored]:
    """Score with the program's own parameters."""
    parameters = Parameters.shipped(streams.clean.slot_ms)
    print(f"shipped {parameters.digest}: {parameters.about}")
    hours = hours_of(streams.clean)
    values = np.concatenate([streams.clean.kwh, streams.faulty.kwh])
    first = streams.clean.start_ms // streams.clean.slot_ms
    detector = UnusualDetector(streams.clean.slot_ms, parameters, len(values))
    rarities, every = np.full(values.shape, LOWEST), np.arange(len(values))
    begun = time.process_time()
    for slot, at in enumerate(hours):
        seen = detector.cohort.step(first + slot, at, values[:, slot])
        rarities[:, slot] = detector.rated(first + slot, seen, every).rarity
    cost = (time.process_time() - begun) / values.size * 1e6
    print(f"core and scores: {cost:.2f} µs of processor time a value of {len(values)} streams")
    clean, faulty = np.split(rarities, 2)
    shown("shipped", streams, clean, faulty)
    asked_and_got(streams, clean, faulty)
    return [Scored("the file that ships", clean, faulty, RAISED_NATS)]


def baselines(streams: Streams, ways: Mapping[str, Baseline] = BASELINES) -> list[Scored]:
    """Score plainer ways."""
    every = [Scored(name, of(streams.clean), of(streams.faulty)) for name, of in ways.items()]
    for scored in every:
        shown(scored.name, streams, scored.clean, scored.faulty, scored.nats)
    return every


SETS: Final[Mapping[str, Callable[[Streams], list[Scored]]]] = {
    "folds": folds,
    "shipped": shipped,
    "baselines": baselines,
    "libraries": partial(baselines, ways=LIBRARIES),
}


def main(
    data: Path, faults: Path, name: str, homes: int, sets: Sequence[str], plot: Path | None
) -> None:
    """Print all figures, and draw them."""
    streams = household_streams(data, faults, name, homes)
    weeks = streams.clean.weeks
    print(f"{len(streams.clean.ids)} homes, {weeks:.0f} home-weeks, {len(streams.events)} faults")
    scored = [each for wanted in sets for each in SETS[wanted](streams)]
    if plot is not None:
        draw(streams, scored, plot)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("faults", type=Path)
    parser.add_argument("--streams", default="household_15min")
    parser.add_argument("--homes", type=int, default=384)
    parser.add_argument(
        "--sets", type=lambda text: text.split(","), default=["folds", "shipped", "baselines"]
    )
    parser.add_argument("--plot", type=Path, help="draw them into this folder")
    given = parser.parse_args()
    main(given.data, given.faults, given.streams, given.homes, given.sets, given.plot)
