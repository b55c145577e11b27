"""Readings as they come into slots: the same however they are cut, and as the whole ledger says."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from energyguard.detection.grid import slots_of
from energyguard.detection.running import RunningSlots
from energyguard.detection.slots import HOUR_MS, QUARTER_MS
from energyguard.history.energy.energy_folds import newest_of
from energyguard.ledger.channels import channel_of, plain_channel
from energyguard.ledger.entries import Entries
from energyguard.ledger.ledger import Ledger
from energyguard.model.channels import Kind
from energyguard.model.readings import Ints
from energyguard.stream.windows.snapshot import dump, load
from tests.thorough import examples

START = 1_757_116_800_000  # 2025-09-06T00:00:00Z
HOURS = 40
Slots = dict[tuple[int, int], float]


def readings(kind: Kind, step_ms: int, seed: int, keys: int = 3) -> tuple[Ints, Ints, Ints]:
    """Of meters that are not punctual, lose readings and sometimes send one too early."""
    chance = np.random.default_rng(seed)
    parts: list[tuple[Ints, Ints, Ints]] = []
    for number in range(keys):
        time: Any = np.arange(HOURS * HOUR_MS // step_ms) * step_ms + START
        late = (chance.random(len(time)) < 0.2) * chance.random(len(time)) * 0.6 * step_ms
        time = (time + late.astype(np.int64))[chance.random(len(time)) > 0.03]
        value: Any = np.rint(chance.random(len(time)) * step_ms / HOUR_MS * 2e9)
        value = value.astype(np.int64)
        if kind is Kind.REGISTER:
            value = np.cumsum(value)
            value[len(value) // 4 + 7] += 5 * 10**8  # it is believed until the next one
            value[len(value) // 2 :] -= value[len(value) // 2] // 2  # it begins again
            value[len(value) // 3] += 10**15  # nobody believes it
        parts.append((np.full(len(time), number), time, value))
    key, time, value = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(time, kind="stable")
    return key[order], time[order], value[order]


def running(
    kind: Kind, rows: tuple[Ints, Ints, Ints], cuts: list[int], devices: Sequence[str] = "abc"
) -> Slots:
    """Slots of readings that come in pieces, with a restart after each other piece."""
    key, time, value = rows
    plain = plain_channel(kind)
    make = partial(RunningSlots, kind, lambda key: channel_of(devices[key], plain))
    slots, found = make(), {}
    slots.grow(3)
    for n, (start, stop) in enumerate(zip([0, *cuts], [*cuts, len(key)], strict=True)):
        mine = np.argsort(key[start:stop], kind="stable") + start
        closed = slots.take(key[mine], time[mine], value[mine])
        for at, whose, number, kw in zip(
            closed.at.tolist(), closed.key.tolist(), closed.number.tolist(),
            closed.power_kw.tolist(), strict=True,
        ):  # fmt: skip
            assert (whose, number) not in found
            assert time[mine][at] >= (number + 1) * int(closed.slot_ms[0])
            found[whose, number] = kw
        if n % 2:
            saved = load(dump(slots.save()))
            slots = make()
            slots.grow(3)
            slots.load(saved)
    return found


def whole(kind: Kind, rows: tuple[Ints, Ints, Ints], slot_ms: int) -> Slots:
    """The same of all readings at once, as files are looked at."""
    key, time, value = rows
    order = np.lexsort((time, key))
    ledger = Ledger(kind, lambda _: plain_channel(kind))
    ledger.grow(3)
    entries = newest_of(
        Entries.joined([ledger.fold(key[order], time[order], value[order]), ledger.end()])
    )
    grid = slots_of(replace(entries), ledger.cadence_ms(), slot_ms)
    return {
        (k, grid.first + n): float(kw)
        for k, row in enumerate(grid.power_kw)
        for n, kw in enumerate(row)
    }


def same(a: Slots, b: Slots) -> bool:
    keys = sorted(a)
    return keys == sorted(b) and np.array_equal(
        [a[key] for key in keys], [b[key] for key in keys], equal_nan=True
    )


@pytest.mark.each_value
@pytest.mark.parametrize("kind", [Kind.INTERVAL, Kind.REGISTER, Kind.POWER])
@pytest.mark.parametrize("step_ms", [30_000, QUARTER_MS, HOUR_MS])
def test_how_readings_are_cut_changes_nothing(kind: Kind, step_ms: int) -> None:
    rows = readings(kind, step_ms, 7)
    at_once = running(kind, rows, [])
    known: npt.NDArray[np.bool_] = np.isfinite([*at_once.values()])
    assert known.mean() > 0.5
    for seed in range(examples(1, 3)):
        chance = random.Random(seed)
        many = min(40, len(rows[0]) - 1)
        cuts = sorted(chance.sample(range(1, len(rows[0])), many))
        assert same(running(kind, rows, cuts), at_once)
    few = min(examples(100, 300), len(rows[0]))
    beginning = (rows[0][:few], rows[1][:few], rows[2][:few])
    assert same(running(kind, beginning, [*range(1, few)]), running(kind, beginning, []))


@pytest.mark.parametrize(
    ("kind", "step_ms"),
    [
        (Kind.INTERVAL, QUARTER_MS), (Kind.REGISTER, QUARTER_MS), (Kind.POWER, QUARTER_MS),
        (Kind.REGISTER, 30_000), (Kind.POWER, 30_000),
    ],
)  # fmt: skip
def test_a_known_slot_has_what_the_whole_ledger_says(kind: Kind, step_ms: int) -> None:
    """Points of intervals are not the same: a slot has what its border's reading speaks of."""
    rows = readings(kind, step_ms, 3, 3 if step_ms == QUARTER_MS else 1)
    found, expected = running(kind, rows, []), whole(kind, rows, QUARTER_MS)
    both = [key for key, kw in found.items() if np.isfinite([kw, expected[key]]).all()]
    assert len(both) > 0.8 * len(found)
    assert [found[key] for key in both] == pytest.approx([expected[key] for key in both])


def test_what_is_fed_in_is_below_0_by_the_name_of_its_register() -> None:
    rows, cuts = readings(Kind.REGISTER, QUARTER_MS, 3), [*range(7, 400, 7)]
    used = running(Kind.REGISTER, rows, cuts)
    found = running(Kind.REGISTER, rows, cuts, ["a", "b/export", "c"])
    assert min(kw for (key, _), kw in used.items() if key == 1) > 0
    assert same(found, {of: -kw if of[0] == 1 else kw for of, kw in used.items()})
