"""Parts of entries: exact, and the same whatever the grid."""

from fractions import Fraction
from math import floor

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from energyguard.ledger.spread import cumulated, part, part_bounds, spread
from energyguard.model.readings import Ints
from tests.thorough import examples

YEAR = 366 * 86_400_000


def exact(energy: int, start: int, end: int, border: int) -> int:
    if start == end:
        return energy if border > start else 0
    passed = min(max(border - start, 0), end - start)
    size = floor(Fraction(abs(energy) * passed, end - start))
    return -size if energy < 0 else size


@settings(max_examples=examples(20, 60), deadline=None)
@given(
    st.integers(-(2**62), 2**62),
    st.integers(0, YEAR),
    st.sampled_from([0, 1, 900_000, 30 * 86_400_000, 40 * 86_400_000, 3 * YEAR]),
    st.floats(-0.2, 1.2),
)
@example(2**61 + 12_345, 7, 3 * YEAR, 0.37)
@example(-(2**61) - 12_345, 7, 3 * YEAR, 0.73)
def test_a_part_is_exact_up_to_years(energy: int, start: int, length: int, where: float) -> None:
    border = start + round(length * where)
    columns = [np.array([n], np.int64) for n in (energy, start, start + length)]
    assert part(columns[0], columns[1], columns[2], border)[0] == exact(
        energy, start, start + length, border
    )


@settings(max_examples=examples(13, 40), deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(-(10**12), 10**12), st.integers(0, 10**8), st.integers(0, 10**7)),
        min_size=1, max_size=5,
    ),
    st.sampled_from([60_000, 900_000, 3_600_000]),
)  # fmt: skip
def test_parts_of_any_grid_add_up(entries: list[tuple[int, int, int]], step: int) -> None:
    energy, start, length = np.array(entries, np.int64).T
    parts = spread(energy, start, start + length, step)
    whole = np.zeros_like(energy)
    np.add.at(whole, parts.entry, parts.energy)
    assert (whole == energy).all()
    inside = np.zeros_like(energy)
    np.add.at(inside, parts.entry, parts.inside_ms)
    assert (inside == length).all()
    for n, bucket, found in zip(parts.entry, parts.bucket, parts.energy, strict=True):
        e, s = int(energy[n]), int(start[n])
        borders = [exact(e, s, s + int(length[n]), int(bucket + k) * step) for k in (0, 1)]
        assert found == borders[1] - borders[0]


def by_buckets(entries: tuple[Ints, Ints, Ints], starts: Ints, ends: Ints) -> list[int]:
    """Sums of windows by the buckets that all their borders lie on: exact, and slow."""
    borders = np.concatenate([starts, ends])
    width = int(np.gcd.reduce(borders))
    first, last = int(borders.min()) // width, int(borders.max()) // width
    _, bucket, energy, _ = spread(*entries, width, first, last - 1)
    found = np.zeros(last - first + 1, np.int64)
    np.add.at(found, bucket - first + 1, energy)
    until = np.cumsum(found)
    return list(until[ends // width - first] - until[starts // width - first])


@settings(max_examples=examples(50, 150), deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(-(10**12), 10**12), st.integers(0, 10**5),
            st.sampled_from([0, 1, 2, 900, 15_000]),
        ),
        max_size=12,
    ),
    st.integers(1, 20_000), st.integers(1, 20_000), st.integers(0, 60_000), st.integers(0, 20),
)  # fmt: skip
@example([(7, 0, 0), (5, 4, 0), (10, 0, 4), (10, 0, 4), (3, 1, 900)], 4, 2, 0, 20)
def test_windows_by_their_borders(
    entries: list[tuple[int, int, int]], window: int, slide: int, first: int, windows: int
) -> None:
    """Entries that overlap, points on borders, windows that lie apart or overlap."""
    energy, start, length = np.array(entries, np.int64).reshape(-1, 3).T
    whose = energy, start, start + length
    starts = first + slide * np.arange(windows + 1)
    found = cumulated(*whose, starts + window) - cumulated(*whose, starts)
    assert found.tolist() == by_buckets(whose, starts, starts + window)


def test_days_of_a_gap() -> None:
    energy, start = np.array([49 * 10**9]), np.array([8 * 3_600_000 + 1_800_000])
    parts = spread(energy, start, start + 49 * 3_600_000, 86_400_000)
    assert (parts.energy / 10**9).tolist() == [15.5, 24.0, 9.5]
    low, high = part_bounds(
        energy[parts.entry], energy[parts.entry], parts.inside_ms,
        49 * 3_600_000 - parts.inside_ms, 100_000, 0, 10**8,
    )  # fmt: skip
    assert (low / 10**9).tolist() == [0, 0, 0]
    assert (high / 10**9).tolist() == [49.1, 49.1, 49.1]


def test_bounds_of_a_part() -> None:
    hour = 3_600_000
    energy, quarter = np.array([30 * 10**9]), np.array([hour // 4])
    low, high = part_bounds(energy, energy, quarter, quarter, 100_000, 20_000, 10**7)
    assert (low[0] / 10**9, high[0] / 10**9) == (30 - 25 - 0.01, 25)
    low, high = part_bounds(energy, energy, quarter, np.array([0]), 100_000, 20_000, 10**7)
    assert (low[0], high[0]) == (30 * 10**9, 30 * 10**9)
