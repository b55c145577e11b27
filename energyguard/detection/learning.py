"""What a cohort learns from a slot: profile, spreads, floors, ceilings, peaks, repeats, level.

Learning is damped (by ``DAMPED``) while a device is in alarm, so that a fault is not learned as
usual; after a week of alarm it is learned in full: a heat pump is news once.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from energyguard.detection.evidence import SPREAD_FLOOR, Looked
from energyguard.detection.slots import LocalHour
from energyguard.detection.state import (
    BINS,
    BINS_AN_OCTAVE,
    CohortState,
    Floats,
)
from energyguard.detection.windows import Windows

DAMPED: Final = np.float32(0.2)
RELEARN_H: Final = 168
GROWN_H: Final = 48
"""Until so many hours were seen, what is expected is mostly borrowed."""
COUNT: Final = 8
"""A value counts so often in the histogram; a damped one a quarter of it."""
_LOWEST_OCTAVE: Final = -10
_PROFILE_WEEK: Final = np.float32(0.10)
_PROFILE_DAY: Final = np.float32(0.02)
_SPREAD_PRIOR_H: Final = 9
_SPREAD_H: Final = 120
_BLOCK_H: Final = 84
_RUN_H: Final = 48
_QUANTILES: Final = (0.05, 0.20, 0.50, 0.95, 0.99)


def learning_weight(state: CohortState, an_hour: int, known: npt.NDArray[np.bool_]) -> Floats:
    """(devices,) what a slot counts: 0 where there is no reading."""
    damped = (state.alarm > 0) & (state.alarm_slots < RELEARN_H * an_hour)
    return np.where(known, np.where(damped, DAMPED, np.float32(1)), np.float32(0))


def repeat(
    state: CohortState, an_hour: int, value: Floats, known: npt.NDArray[np.bool_], w: Floats
) -> None:
    """Follow values that repeat: how unlikely the run is by what is known, then learn of it.

    A run forgets with a half-life of ``_RUN_H``: a meter that stands still for good is news once.
    """
    kept = np.float32(0.5 ** (1 / (_RUN_H * an_hour)))
    devices = np.arange(len(value))
    level = np.where(value <= 0, 0, np.where(value <= state.quantiles[1], 1, 2))
    same = (value == state.last) & known
    odds = state.repeat_odds[0, level, devices] / state.repeat_odds[1, level, devices]
    unlikely = np.where(same, -np.log(np.minimum(odds, np.float32(0.999))), np.float32(0))
    for row, here in ((0, level == 0), (1, level > 0)):
        run = state.repeats[row]
        run[:] = np.where(known, np.where(same & here, run * kept + unlikely, 0), run)
    state.repeat_odds[1, level, devices] += w
    state.repeat_odds[0, level, devices] += w * same
    state.last[:] = np.where(known, value, state.last)


def learn(
    state: CohortState, at: LocalHour, an_hour: int, value: Floats, expected: Floats,
    over: Windows, looked: Looked, w: Floats,
) -> None:  # fmt: skip
    """Learn of a slot with these weights."""
    step = np.float32(1 / an_hour)
    c = np.float32(0.1) * state.mean
    young = state.seen < 24 * an_hour
    highest = (expected + c) * np.exp(np.minimum(4 * looked.spreads[0], np.float32(2.5)))
    usual = np.where(young, value, np.minimum(value, highest))
    flat = usual * np.exp(-state.level)
    _average(state.profile_week, state.visits_week, at.of_week, flat, w, _PROFILE_WEEK * step)
    _average(state.profile_day, state.visits_day, at.of_day_kind, flat, w, _PROFILE_DAY * step)
    _spreads(state, at, looked.log_ratios, w, step)
    _blocks(state, at, over, w, step)
    month = np.float32(1 - 0.5 ** (step / (30 * 24)))
    rate = np.maximum(1 / (state.seen + 1), month).astype(np.float32) * w
    state.mean += rate * (usual - state.mean)
    ten_days = np.float32(1 - 0.5 ** (step / (10 * 24)))
    towards = np.float32(0.8) * np.clip(state.level + looked.log_ratios[2], -0.7, 0.7)
    grown = state.seen > GROWN_H * an_hour
    state.level += w * grown * ten_days * (towards - state.level)
    state.regular += w * month * (np.minimum(np.abs(looked.log_ratios[0]), 1.5) - state.regular)
    four = np.float32(1 - 0.5 ** (step / 2))
    calm = (w > 0) * four
    state.restless += calm * (np.abs(looked.numbers[0]) - state.restless)
    _count(state, value, w)
    _lifts(state, at, over.floors[0], w, step)
    state.peak[:] = _remembered(state.peak, over.half_hour, w)
    np.maximum(state.day_peak, over.half_hour * (w > 0), out=state.day_peak)
    state.alarm_slots[:] = np.where(looked.alarm, np.minimum(state.alarm_slots, 65_000) + 1, 0)
    state.alarm[:] = looked.alarm
    state.seen += (w > 0).astype(np.uint32)


def _average(
    mean: npt.NDArray[np.float16], visits: npt.NDArray[np.uint8], row: int,
    value: Floats, w: Floats, slowest: np.float32,
) -> None:  # fmt: skip
    count = visits[row]
    rate = np.maximum(1 / (count.astype(np.float32) + 1), slowest) * w
    known = mean[row].astype(np.float32)
    mean[row] = known + rate * (value - known)
    count += (count < 255) & (w > 0)


def _spreads(
    state: CohortState, at: LocalHour, ratios: Floats, w: Floats, step: np.float32
) -> None:
    row = at.block_of_day_kind
    visits = state.spread_visits[row].astype(np.float32)
    rate = w * step / np.minimum(visits + _SPREAD_PRIOR_H, _SPREAD_H)
    distance = np.abs(ratios)
    for side, here in ((0, ratios > 0), (1, ratios <= 0)):
        known = state.spreads[:, side, row].astype(np.float32)
        far = np.minimum(distance, 3 * np.maximum(known, SPREAD_FLOOR)) * np.float32(1.25)
        state.spreads[:, side, row] = known + here * rate * (far - known)
    known = state.hour_spread[at.of_day_kind].astype(np.float32)
    far = np.minimum(distance[0], 3 * np.maximum(known, SPREAD_FLOOR)) * np.float32(1.25)
    state.hour_spread[at.of_day_kind] = known + w * step * np.float32(0.06) * (far - known)


def _blocks(state: CohortState, at: LocalHour, over: Windows, w: Floats, step: np.float32) -> None:
    visits = state.block_visits[at.block].astype(np.float32)
    rate = w * step / (np.minimum(visits, _BLOCK_H) + 1)
    for mean, spread, found in (
        (state.floor_mean, state.floor_spread, over.floors),
        (state.ceiling_mean, state.ceiling_spread, over.ceilings),
    ):
        known = mean[:, at.block].astype(np.float32)
        wide = spread[:, at.block].astype(np.float32)
        border = 4 * wide + state.size * np.float32(0.2)
        off = np.where(visits > 6, np.clip(found - known, -border, border), found - known)
        mean[:, at.block] = known + rate * off
        spread[:, at.block] = wide + rate * (np.abs(off) * np.float32(1.25) - wide)
    top = state.floor_top[:, at.block].astype(np.float32)
    forgotten = np.float32(0.012) * step * (w > 0) * (state.floor_mean[:, at.block] - top)
    state.floor_top[:, at.block] = _remembered(top, over.floors, w, forgotten)


def _remembered(top: Floats, found: Floats, w: Floats, forgotten: Floats | float = 0.0) -> Floats:
    """A maximum that jumps up at once (by 0.3 in alarm) and forgets else."""
    jump = np.where(w < 1, np.float32(0.3), np.float32(1)) * (w > 0)
    return np.asarray(np.where(found > top, top + jump * (found - top), top + forgotten))


def _count(state: CohortState, value: Floats, w: Floats) -> None:
    octaves = np.log2(np.maximum(value, np.float32(1e-6))) - _LOWEST_OCTAVE
    place = np.clip(octaves * BINS_AN_OCTAVE, 0, BINS - 1).astype(np.int64)
    counts = np.where(w < 1, COUNT // 4, COUNT) * (w > 0)
    state.values[place, np.arange(len(value))] += counts.astype(np.uint16)


def _lifts(state: CohortState, at: LocalHour, floor: Floats, w: Floats, step: np.float32) -> None:
    for row, part in enumerate((0.25, 0.6)):
        age, longest = state.lift_age[row], state.lift_longest[row]
        high = floor - state.floor_mean[0, at.block] > np.float32(part) * state.size
        age[:] = np.where(w > 0, np.where(high, age + step, 0), age)
        jump = np.where(w < 1, np.float32(0.3), np.float32(1))
        forgotten = longest * (1 - np.float32(0.001) * step)
        longest[:] = np.where(age > longest, longest + jump * (age - longest), forgotten)


def close_block_hour(state: CohortState, at: LocalHour) -> None:
    """Count an hour of its block."""
    for visits in (state.block_visits[at.block], state.spread_visits[at.block_of_day_kind]):
        visits += visits < 255


def close_day(state: CohortState, an_hour: int) -> None:
    """What is looked at once a day: quantiles, size, peaks, and what is forgotten."""
    state.quantiles[:] = _quantiles(state.values)
    _, _, q50, q95, q99 = state.quantiles
    smallest = np.maximum(np.float32(0.3) * state.mean, np.float32(0.15) * state.peak)
    state.size[:] = np.maximum(q95 - q50, smallest)
    c = np.float32(0.1) * state.mean + np.float32(1e-6)
    seen = state.day_peak > 0
    days = (state.seen // (24 * an_hour)).astype(np.float32)
    rate = np.maximum(1 / (days + 1), np.float32(0.05)).astype(np.float32) * seen
    height = np.log((state.day_peak + c) / (q99 + c))
    off = np.clip(height - state.peak_location, -3 * state.peak_spread, 3 * state.peak_spread)
    state.peak_location += rate * off
    state.peak_spread += rate * (np.abs(off) * np.float32(1.25) - state.peak_spread)
    state.peak += np.float32(0.015) * (np.minimum(q99, state.peak) - state.peak)
    state.day_peak[:] = 0
    state.repeat_odds *= np.float32(0.985)
    kept = state.values.astype(np.uint32) * 252 + 128
    state.values[:] = (kept >> 8).astype(np.uint16)


def _quantiles(values: npt.NDArray[np.uint16]) -> Floats:
    """(5, devices) of a histogram; within a bin as if values were spread evenly over the octave."""
    total = np.cumsum(values, axis=0, dtype=np.uint32)
    found = np.zeros((len(_QUANTILES), values.shape[1]), np.float32)
    devices = np.arange(values.shape[1])
    for row, part in enumerate(_QUANTILES):
        wanted = np.float32(part) * total[-1]
        place = (total < wanted).sum(axis=0)
        place = np.minimum(place, BINS - 1)
        inside = values[place, devices]
        share = (wanted - (total[place, devices] - inside)) / np.maximum(inside, 1)
        octave = (place + share) / np.float32(BINS_AN_OCTAVE) + _LOWEST_OCTAVE
        found[row] = np.where(place > 0, np.exp2(octave), 0)
    return found
