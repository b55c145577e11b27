"""Versions, and the clock that makes them: never back, never far ahead."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energyguard.clock import ManualClock
from energyguard.errors import Conflict
from energyguard.store.version import DRIFT_MS, HybridClock, Version

NOON = 1_757_160_000_000
versions = st.builds(
    Version, st.integers(0, 2**63 - 1), st.integers(0, 2**63 - 1), st.text(max_size=20)
)


@given(versions)
def test_a_version_is_read_as_it_was_written(version: Version) -> None:
    assert Version.parse(str(version)) == version


@pytest.mark.parametrize("text", ["", "1", "1.x", "-1.0", "1.0@", "1.0 @a"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(Conflict, match="no version"):
        Version.parse(text)


@given(st.lists(st.one_of(st.integers(-10_000, 10_000), st.just(None)), max_size=40))
def test_versions_only_grow_whatever_the_clock_does(steps: list[int | None]) -> None:
    """The wall clock may be set back; other nodes may be ahead within the bound."""
    clock = ManualClock(NOON)
    mine = HybridClock("a", clock)
    made = [mine.next()]
    for step in steps:
        if step is None:
            mine.see(Version(clock.now_ms() + DRIFT_MS, 7, "b"))
        else:
            clock.sleep(step / 1000)
        try:
            made.append(mine.next())
        except Conflict:  # the clock was set back further than others would bear
            assert mine.last.major > clock.now_ms() + DRIFT_MS
    assert made == sorted(set(made))
    assert mine.last >= made[-1]


def test_two_nodes_never_make_the_same() -> None:
    clock = ManualClock(NOON)
    assert HybridClock("a", clock).next() != HybridClock("b", clock).next()


def test_a_version_far_ahead_is_refused_and_not_remembered() -> None:
    clock = ManualClock(NOON)
    mine = HybridClock("a", clock)
    with pytest.raises(Conflict, match="501 ms ahead"):
        mine.see(Version(NOON + DRIFT_MS + 1, 0, "b"))
    assert mine.next() == Version(NOON, 0, "a")


def test_a_node_goes_on_above_what_it_had_made() -> None:
    clock = ManualClock(NOON)
    last = Version(NOON + 100, 3, "a")
    assert HybridClock("a", clock, last).next() == Version(NOON + 100, 4, "a")
