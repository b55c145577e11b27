"""Planted mutants stay killed, wherever their module has moved."""

from __future__ import annotations

import pytest

from tests.golden.mutants import MUTANTS, PACKAGE, ROOT, place_of, survivors


def test_there_are_enough_of_them_and_each_has_a_place() -> None:
    assert len(MUTANTS) >= 40
    assert len({place_of(mutant.text, ROOT / PACKAGE) for mutant in MUTANTS}) >= 10


@pytest.mark.slow
def test_no_mutant_survives() -> None:
    assert survivors() == []
