"""The registers at the ends of panes, against a matrix that has every row."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from energyguard.stream.windows.panes.panes import Amounts, Panes
from tests.thorough import examples

WIDTH = 6


class _Sums:
    """What each pane of each key has, by itself."""

    def __init__(self) -> None:
        self.of: dict[tuple[int, int], int] = defaultdict(int)

    def window(self, end: int, key: int) -> int:
        return sum(self.of[pane, key] for pane in range(end - WIDTH, end))


# of many keys rows grow by single ones
@pytest.mark.parametrize(("keys", "rounds"), [(3, 300), (400, examples(60, 300))])
def test_windows_are_the_sums_of_their_panes(keys: int, rounds: int) -> None:
    chance = np.random.default_rng(keys)
    panes, sums, closed = Panes(15_000), _Sums(), 100
    panes.begin(closed + 1 - WIDTH)
    for _ in range(rounds):
        head = max(panes.head, closed) + int(chance.integers(0, 9))
        panes.reach(head, keys := keys + int(chance.integers(0, 2)))
        n = int(chance.integers(0, 8))
        pane = chance.integers(panes.base + 1, head + 1, n)
        key, amount = chance.integers(0, keys, n), chance.integers(-5, 50, n)
        panes.add(Amounts(key, pane, amount))
        for each in zip(pane.tolist(), key.tolist(), amount.tolist(), strict=True):
            sums.of[each[:2]] += each[2]
        if chance.random() < 0.1:
            gone = chance.random(keys) < 0.3
            panes.clear(gone)
            sums.of = defaultdict(int, {at: v for at, v in sums.of.items() if not gone[at[1]]})
        ends = np.arange(closed + 1, head + 2)
        wanted = [[sums.window(end, one) for one in range(keys)] for end in ends.tolist()]
        assert panes.windows(ends, WIDTH).tolist() == wanted
        closed = max(closed, head - int(chance.integers(0, 6)))
        panes.forget(closed + 1 - WIDTH)


def test_rows_between_which_nothing_grew_are_one_array() -> None:
    panes = Panes(15_000)
    panes.begin(0)
    panes.reach(240, 1_000)  # an hour, in which a meter sent one reading
    panes.add(Amounts(np.arange(1_000), np.full(1_000, 120), np.ones(1_000, np.int64)))
    assert len({id(row) for row in panes._rows}) == 2
