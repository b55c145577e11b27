"""Any faults, put into a true consumption: the total is right, and the bounds hold it."""

import gzip
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import csv

from energyguard.model.readings import Ints
from tests.ledger.faults import (
    LASTING,
    NAMES,
    PASSING,
    FaultyRegister,
    Meter,
    planned_faults,
)  # fmt: skip
from tests.ledger.folding import MINUTE, MONDAY, REGISTER, Row, ledger_of, take
from tests.thorough import examples

CADENCES = (2_000, 15_000, MINUTE, 15 * MINUTE, 60 * MINUTE)


def home(
    chance: np.random.Generator, cadence: int, length: int, resolution: int
) -> tuple[Ints, Ints]:
    """Times and the true register of a home: rests, loads that come and go, readings that lack."""
    step = cadence + chance.integers(-cadence // 50, cadence // 50 + 1, length)
    step[chance.random(length) < 0.02] *= 9
    load_w = np.repeat(chance.choice([60, 90, 250, 1_500, 6_000], length // 7 + 1), 7)[:length]
    use = load_w * step * 5 // 18 + chance.integers(0, 10**5, length)
    true = 5_000 * 10**9 + np.cumsum(use)
    return MONDAY + np.cumsum(step), true // resolution * resolution


def home_with_faults(seed: int, cadence: int, resolution: int, kinds: list[str]) -> FaultyRegister:
    """A home's register with these faults."""
    chance = np.random.default_rng(seed)
    time, true = home(chance, cadence, 240, resolution)
    return Meter(chance, time, true, resolution).suffer(planned_faults(chance, len(time), kinds))


def fold(register: FaultyRegister) -> list[Row]:
    ledger = ledger_of(REGISTER)
    rows: dict[tuple[int, int], Row] = {}
    take(
        ledger,
        rows,
        ledger.fold(np.zeros(len(register.time), np.int64), register.time, register.shown),
    )
    take(ledger, rows, ledger.end())
    return [rows[identity] for identity in sorted(rows)]


@settings(max_examples=examples(20, 60), deadline=None, derandomize=True)
@given(
    st.integers(0, 2**32),
    st.sampled_from(CADENCES),
    st.sampled_from([10**6, 10**7, 10**8]),
    st.lists(st.sampled_from(PASSING + LASTING), max_size=12),
)
def test_totals_are_right_and_inside_their_bounds(
    seed: int, cadence: int, resolution: int, kinds: list[str]
) -> None:
    register = home_with_faults(seed, cadence, resolution, kinds)
    rows = fold(register)
    assert len(rows) == len(register.time), "one reading, one entry"
    assert min(row[4] for row in rows) >= 0
    energy = sum(row[4] for row in rows)
    chains = resolution * (1 + sum(kind in LASTING for kind, _ in register.faults))
    assert register.used - register.unknown - chains <= energy <= register.used + chains
    low, high = sum(row[5] for row in rows), sum(row[6] for row in rows)
    assert low - chains <= register.used <= high + chains


HOUSEHOLDS = Path(__file__).parents[3] / "shared" / "data" / "household_2s"
needs_data = pytest.mark.skipif(
    not HOUSEHOLDS.exists(), reason="the real measurements are not beside the checkout"
)


def household(path: Path) -> tuple[Ints, Ints]:
    """Times (ms) and the register (1e-9 kWh) of a real home's day, every 2 s."""
    with gzip.open(path) as file:
        table = csv.read_csv(file, csv.ReadOptions(skip_rows=1))
    register = np.asarray(table.column("energy"), np.int64) // 10
    return np.asarray(table.column("timestamp"), np.int64), register


def household_with_faults(path: Path, seed: int) -> FaultyRegister:
    """A home's day with at least 20 faults of each kind, some at its ends and side by side."""
    chance = np.random.default_rng(seed)
    time, true = household(path)
    planned = planned_faults(chance, len(time), 26 * (*PASSING, *LASTING))
    planned |= {0: "zero", len(time) - 1: "zero", len(time) - 2: "dip"}
    return Meter(chance, time, true, 1).suffer(planned)


@needs_data
@pytest.mark.data
@pytest.mark.parametrize("home", [0, 4])
def test_a_real_day_with_two_hundred_faults(home: int) -> None:
    register = household_with_faults(sorted(HOUSEHOLDS.glob("*.csv.gz"))[home], seed=home)
    count = Counter(kind for kind, _ in register.faults)
    assert len(register.faults) > 200
    assert min(count[kind] for kind in (*PASSING, *LASTING)) >= 20, count
    rows = fold(register)
    energy = sum(row[4] for row in rows)
    watt_hour = 10**6
    assert register.used - register.unknown - watt_hour <= energy <= register.used + watt_hour
    assert register.unknown < register.used // 10
    assert sum(row[5] for row in rows) <= register.used <= sum(row[6] for row in rows)
    right = sum(rows[n][7] == NAMES[kind] for kind, n in register.faults if kind != "digit")
    assert right >= 0.95 * (len(register.faults) - count["digit"])
