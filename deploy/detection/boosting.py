"""Additive tables: a score is a sum of one number for each evidence, found by boosted stumps."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from energyguard.detection.evidence import STEPS, Steps

ROUNDS: Final = 60
STUMPS: Final = 5
"""Of a round, each of another evidence."""
RATE: Final = 0.12
_SMOOTH: Final = 20.0
"""Added to each side's curvature, in events."""
Tables = npt.NDArray[np.float64]


def boost(
    steps: Steps, wanted: npt.NDArray[np.bool_], weight: npt.NDArray[np.float64],
    rounds: int = ROUNDS,
) -> Tables:  # fmt: skip
    """(evidence, 256) tables whose sum tells wanted rows from others (logistic loss).

    Args:
        steps: (rows, evidence).
        wanted: (rows,).
        weight: (rows,).
        rounds: how many, each of ``STUMPS`` stumps.
    """
    rows, evidence = steps.shape
    place = (np.arange(evidence, dtype=np.int32) * STEPS)[:, None] + steps.T
    place = np.ascontiguousarray(place)
    tables = np.zeros((evidence, STEPS))
    share = float((weight * wanted).sum() / weight.sum())
    score = np.full(rows, np.log(share / (1 - share)))
    flat = place.ravel()
    for _ in range(rounds):
        likely = 1 / (1 + np.exp(-score))
        slope = weight * (wanted - likely)
        curve = weight * likely * (1 - likely)
        slopes = _cells(flat, slope, evidence).cumsum(axis=1)
        curves = _cells(flat, curve, evidence).cumsum(axis=1)
        low = slopes[:, :-1], curves[:, :-1] + _SMOOTH
        high = slopes[:, -1:] - slopes[:, :-1], curves[:, -1:] - curves[:, :-1] + _SMOOTH
        gain = low[0] ** 2 / low[1] + high[0] ** 2 / high[1]
        border = gain.argmax(axis=1)
        best = np.argsort(-gain.max(axis=1))[:STUMPS]
        for chosen in best.tolist():
            at = chosen, border[chosen]
            below = np.arange(STEPS) <= border[chosen]
            stump = RATE * np.where(below, low[0][at] / low[1][at], high[0][at] / high[1][at])
            tables[chosen] += stump
            score += stump[steps[:, chosen]]
    return tables


def _cells(flat: npt.NDArray[np.int32], of: npt.NDArray[np.float64], evidence: int) -> Tables:
    cells = np.bincount(flat, np.tile(of, evidence), evidence * STEPS)
    return cells.astype(np.float64).reshape(evidence, STEPS)
