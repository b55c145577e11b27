"""Simulated homes to learn from: what people, fridges, heat pumps and holidays do to a meter.

Nothing here was fitted to a measured home. Each home draws its own habits, so that scores learn
what homes differ in: bases, cycles, peaks by hour, working and free days, coarse meters, days away.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]
Chance = np.random.Generator
AN_HOUR: Final = 4


def simulated_homes(homes: int, weeks: int, chance: Chance) -> Values:
    """(homes, slots of 15 min from a Monday on) mean kW."""
    return np.stack([_home(weeks * 168 * AN_HOUR, chance) for _ in range(homes)])


def _home(slots: int, chance: Chance) -> Values:
    hour = np.arange(slots) / AN_HOUR
    of_day, day = hour % 24, (hour // 24).astype(int)
    free = day % 7 >= 5
    busy = _busy(of_day, free, day, chance)
    base = chance.lognormal(-2.7, 0.8)
    power = base * (1 + 0.05 * chance.standard_normal(slots)) + _cycles(slots, chance)
    for _ in range(chance.integers(3, 9)):  # what people switch on
        size, hours = chance.lognormal(-0.3, 0.8), chance.lognormal(-0.6, 0.7)
        power += size * _switched(busy, chance.uniform(0.3, 4), hours, chance)
    if chance.random() < 0.45:
        power += _heat_pump(of_day, day, chance)
    if chance.random() < 0.25:  # a car, or a boiler at night
        start, size = chance.choice([22.0, 1.0, 19.0]), chance.uniform(2, 7)
        on = chance.random(day[-1] + 1) < chance.uniform(0.2, 1)
        length = chance.uniform(1, 5, day[-1] + 1)
        power += size * (on[day] & ((of_day - start) % 24 < length[day]))
    away = _away(day, chance)
    power = np.where(away, base + (power - base) * chance.uniform(0, 0.2), power)
    power *= 1 + chance.uniform(-0.25, 0.25) * hour / hour[-1]  # a season
    step = chance.choice([0.0, 0.01, 0.04, 0.1], p=[0.3, 0.45, 0.2, 0.05])
    power = np.maximum(power, 0)
    return np.round(power / step) * step if step else power


def _busy(of_day: Values, free: npt.NDArray[np.bool_], day: npt.NDArray[np.int64],
          chance: Chance) -> Values:  # fmt: skip
    """How likely people are to switch something on, by the hour; 1 on average."""
    morning, evening = chance.normal(7, 1), chance.normal(19, 1.5)
    rise = np.exp(-((of_day - morning - 1.5 * free) ** 2) / chance.uniform(1, 6))
    dine = np.exp(-((of_day - evening) ** 2) / chance.uniform(3, 12))
    noon = (0.3 + 0.7 * free) * np.exp(-((of_day - 12.5) ** 2) / 5) * chance.uniform(0, 1.5)
    awake = 0.35 * ((of_day > 7) & (of_day < 23)) + 0.03
    found = chance.uniform(0.3, 1.2) * rise + dine + noon + awake * chance.uniform(0.3, 1.5)
    found = found * chance.lognormal(0, 0.3, day[-1] + 1)[day]
    return np.asarray(found / found.mean())


def _switched(busy: Values, a_day: float, hours: float, chance: Chance) -> Values:
    """(slots,) how much of each slot something is on that starts so often a day."""
    starts = np.flatnonzero(chance.random(len(busy)) < busy * a_day / (24 * AN_HOUR))
    found = np.zeros(len(busy) + 1)
    for start in starts.tolist():
        length = max(hours * chance.lognormal(0, 0.4) * AN_HOUR, 0.1)
        end = min(start + int(length), len(busy) - 1)
        found[start:end] += 1
        found[end] += length % 1
    return np.minimum(found[:-1], 1)


def _cycles(slots: int, chance: Chance) -> Values:
    """A fridge or a circulation pump, on and off all day."""
    period = chance.uniform(0.7, 2.5) * AN_HOUR
    phase = np.cumsum(1 + 0.1 * chance.standard_normal(slots)) / period + chance.random()
    share = np.clip(2.5 * (np.sin(2 * np.pi * phase) + chance.uniform(-0.5, 0.5)), 0, 1)
    return np.asarray(chance.uniform(0.03, 0.2) * share)


def _heat_pump(of_day: Values, day: npt.NDArray[np.int64], chance: Chance) -> Values:
    """Runs longer on cold days, which come in spells; some rest at night."""
    cold = np.cumsum(chance.standard_normal(day[-1] + 1)) * 0.15
    duty = np.clip(chance.uniform(0.2, 0.6) + cold - cold.mean(), 0.02, 1)[day]
    if chance.random() < 0.5:
        duty = duty * np.where((of_day > 5.5) & (of_day < 22), 1, 0.4)
    period = chance.uniform(1.5, 5) * AN_HOUR
    phase = np.cumsum(1 + 0.15 * chance.standard_normal(len(day))) / period
    return np.asarray(chance.uniform(0.8, 3.5) * (phase % 1 < duty))


def _away(day: npt.NDArray[np.int64], chance: Chance) -> npt.NDArray[np.bool_]:
    """Days without people."""
    away = chance.random(day[-1] + 1) < 0.02
    if chance.random() < 0.3:
        start = chance.integers(0, len(away))
        away[start : start + chance.integers(3, 12)] = True
    return np.asarray(away[day])
