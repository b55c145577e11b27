"""A register's digits, of many at once as of one."""

from __future__ import annotations

import numpy as np
import pytest

from energyguard.ledger.plausible import exponent, exponents

EXACT = 2**53
"""Up to here floats hold every whole number."""


@pytest.mark.parametrize("largest", [EXACT, 9 * 10**18])
def test_the_digits_of_many_are_those_of_each(largest: int) -> None:
    chance = np.random.default_rng(7)
    scale = 10 ** chance.integers(0, 10, 5_000)
    any_digits = chance.integers(0, largest // scale) * scale
    near = (largest // 10**4 - np.arange(500)) * 10**4
    registers = np.concatenate([any_digits, near, near + 1, np.array([0, 1, 10, 10**8, 10**9])])
    registers = registers[registers < largest]
    assert exponents(registers).tolist() == [exponent(register) for register in registers.tolist()]
    assert set(exponents(registers).tolist()) == set(range(9))
