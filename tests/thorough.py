"""How much of what is dear each run shows: a part each time, all of it in `make test-all`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
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


class EachTime:
    """Which seeds and planted bugs of a test run each time: the first, with all else it is given.

    They are told apart by their values: pytest numbers the calls of a test, so that the third of
    several channels with one seed would be taken for a third seed.
    """

    MAX_NUMBERS: Final[Mapping[str, int]] = {"seed": 1, "plant": 4}

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], list[object]] = {}

    def has(self, test: str, parameters: Mapping[str, object]) -> bool:
        """Whether these parameters of a test are for each time; asked in their order."""
        return all(
            self._number(test, name, parameters) < limit for name, limit in self.MAX_NUMBERS.items()
        )

    def _number(self, test: str, name: str, parameters: Mapping[str, object]) -> int:
        if name not in parameters:
            return 0
        known = self._known.setdefault((test, name), [])
        if parameters[name] not in known:
            known.append(parameters[name])
        return known.index(parameters[name])


Case = Mapping[str, object]
"""A test's parameters by their names."""


def covering(cases: Sequence[Case], also: Iterable[Case] = ()) -> list[int]:
    """Of a test's cases a few, by their places, in which each value of each parameter is.

    Args:
        cases: what ``parametrize`` makes of all its values.
        also: values that are dangerous together; a case with each of these is among them, too.
    """
    found: list[int] = []
    missing: list[Case] = [{name: value} for case in cases for name, value in case.items()]
    missing += also
    while missing:
        met = [sum(_has(case, wanted) for wanted in missing) for case in cases]
        at = met.index(max(met))
        if not met[at]:
            raise ValueError(f"no case has {missing[0]}")
        found.append(at)
        missing = [wanted for wanted in missing if not _has(cases[at], wanted)]
    return sorted(found)


def _has(case: Case, wanted: Case) -> bool:
    return all(name in case and case[name] == value for name, value in wanted.items())
