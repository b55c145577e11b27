"""What a power can come to, and what a register's digits say of its smallest step."""

from __future__ import annotations

from typing import Final

import numpy as np

from energyguard.model.readings import Ints

UNKNOWN_EXPONENT: Final = 8
"""A register's smallest step is at most 0.1 kWh, 10^8 times 1e-9 kWh, unless somebody says so."""
MAX_POWER_W: Final = 2**31 - 1
MIN_GAP_MS: Final = 15 * 60_000
USUAL_STEPS: Final = 3
_LARGEST = 2**62
_EXACT = 2**53


def reach_ms(power_w: int) -> int:
    """For how long a power's energy is counted: beyond, it would not fit an int64."""
    return _LARGEST // 5 // max(power_w, 1)


def largest_energy(power_w: int, duration_ms: int) -> int:
    """The energy (1e-9 kWh) of a power over a duration, rounded up.

    Of powers and durations that together come to more than 250 GWh it is that: nothing in an
    int64 of 1e-9 kWh is compared with more.
    """
    return (power_w * min(duration_ms, reach_ms(power_w)) * 5 + 17) // 18


def largest_energies(power_w: Ints | int, reach: Ints | int, duration_ms: Ints) -> Ints:
    """``largest_energy`` of many; ``reach`` is ``reach_ms`` of the powers."""
    energies: Ints = (power_w * np.minimum(duration_ms, reach) * 5 + 17) // 18
    return energies


def exponent(register: int) -> int:
    """The largest power of ten that divides a register (1e-9 kWh), at most 0.1 kWh's."""
    found = 0
    while found < UNKNOWN_EXPONENT and register % 10 == 0:
        register //= 10
        found += 1
    return found


def exponents(register: Ints) -> Ints:
    """``exponent`` of many, as int64."""
    found = np.zeros(len(register), np.int64)
    # Floats hold them exactly, as a rule, and are divided far quicker: a quotient that is rounded
    # to a whole number does not give the register again.
    is_exact = register.max(initial=0) < _EXACT and register.min(initial=0) > -_EXACT
    rest = register.astype(np.float64) if is_exact else register
    for digits in (4, 4, 2, 1):
        whole = np.floor(rest / 10**digits) if is_exact else rest // 10**digits
        divides = whole * 10**digits == rest
        if digits < 4:
            divides &= found < UNKNOWN_EXPONENT
        found += np.multiply(divides, digits, dtype=np.int64)
        rest = np.where(divides, whole, rest)
    return found


def is_gap(step_ms: int, usual_ms: int) -> bool:
    """Whether a step is so much longer than the longest usual one that its energy has no time."""
    return usual_ms > 0 and step_ms > max(USUAL_STEPS * usual_ms, MIN_GAP_MS)
