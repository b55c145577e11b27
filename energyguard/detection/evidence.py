"""Evidence: numbers without a unit that say how unlike a device's usual use a slot is.

Each is looked at in 256 steps between two borders of ``EVIDENCE``; scores are tables over them.
Evidence uses what was known before the slot. Its order is that of the parameter file's tables.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from energyguard.detection.slots import LocalHour
from energyguard.detection.state import FLOORS_H, CohortState, Floats
from energyguard.detection.windows import Windows

Steps = npt.NDArray[np.uint8]
STEPS: Final = 256
NIGHT_H: Final = 7
"""Night ends at this local hour."""


class EvidenceRange(NamedTuple):
    """A number, and between which borders it is told apart."""

    name: str
    low: float
    high: float


EVIDENCE: Final = (
    *(EvidenceRange(f"sum of {h} h, spreads", -12, 20) for h in (1, 4, 24)),
    EvidenceRange("sum of 1 h, spreads of this hour", -12, 20),
    *(EvidenceRange(f"sum of {h} h, sizes", -2, 6) for h in (1, 4, 24)),
    EvidenceRange("restlessness of 4 h", 0, 10),
    *(EvidenceRange(f"lowest of {h} h, sizes above usual", -1, 3) for h in FLOORS_H),
    *(EvidenceRange(f"lowest of {h} h, spreads above usual", -6, 26) for h in FLOORS_H),
    *(EvidenceRange(f"lowest of {h} h, sizes above the remembered", -2, 2) for h in FLOORS_H),
    EvidenceRange("half hour over the highest hundredth, log", -3, 3),
    EvidenceRange("half hour over the remembered peak, log", -3, 2),
    EvidenceRange("half hour over the hour before", -1, 5),
    EvidenceRange("half hour, spreads above a day's highest", -8, 12),
    *(EvidenceRange(f"lowest of {h} h at night, log over the .95", -4, 1) for h in (1, 2, 4)),
    *(EvidenceRange(f"lowest of {h} h at night, above the remembered", -2, 2) for h in (1, 2, 4)),
    *(EvidenceRange(f"highest of {h} h, spreads below usual", -6, 12) for h in (2, 6)),
    EvidenceRange("hour over the lowest twentieth, log", -4, 4),
    *(EvidenceRange(f"unlikeliness of repeats {of}", 0, 64) for of in ("at zero", "above zero")),
    EvidenceRange("size over mean", 0, 8),
    EvidenceRange("share of zeros", 0, 1),
    EvidenceRange("irregularity", 0, 1.5),
    *(EvidenceRange(f"evenness of {h} h above the median", 0, 1.02) for h in (1, 2, 4)),
    *(EvidenceRange(f"evenness of {h} h above the median at night", 0, 1.02) for h in (1, 2, 4)),
    *(EvidenceRange(f"age of a rise of {of}, log of the longest", -4, 2) for of in (0.25, 0.6)),
)  # fmt: skip
CONTEXT: Final = tuple(
    n
    for n, evidence in enumerate(EVIDENCE)
    if evidence.name in ("size over mean", "share of zeros", "irregularity")
)
"""Evidence of which sort a device is: scores know it, but no slot is unusual for it."""
ABOVE_USUAL: Final = [evidence.name for evidence in EVIDENCE].index(
    "lowest of 1 h, spreads above usual"
)
"""The evidence that rises of the base load are summed of."""
_LOW = np.array([evidence.low for evidence in EVIDENCE], np.float32)[:, None]
_STEP = np.array([(STEPS - 1) / (e.high - e.low) for e in EVIDENCE], np.float32)[:, None]
SPREAD_FLOOR: Final = np.float32(0.04)
_TINY = np.float32(1e-6)


class Looked(NamedTuple):
    """What a slot looks like: the evidence, and what learning goes by."""

    numbers: Floats  # (evidence, devices)
    log_ratios: Floats  # (3, devices): of use to what was expected, over 1, 4, 24 h
    spreads: Floats  # (2, devices): of the hour's, up and down
    alarm: npt.NDArray[np.bool_]  # (devices,): far off, whatever it is: to be learned less of

    @property
    def steps(self) -> Steps:
        """The evidence in 256 steps."""
        scaled = (self.numbers - _LOW) * _STEP
        return np.asarray(np.clip(scaled, 0, STEPS - 1), np.uint8)


def look(state: CohortState, at: LocalHour, over: Windows) -> Looked:
    """Compare the windows of a slot with what is known of each device."""
    c = np.float32(0.1) * state.mean + _TINY
    size = state.size + _TINY
    ratios = np.log((over.means + c) / np.maximum(over.means - over.residuals + c, _TINY))
    up, down = state.spreads[:, :, at.block_of_day_kind].astype(np.float32).transpose(1, 0, 2)
    sums = ratios / np.maximum(np.where(ratios > 0, up, down), SPREAD_FLOOR)
    of_hour = ratios[:1] / np.maximum(state.hour_spread[at.of_day_kind], SPREAD_FLOOR)

    above = over.floors - state.floor_mean[:, at.block].astype(np.float32)
    floors = above / _shrunk(state.floor_spread[:, at.block], state, at)
    record = (over.floors - state.floor_top[:, at.block]) / size
    below = state.ceiling_mean[:, at.block] - over.ceilings
    low = below / _shrunk(state.ceiling_spread[:, at.block], state, at)

    q05, _, q50, q95, _ = state.quantiles
    even = np.where(over.floors[:3] > q50 + np.float32(0.25) * size, over.evenness, 0)
    if night := at.hour < NIGHT_H:
        at_night = np.concatenate([np.log((over.floors[:3] + c) / (q95 + c)), record[:3]])
    else:
        at_night = np.full((6, len(c)), -9, np.float32)
    counted = np.maximum(state.values.sum(axis=0, dtype=np.uint32), 1)
    numbers = np.concatenate(
        [
            *(sums, of_hour, over.residuals / size, state.restless[None]),
            *(above / size, floors, record, _peaks(state, over, c), at_night, low),
            np.log((over.means[:1] + c) / (q05 + c)),
            state.repeats,
            *((size / c)[None] / 10, (state.values[0] / counted)[None], state.regular[None]),
            *(even, even * night),
            np.log((state.lift_age + 0.25) / (state.lift_longest + 0.25)),
        ]
    ).astype(np.float32, copy=False)
    alarm = (sums[1] > 4) | (sums[0] > 5) | (floors[2] > 6) | (low[0] > 6)
    alarm |= state.repeats.max(axis=0) > 20
    return Looked(numbers, ratios, hour_spreads(state, at), alarm)


def hour_spreads(state: CohortState, at: LocalHour) -> Floats:
    """(2, devices) how far an hour's log ratio usually is from 0, up and down."""
    spreads = state.spreads[0, :, at.block_of_day_kind].astype(np.float32)
    return np.asarray(np.maximum(spreads, SPREAD_FLOOR))


def _peaks(state: CohortState, over: Windows, c: Floats) -> Floats:
    q99 = state.quantiles[4]
    half = np.log((over.half_hour + c) / (q99 + c))
    return np.stack(
        [
            half,
            np.log((over.half_hour + c) / (state.peak + c)),
            (over.half_hour - over.before) / (q99 + c),
            (half - state.peak_location) / np.maximum(state.peak_spread, np.float32(0.05)),
        ]
    )


def _shrunk(spread: npt.NDArray[np.float16], state: CohortState, at: LocalHour) -> Floats:
    """A learned spread, drawn to a part of the device's size while it is known from few hours."""
    visits = state.block_visits[at.block].astype(np.float32)
    prior = np.float32(0.15) * state.size
    found = (visits * spread.astype(np.float32) + 6 * prior) / (visits + 6)
    return np.asarray(found + np.float32(0.02) * state.size + _TINY, np.float32)
