"""Simulated homes to learn from: what people, fridges, heat pumps and holidays do to a meter.

Nothing here was fitted to a measured home. Each home draws its own habits, so that scores learn
what homes differ in: bases, cycles, peaks by hour, working and free days, coarse meters, days
away. It also draws how *wild* it is: how often something seldom happens, how often habits change,
how far days differ; few are very much. Rarities are counted on such streams, so these must be as
unruly as life.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]
Days = npt.NDArray[np.int64]
Chance = np.random.Generator
AN_HOUR: Final = 4


def simulated_homes(homes: int, weeks: int, chance: Chance) -> Values:
    """(homes, slots of 15 min from a Monday on) mean kW."""
    return np.stack([_home(weeks * 168 * AN_HOUR, chance) for _ in range(homes)])


def _home(slots: int, chance: Chance) -> Values:
    hour = np.arange(slots) / AN_HOUR
    of_day, day = hour % 24, (hour // 24).astype(int)
    wild = min(float(chance.lognormal(0, 0.8)), 5.0)
    if chance.random() < 0.1:
        power = _premises(of_day, day, wild, chance)
    else:
        power = _lived_in(hour, of_day, day, wild, chance)
    if chance.random() < 0.2:
        power = power - _sun(of_day, day, chance)
    step = chance.choice([0.0, 0.01, 0.04, 0.1], p=[0.3, 0.45, 0.2, 0.05])
    power = np.maximum(power, 0)
    return np.round(power / step) * step if step else power


def _lived_in(hour: Values, of_day: Values, day: Days, wild: float, chance: Chance) -> Values:
    """A home: what is on, what people switch on, what they seldom do, when they are away."""
    slots, free = len(day), day % 7 >= 5
    base = chance.lognormal(-2.7, 0.8)
    always = base * _epochs(day, 25 / wild, 0.15 * wild, chance)
    power = always * (1 + 0.05 * chance.standard_normal(slots)) + _cycles(slots, chance)
    busy = _busy(of_day, free, day, wild, chance)
    for _ in range(chance.integers(3, 9)):  # what people switch on
        size, hours = chance.lognormal(-0.3, 0.8), chance.lognormal(-0.6, 0.7)
        habit = _epochs(day, 15 / wild, 0.3 * wild, chance)
        power += size * _switched(busy * habit, chance.uniform(0.3, 4), hours, chance)
    for _ in range(chance.poisson(1.5 * wild)):  # what they seldom do: guests, a sauna, a saw
        size, hours = chance.lognormal(0.3, 0.8), chance.lognormal(0.5, 0.9)
        at_any_time = busy if chance.random() < 0.7 else np.ones(slots)
        power += size * _switched(at_any_time, chance.uniform(0.02, 0.2), hours, chance)
    for _ in range(chance.poisson(0.5 * wild)):  # what stays on for days: a heater, a dryer
        size, hours = base + chance.lognormal(-1.5, 0.8), chance.lognormal(3, 0.8)
        power += size * _switched(np.ones(slots), chance.uniform(0.01, 0.05), hours, chance)
    if chance.random() < 0.45:
        power += _heat_pump(of_day, day, chance)
    for likely in (0.3, 0.2):  # a boiler at night; a car
        if chance.random() < likely:
            power += _filled_up(of_day, day, wild, chance)
    away = _away(day, wild, chance)
    power = np.where(away, always + (power - always) * chance.uniform(0, 0.2), power)
    return np.asarray(power * (1 + chance.uniform(-0.25, 0.25) * hour / hour[-1]))  # a season


def _premises(of_day: Values, day: Days, wild: float, chance: Chance) -> Values:
    """A shop, an office, a workshop: open by a timetable, with exceptions."""
    opens, closes = chance.normal(7.5, 1), chance.normal(18, 2)
    days = chance.integers(5, 8)
    late = chance.normal(0, 0.2 * wild, day[-1] + 1)
    late += (chance.random(day[-1] + 1) < 0.03 * wild) * chance.uniform(1, 6, day[-1] + 1)
    works = (day % 7 < days) ^ (chance.random(day[-1] + 1) < 0.02 * wild)[day]
    is_open = works & (of_day > opens - 0.3 * late[day]) & (of_day < closes + late[day])
    base, size = chance.lognormal(-1, 1), chance.lognormal(0.7, 1)
    level = _epochs(day, 20 / wild, 0.1 * wild, chance)
    noise = 1 + chance.uniform(0.02, 0.2) * chance.standard_normal(len(day))
    warmth = 1 + 0.3 * np.cumsum(chance.standard_normal(day[-1] + 1))[day] / np.sqrt(day[-1] + 1)
    return np.asarray((base + size * is_open * level * np.clip(warmth, 0.3, 2)) * noise)


def _sun(of_day: Values, day: Days, chance: Chance) -> Values:
    """What a roof gives: what is left of it the meter does not see."""
    half = chance.uniform(4, 7)
    height = np.maximum(np.cos((of_day - 12.5) / half * np.pi / 2), 0) * (abs(of_day - 12.5) < half)
    clear = chance.beta(0.8, 0.8, day[-1] + 1)[day]
    clouds = np.clip(clear + 0.2 * chance.standard_normal(len(day)), 0.03, 1)
    return np.asarray(chance.uniform(1, 9) * height * clouds)


def _filled_up(of_day: Values, day: Days, wild: float, chance: Chance) -> Values:
    """A boiler or a car: at much the same hour, for as long as it takes, on some days."""
    start, size = chance.choice([22.0, 1.0, 19.0, 4.0]), chance.uniform(2, 9)
    days = day[-1] + 1
    on = chance.random(days) < chance.uniform(0.2, 1)
    shift = chance.normal(0, 0.5 * wild * chance.random(), days)
    length = chance.uniform(0.7, 4) * chance.lognormal(0, 0.15 + 0.2 * wild * chance.random(), days)
    return np.asarray(size * (on[day] & ((of_day - start - shift[day]) % 24 < length[day])))


def _epochs(day: Days, mean_days: float, wide: float, chance: Chance) -> Values:
    """(slots,) a level that stays for some days, then is another: habits change."""
    new = chance.random(day[-1] + 1) < 1 / mean_days
    levels = chance.lognormal(0, min(wide, 1.0), day[-1] + 1)
    return np.asarray(levels[np.maximum.accumulate(np.where(new, np.arange(len(new)), 0))][day])


def _busy(
    of_day: Values, free: npt.NDArray[np.bool_], day: Days, wild: float, chance: Chance
) -> Values:
    """How likely people are to switch something on, by the hour; 1 on average."""
    days = day[-1] + 1
    shift = chance.normal(0, 0.3 * wild, days) + 3 * (chance.random(days) < 0.02 * wild)
    of_day = (of_day - shift[day]) % 24
    morning, evening = chance.normal(7, 1), chance.normal(19, 1.5)
    rise = np.exp(-((of_day - morning - 1.5 * free) ** 2) / chance.uniform(1, 6))
    dine = np.exp(-((of_day - evening) ** 2) / chance.uniform(3, 12))
    noon = (0.3 + 0.7 * free) * np.exp(-((of_day - 12.5) ** 2) / 5) * chance.uniform(0, 1.5)
    awake = 0.35 * ((of_day > 7) & (of_day < 23)) + 0.03
    found = chance.uniform(0.3, 1.2) * rise + dine + noon + awake * chance.uniform(0.3, 1.5)
    found = found * chance.lognormal(0, 0.15 + 0.15 * wild, days)[day]
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


def _heat_pump(of_day: Values, day: Days, chance: Chance) -> Values:
    """Runs longer on cold days, which come in spells; some rest at night."""
    cold = np.cumsum(chance.standard_normal(day[-1] + 1)) * 0.15
    duty = np.clip(chance.uniform(0.2, 0.6) + cold - cold.mean(), 0.02, 1)[day]
    if chance.random() < 0.5:
        duty = duty * np.where((of_day > 5.5) & (of_day < 22), 1, 0.4)
    period = chance.uniform(1.5, 5) * AN_HOUR
    phase = np.cumsum(1 + 0.15 * chance.standard_normal(len(day))) / period
    return np.asarray(chance.uniform(0.8, 3.5) * (phase % 1 < duty))


def _away(day: Days, wild: float, chance: Chance) -> npt.NDArray[np.bool_]:
    """When nobody is there: days, hours, a holiday; some homes are lived in now and then."""
    days = day[-1] + 1
    away = chance.random(days) < 0.02 * wild
    if chance.random() < 0.4:
        start = chance.integers(0, days)
        away[start : start + chance.integers(3, 15)] = True
    if chance.random() < 0.06:
        for start in range(0, days, 14):
            away[start : start + chance.integers(3, 14)] = True
    found = away[day]
    slots = np.arange(len(day))
    for _ in range(chance.poisson(wild * days / 40)):
        start = chance.integers(0, len(day))
        found = found | ((slots >= start) & (slots < start + chance.integers(12, 96)))
    return np.asarray(found)
