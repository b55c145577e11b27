"""Entries in columns."""

import numpy as np

from energyguard.ledger.entries import Entries, EntryKind


def test_parts_joined_are_the_whole() -> None:
    whole = Entries(*(np.arange(4, dtype=np.int64) + 10 * n for n in range(10)))
    parts = [whole.where(slice(0, 1)), whole.where(np.array([False, True, True, True]))]
    joined = Entries.joined(parts)
    assert len(joined) == 4
    assert all((a == b).all() for a, b in zip(joined.columns(), whole.columns(), strict=True))
    assert len(Entries.joined([])) == len(Entries.none()) == 0


def test_numbers_of_kinds_are_those_of_rows_that_are_kept() -> None:
    assert {kind.name: kind.value for kind in EntryKind} == {
        "FIRST": 1, "INTERVAL": 2, "DIFFERENCE": 3, "GAP": 4, "RESET": 5, "ROLLOVER": 6,
        "SWAP": 7, "DIP": 8, "GLITCH": 9, "CORRECTION": 10,
    }  # fmt: skip
