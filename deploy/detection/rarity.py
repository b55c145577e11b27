"""How rare scores are: by counting the alerts that their levels raise on ordinary streams."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import numpy as np
import numpy.typing as npt

from energyguard.detection.alerts import alert_runs, notices
from energyguard.detection.evidence import STEPS, Steps
from energyguard.detection.scores import RarityMap
from energyguard.detection.state import Floats

LADDER: Final = (5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01)
"""Alerts per device-week of which the level is found."""
_LEVELS: Final = 40
_MANY: Final = 100
_FEW: Final = 10
"""Days of devices of which a tail is drawn on."""
_APART: Final = np.float32(1e-4)


def counted(scores: Floats, an_hour: int, nats: float = 0.0) -> RarityMap:
    """The map of a score by its (devices, slots) on ordinary streams.

    Args:
        scores: NaN where a slot does not count.
        an_hour: slots of an hour.
        nats: by how much an alert raises the bar of its device; scores are then in nats.
    """
    weeks = scores.size / (168 * an_hour)
    levels = np.unique(np.quantile(scores, 1 - np.logspace(-1, -5.8, _LEVELS)))
    rates = [
        len(notices(alert_runs(scores - level, an_hour, nats), an_hour)) / weeks for level in levels
    ]
    seldom = np.maximum.accumulate(-np.log(np.maximum(rates, 0.5 / weeks)))
    wanted = -np.log(LADDER)
    level = np.interp(wanted, seldom, levels).astype(np.float32)
    for n in range(1, len(level)):
        level[n] = max(level[n], level[n - 1] + _APART)
    return RarityMap(level, wanted.astype(np.float32))


def single(steps: Steps, an_hour: int, context: Collection[int]) -> Floats:
    """(evidence, 256) how rare it is that a day's highest step of an evidence is as high.

    Args:
        steps: (slots, evidence, devices) of ordinary streams.
        an_hour: slots of an hour.
        context: evidence that says of which sort a device is; it is never unlike anything.
    """
    slots, evidence, devices = steps.shape
    days = slots // (24 * an_hour)
    found = np.full((evidence, STEPS), -np.inf, np.float32)
    for number in set(range(evidence)).difference(context):
        part = steps[: days * 24 * an_hour, number].reshape(days, -1, devices)
        highest = np.bincount(part.max(axis=1).ravel(), minlength=STEPS)
        found[number] = _tail(highest[::-1].cumsum()[::-1]) + np.log(days * devices / 7)
    return found


def _tail(as_high: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """−ln of how many are as high; where few are, on by the line of the last that are known."""
    rare = -np.log(np.maximum(as_high, 0.5))
    many, few = (int(np.flatnonzero(as_high >= n)[-1]) for n in (_MANY, _FEW))
    if few > many:
        slope = (rare[few] - rare[many]) / (few - many)
        rare[few:] = rare[few] + slope * np.arange(STEPS - few)
    return rare
