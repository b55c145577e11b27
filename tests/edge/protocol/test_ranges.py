"""Sets of offsets, held against Python's sets."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from energyguard.edge.protocol.ranges import Ranges
from energyguard.records.edges import HeldRange

pairs = st.tuples(st.integers(0, 40), st.integers(0, 12)).map(lambda p: (p[0], p[0] + p[1]))
steps = st.lists(st.tuples(st.booleans(), pairs), max_size=30)


@given(steps, pairs)
def test_ranges_are_sets(steps: list[tuple[bool, tuple[int, int]]], look: tuple[int, int]) -> None:
    ranges, model = Ranges(), set[int]()
    for is_added, (first, following) in steps:
        offsets = {*range(first, following)}
        if is_added:
            touched = any(o in model for o in range(first - 1, following + 1))
            assert first == following or ranges.touches(first, following) == touched
            assert ranges.add(first, following) == len(offsets - model)
            model |= offsets
        else:
            ranges.remove(first, following)
            model -= offsets
        assert {o for r in ranges for o in range(r.first, r.next)} == model
        found = list(ranges)
        assert all(a.next < b.first for a, b in pairwise(found))
        assert all(r.first < r.next for r in found)
        assert ranges.count() == len(model)
        assert ranges.end == max(model, default=-1) + 1
    gaps = list(ranges.missing(*look))
    assert {o for r in gaps for o in range(r.first, r.next)} == {*range(*look)} - model
    assert all(a.next < b.first for a, b in pairwise(gaps))
    free = next(o for o in range(look[0], 200) if o not in model)
    assert ranges.first_missing(look[0]) == free


def test_a_copy_is_another_set() -> None:
    one = Ranges([HeldRange(0, 3)])
    other = one.copy()
    other.add(3, 5)
    assert list(one) == [HeldRange(0, 3)]
    assert list(other) == [HeldRange(0, 5)]
    assert one != other
