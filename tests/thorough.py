"""How much of what is dear each run shows: a part each time, all of it in `make test-all`."""

from __future__ import annotations

import os
from typing import Final

import pytest

THOROUGH: Final = "THOROUGH" in os.environ
"""Whether this is `make test-all`."""


def examples(each_time: int, of_all: int) -> int:
    """How many examples a property is given."""
    return of_all if THOROUGH else each_time


def first_of(number: int) -> list[object]:
    """Seeds that take more than a second each: the first each time."""
    return [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, number))]
