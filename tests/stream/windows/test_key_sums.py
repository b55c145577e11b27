"""Sums of windows of many keys are those of each window, and none above a level is missed."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from energyguard.stream.windows.panes.key_sums import MARGIN, KeySums, overlapping, pace_of
from energyguard.stream.windows.panes.spreading import sums_of
from tests.thorough import examples

SLIDE, WINDOW, LAST = 10, 60, 200
Step = tuple[int, int, int]
steps = st.lists(
    st.tuples(st.integers(0, 90), st.integers(0, 90), st.integers(-20, 1000)),
    min_size=1,
    max_size=8,
)


def entries_of(keys: list[list[Step]]) -> tuple[np.ndarray, ...]:
    """Key, start, end and energy of entries: of each key gaps, lengths and energies."""
    rows = []
    for key, parts in enumerate(keys):
        time = 1000
        for gap, length, energy in parts:
            rows.append((key, time + gap, time + gap + length, energy))
            time += gap + max(length, 1)
    return tuple(np.array(rows, np.int64).T)


@settings(max_examples=examples(20, 60), deadline=None)
@given(st.lists(steps, min_size=1, max_size=3), st.integers(0, 900), st.integers(90, 150))
def test_windows_above_a_level(keys: list[list[Step]], level: int, first: int) -> None:
    key, start, end, energy = entries_of(keys)
    sums, count = KeySums(key, start, end, energy), len(keys)
    begins, last = np.full(count, first), np.full(count, LAST)
    turns = sums.turns((begins, last + 1), SLIDE, WINDOW)
    above = sums.above(turns, np.full(count, level), last, SLIDE, WINDOW)
    ends = np.arange(first, LAST + 1)
    for k in range(count):
        mine = key == k
        each = sums_of((start[mine], end[mine], energy[mine]), ends * SLIDE, WINDOW)
        assert turns.total[turns.key == k].max() >= each.max() - MARGIN
        assert above.end[above.key == k].tolist() == ends[each > level].tolist()
        assert above.total[above.key == k].tolist() == each[each > level].tolist()
        if (length := (end - start)[mine]).min() >= WINDOW:
            assert each.max() <= pace_of(energy[mine], length, WINDOW).max()


def test_who_overlaps() -> None:
    key, start, end = np.array([[0, 0, 1, 1, 2], [10, 20, 10, 19, 10], [20, 30, 20, 29, 20]])
    assert overlapping(key, start, end, np.array([0, 0, 0])).tolist() == [False, True, False]
    assert overlapping(key, start, end, np.array([11, 0, 10])).tolist() == [True, True, False]


def test_no_window_in_long_entries_has_more_than_their_pace() -> None:
    energy, length = np.array([1_200_000, -5, 0]), np.array([2 * WINDOW, WINDOW, WINDOW])
    assert pace_of(energy, length, WINDOW).tolist() == [600_000 + MARGIN, MARGIN, MARGIN]
