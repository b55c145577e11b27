"""What windows hold at least and at most, counted by hand."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energyguard.ledger.bounds import BoundedEntries, parts_in, spoken_by_points, window_bounds
from energyguard.ledger.channels import EnergyChannel
from energyguard.ledger.entries import EntryKind
from energyguard.ledger.spread import spread
from energyguard.model.channels import Kind
from tests.thorough import examples

HOUR, KWH, STEP = 3_600_000, 10**9, 10**7
HOME = EnergyChannel(Kind.REGISTER, 10_000, 0, STEP)
PANELS = HOME._replace(largest_export_w=4_000)


def entries(*rows: tuple[float, float, float, float, float, EntryKind]) -> BoundedEntries:
    """From, to (hours), energy, low, high (kWh), kind."""
    columns = (
        (round(a * HOUR), round(b * HOUR), *(round(x * KWH) for x in (e, low, high)), kind)
        for a, b, e, low, high, kind in rows
    )
    return BoundedEntries(*np.array(list(columns), np.int64).reshape(-1, 6).T)


DIFFERENCE = entries((0, 1, 2, 2, 2, EntryKind.DIFFERENCE))
CUT = entries((0, 1, 8, 8, 8, EntryKind.DIFFERENCE), (1, 2, 1, 1, 1, EntryKind.DIFFERENCE))
SWAPPED = entries(
    (0, 0.25, 0.5, 0.5, 0.5, EntryKind.DIFFERENCE),
    (0.25, 0.5, 0, 0, 2.5, EntryKind.SWAP),
    (0.5, 1, 1, 1, 1, EntryKind.DIFFERENCE),
)


@pytest.mark.parametrize(
    ("found", "channel", "end", "hours", "expected"),
    [
        (DIFFERENCE, HOME, 1, 1, (2, 1.99, 2.01)),  # whole: give or take one step
        (DIFFERENCE, HOME._replace(resolution=0), 1, 1, (2, 2, 2)),
        (DIFFERENCE, HOME._replace(kind=Kind.POWER), 1, 1, (2, 2, 2)),
        (DIFFERENCE, HOME, 2, 2, (2, 1.99, 12.01)),  # and an hour that nobody speaks of
        (DIFFERENCE, PANELS, 2, 2, (2, -2.01, 12.01)),
        (DIFFERENCE, HOME, 0.5, 0.5, (1, 0, 2.02)),  # a part: all may be in it, or nothing
        (CUT, HOME, 1.5, 1, (4.5, 2.98, 6.02)),  # half of 8 kWh is at least 3, of 1 at least 0
        (SWAPPED, HOME, 1, 1, (1.5, 1.48, 4.02)),  # two chains
        (entries(), HOME, 1, 1, (0, 0, 10)),
    ],
)
def test_by_hand(
    found: BoundedEntries,
    channel: EnergyChannel,
    end: float,
    hours: float,
    expected: tuple[float, float, float],
) -> None:
    ends, window = np.array([round(end * HOUR)]), round(hours * HOUR)
    bounds = window_bounds(found, parts_in(found, ends, window), channel, 1, window)
    assert [int(c[0]) / KWH for c in (bounds.energy, bounds.low, bounds.high)] == [*expected]


@settings(max_examples=examples(13, 40), deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 25), st.integers(-50, 90)), max_size=6),
    st.sampled_from([HOME, PANELS, HOME._replace(kind=Kind.INTERVAL)]),
)
def test_windows_side_by_side_are_those_of_a_grid(
    made: list[tuple[int, int, int]], channel: EnergyChannel
) -> None:
    """Points, entries within a window and over several: by any ends, or by the grid's buckets."""
    found = entries(*((a / 4, (a + b) / 4, e, e - 1, e + 1, EntryKind.GAP) for a, b, e in made))
    ends = np.arange(1, 18) * HOUR
    grid = spread(found.energy, found.start, found.end, HOUR, 0, 16)
    one, other = (
        window_bounds(found, parts, channel, 17, HOUR)
        for parts in (parts_in(found, ends, HOUR), grid)
    )
    for mine, theirs in zip(one, other, strict=True):
        assert mine.tolist() == theirs.tolist()
    assert (one.low <= one.energy).all()
    assert (one.energy <= one.high).all()


@pytest.mark.parametrize(
    ("left_out", "missing_ms"),
    [
        ((), 0), ((100,), 15_000), (range(100, 140), 600_000), ((239,), 15_000),
        (range(1, 240), 3_600_000),
    ],
    ids=["none", "one", "ten minutes", "the last", "all but one"],
)  # fmt: skip
def test_intervals_that_are_points_speak_of_the_time_to_the_next(
    left_out: Iterable[int], missing_ms: int
) -> None:
    """Each 15 s for an hour; the windows before and after hold nothing."""
    stamps = np.array([n * 15_000 for n in range(240) if n not in {*left_out}])
    found = spoken_by_points(stamps, np.ones(len(stamps), np.int64), 3)
    assert found.tolist() == [0, 3_600_000 - missing_ms, 0]
