r"""Plainer ways to find what is unusual, on the streams that the detector is measured on.

Each gives every slot of every home a score; from which score on it raises is counted as for the
detector (``detection_protocol.py``). Two are of libraries that nothing else needs, so they are
asked for by name, for some of the homes:

    uv run --with river --with stumpy python -m benchmarks.detection DATA FAULTS --homes 24 \
        --sets shipped,baselines,libraries
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from benchmarks.detection_protocol import Scores, over_quantile
from benchmarks.household_profile import WARM_SLOTS, Homes
from energyguard.detection.slots import HOUR_MS

Baseline = Callable[[Homes], Scores]
_PROFILE_H: Final = 4
"""How long the pieces are whose likes the matrix profile looks for."""


def _ewma(homes: Homes) -> Scores:
    """Deviation from an average that forgets within a day, in deviations that forget in a week."""
    value = np.nan_to_num(np.maximum(homes.kwh, 0))
    an_hour = HOUR_MS // homes.slot_ms
    mean, wide = value[:, 0].copy(), np.full(len(value), 1e-3)
    score = np.empty(value.shape)
    for slot, now in enumerate(value.T):
        off = now - mean
        score[:, slot] = off / np.sqrt(wide + 1e-6)
        mean += off / (24 * an_hour)
        wide += (off**2 - wide) / (168 * an_hour)
    return score


def _sums_of_4_h(value: Scores, an_hour: int) -> Scores:
    sums = np.cumsum(np.pad(value, ((0, 0), (4 * an_hour, 0))), axis=1)
    return np.asarray(sums[:, 4 * an_hour :] - sums[:, : -4 * an_hour])


def _seasonal(homes: Homes) -> Scores:
    """Four hours against the same of a week ago, in the home's mean."""
    value = np.nan_to_num(np.maximum(homes.kwh, 0))
    an_hour = HOUR_MS // homes.slot_ms
    four = _sums_of_4_h(value, an_hour)
    before = np.pad(four, ((0, 0), (168 * an_hour, 0)))[:, : value.shape[1]]
    return np.asarray((four - before) / (value[:, :WARM_SLOTS].mean(axis=1)[:, None] + 1e-6))


def _hour_of_week(homes: Homes) -> Scores:
    """Four hours against this hour of the week in the first weeks, in its deviations."""
    value = np.nan_to_num(np.maximum(homes.kwh, 0))
    an_hour = HOUR_MS // homes.slot_ms
    four = _sums_of_4_h(value, an_hour) / (4 * an_hour)
    hour = np.arange(value.shape[1]) // an_hour % 168
    score = np.zeros(value.shape)
    for row in range(168):
        mine = np.flatnonzero(hour == row)
        known = four[:, mine[mine < WARM_SLOTS]]
        wide = known.std(axis=1) + 0.1 * four[:, :WARM_SLOTS].mean(axis=1) + 1e-6
        score[:, mine] = (four[:, mine] - known.mean(axis=1)[:, None]) / wide[:, None]
    return score


def _half_space_trees(homes: Homes) -> Scores:
    """River's half-space trees, a forest a home: its power, its mean of 4 h and the hour.

    Amounts are in the home's own 99.5 % quantile, at most 2; a slot is scored, then learned.
    """
    from river.anomaly import HalfSpaceTrees

    an_hour = HOUR_MS // homes.slot_ms
    value = np.clip(np.nan_to_num(over_quantile(homes)), 0, 2)
    four = _sums_of_4_h(value, an_hour) / (4 * an_hour)
    hour = np.arange(value.shape[1]) // an_hour % 24 / 24
    limits = {"power": (0.0, 2.0), "mean": (0.0, 2.0), "hour": (0.0, 1.0)}
    score = np.empty(value.shape)
    for home, (row, mean) in enumerate(zip(value, four, strict=True)):
        trees = HalfSpaceTrees(window_size=24 * an_hour * 7, limits=limits, seed=1)
        for slot, numbers in enumerate(zip(row, mean, hour, strict=True)):
            features = dict(zip(limits, map(float, numbers), strict=True))
            score[home, slot] = trees.score_one(features)
            trees.learn_one(features)
    return score


def _left_matrix_profile(homes: Homes) -> Scores:
    """Stumpy's left matrix profile: how far the last hours are from their likest piece before.

    Distances are of amounts in the home's own 99.5 % quantile: of z-normed pieces noise is as
    unlike as a fault.
    """
    from stumpy import stump

    pieces = _PROFILE_H * HOUR_MS // homes.slot_ms
    score = np.zeros(homes.kwh.shape)
    for home, row in enumerate(np.nan_to_num(over_quantile(homes))):
        before = stump(row, pieces, normalize=False)[:, 2].astype(np.int64)
        windows = np.lib.stride_tricks.sliding_window_view(row, pieces)
        far = np.sqrt(((windows - windows[before]) ** 2).sum(axis=1))
        score[home, pieces - 1 :] = np.where(before < 0, 0, far)
    return score


BASELINES: Final[dict[str, Baseline]] = {
    "one limit for all": lambda homes: np.nan_to_num(homes.kwh),
    "a limit per home": over_quantile,
    "EWMA": _ewma,
    "seasonal naive, 4 h": _seasonal,
    "hour of the week, 4 h": _hour_of_week,
}
LIBRARIES: Final[dict[str, Baseline]] = {
    "half-space trees": _half_space_trees,
    "left matrix profile, 4 h": _left_matrix_profile,
}
"""Those that need a library of their own."""
