"""Readings out of order are folded again for many devices at once; nothing else comes of it."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest

from energyguard.model.readings import Bools, batch_from, batch_of
from energyguard.stream.windows.channels import energy_operator
from energyguard.stream.windows.channels.energy_operator import EnergyOperator
from energyguard.stream.windows.episodes.output import Collected
from energyguard.stream.windows.operator import WindowOperator
from energyguard.stream.windows.panes.envelope import (
    Reordered,
    highest_of_amounts,
    highest_of_registers,
    longest_steps,
)
from energyguard.stream.windows.panes.key_entries import KeyEntries
from energyguard.stream.windows.panes.panes import BatchSlice
from energyguard.stream.windows.readings.verdicts import LaneRows
from tests.stream.windows.test_apart import HOUR_MS, LIMITS, START, KeyByKey, Row, rules, told

CHANNELS = ["energy_kwh", "energy_register_kwh", "power_kw"]


def jittered(seed: int, channel: str, devices: int = 5, late_ms: int = 500_000) -> list[Row]:
    """Devices of several rhythms of which every third reading is late; some are near a level."""
    rng = random.Random(seed)
    rows = []
    for device in range(devices):
        step = rng.choice([15_000, 60_000, 300_000, 600_000])
        per_hour = rng.choice([100, 400, 700, 790, 900]) * 1_000_000
        time, register = START + rng.randrange(20_000), 10**12
        for _ in range(min(150, 3 * HOUR_MS // step)):
            time += step + rng.randrange(-1000, 1000)
            value = int(rng.uniform(0.7, 1.3) * per_hour * step / HOUR_MS)
            register += value
            value = {"power_kw": value * HOUR_MS // step, "energy_register_kwh": register}.get(
                channel, value
            )
            comes = time + (rng.random() * late_ms if rng.random() < 0.3 else 0)
            rows.append((comes, f"D{device}", time, value))
    return [row[1:] for row in sorted(rows)]


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("seed", range(2))
def test_the_same_comes_of_it_at_once_and_key_by_key(
    seed: int, channel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = jittered(seed, channel)
    cuts = sorted(random.Random(seed).sample(range(1, len(rows)), 5))
    at_once = told(rows, channel, [], count=1)
    assert told(rows, channel, cuts, count=1) == at_once
    assert told(rows, channel, cuts, restarts=True, count=1) == at_once
    monkeypatch.setattr(energy_operator, "EnergyOperator", KeyByKey)
    assert told(rows, channel, [], count=1) == at_once


@pytest.mark.parametrize("channel", CHANNELS)
def test_only_devices_near_a_level_are_followed_one_by_one(
    channel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed = Counter[str]()
    follow = EnergyOperator._follow_apart

    def counted(
        self: EnergyOperator, apart: Bools, rows: LaneRows, span: BatchSlice, into: Collected
    ) -> dict[int, KeyEntries]:
        followed.update(self.places.devices[key] for key in np.flatnonzero(apart).tolist())
        return follow(self, apart, rows, span, into)

    monkeypatch.setattr(EnergyOperator, "_follow_apart", counted)
    rows = []
    rng = random.Random(1)
    register = dict.fromkeys("AB", 10**12)
    for n in range(300):
        for device, per_hour in (("A", 50), ("B", 780)):
            time = START + n * 60_000 + rng.randrange(1000)
            value = int(rng.uniform(0.9, 1.1) * per_hour * 1_000_000 / 60)
            register[device] += value
            value = {"power_kw": value * 60, "energy_register_kwh": register[device]}.get(
                channel, value
            )
            rows.append((time + rng.choice([0, 0, 200_000]), device, time, value))
    windows = WindowOperator("replay.t", rules(channel)[:1], LIMITS)
    device, time, value = zip(*(row[1:] for row in sorted(rows)), strict=True)
    for start in range(0, len(rows), 100):
        part = slice(start, start + 100)
        windows.process(batch_from(batch_of(device[part], channel, time[part], value[part])))
    assert followed["A"] == 0
    assert channel == "energy_kwh" or followed["B"] > 0


def pieces(rng: random.Random, keys: int) -> tuple[Reordered, list[list[int]]]:
    """Readings of registers of keys; of each key in which order the places of its own came."""
    columns: list[tuple[int, int, int, bool]] = []
    orders = []
    for key in range(keys):
        count = rng.randrange(3, 12)
        times = sorted(rng.sample(range(1, 400), count))
        registers = np.cumsum([rng.randrange(50) for _ in times]).tolist()
        before = rng.randrange(1, count)
        late = list(range(before, count))
        rng.shuffle(late)
        skeleton = set(range(before))
        for n, place in enumerate(late):
            if place > max([before - 1, *late[:n]]):
                skeleton.add(place)
        orders.append([before, *late])
        columns += [(key, times[n], registers[n], n in skeleton) for n in range(count)]
    table = np.array(columns)
    key, time, value, is_skeleton = table.T
    return Reordered(key, time, value, is_skeleton > 0), orders


def within(times: list[int], registers: list[int], end: int, window: int) -> float:
    """What a window holds of the steps between readings, each spread evenly."""
    at = np.interp([end - window, end], times, registers)
    return float(at[1] - at[0])


@pytest.mark.parametrize("seed", range(30))
def test_no_moment_has_more_than_the_envelope(seed: int) -> None:
    rng = random.Random(seed)
    readings, orders = pieces(rng, 5)
    window, decided = rng.choice([20, 60, 150]), rng.randrange(0, 200)
    first = np.diff(readings.key, prepend=-1) > 0
    energy = np.where(first, 0, np.diff(readings.value, prepend=0))
    limits = np.full(5, decided)
    highest = highest_of_registers(readings, energy, window, limits)
    nothing = np.zeros(5, np.int64)
    longest = longest_steps(readings, nothing - 1, nothing)
    for key, (before, *late) in enumerate(orders):
        mine = readings.where(readings.key == key)
        there = list(range(before))
        found = step = 0.0
        for place in (None, *late):
            there = sorted([*there, place]) if place is not None else there
            times, registers = mine.time[there].tolist(), mine.value[there].tolist()
            ends = range(decided + 1, 400 + window)
            found = max(found, *(within(times, registers, end, window) for end in ends))
            step = max(step, *np.diff(times), 0)
        assert found <= highest[key] + 1e-6
        assert highest[key] <= mine.value[-1] - mine.value[0]
        assert step <= longest[key]


@pytest.mark.parametrize("seed", range(10))
def test_amounts_together_within_a_reach(seed: int) -> None:
    rng = np.random.default_rng(seed)
    key = np.sort(rng.integers(0, 4, 60))
    time = rng.integers(0, 500, 60)
    order = np.lexsort((time, key))
    time, amount = time[order], rng.integers(0, 90, 60)
    reach, since = rng.integers(0, 200, 4), rng.integers(0, 300, 4)
    found = highest_of_amounts(key, time, amount, reach, since)
    for k in range(4):
        mine = key == k
        starts = time[mine & (time >= since[k])]
        sums = [amount[mine & (time >= t) & (time <= t + reach[k])].sum() for t in starts]
        assert found[k] == max(sums, default=0)
