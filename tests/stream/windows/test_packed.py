"""Columns in little room: the same numbers come back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from energyguard.stream.windows.readings.packed import PackedInts

INT64 = st.integers(-(2**63), 2**63 - 1)


@given(st.lists(INT64, max_size=80))
@example([-(2**63), 0, -(2**63)])  # further apart than a number reaches
def test_any_numbers_come_back(numbers: list[int]) -> None:
    values = np.array(numbers, np.int64)
    assert PackedInts.of(values).values().tolist() == numbers


@given(
    st.integers(-(2**40), 2**40),
    st.sampled_from([1, 1_000, 10**6, 15_000]),
    st.lists(st.integers(0, 70_000), min_size=3, max_size=200),
)
def test_multiples_come_back(base: int, unit: int, many: list[int]) -> None:
    values = base + unit * np.array(many, np.int64)
    assert PackedInts.of(values).values().tolist() == values.tolist()


def test_a_unit_that_the_first_numbers_suggest_is_not_believed() -> None:
    values = np.append(np.arange(100) % 7 * 1_000_000, [1_500_000, 1_250_000])
    assert PackedInts.of(values).values().tolist() == values.tolist()


@pytest.mark.parametrize(
    ("values", "room"),
    [
        (np.full(1_000, 1_757_181_242_000), 0),  # readings of one moment
        (np.arange(5_000, 6_000), 0),  # of devices one after the other
        (np.arange(1_000) * 7_919 % 200 * 1_000_000, 1_000),  # some Wh, in 1e-9 kWh
        (10**13 + np.arange(1_000) * 7_919 % 5_000_000 * 1_000_000, 4_000),  # registers
    ],
)
def test_how_much_room_they_take(values: np.ndarray, room: int) -> None:
    small = PackedInts.of(values).small
    assert (0 if small is None else small.nbytes) <= room
