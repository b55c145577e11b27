"""What a run leaves to `make test-all` is seeds, and nothing that stands beside them."""

from __future__ import annotations

import pytest

from tests.thorough import EachTime, covering

CHANNELS = ("energy", "register", "power")


@pytest.mark.parametrize("inner", ["seed", "channel"])
def test_of_the_seeds_the_first_is_run_with_every_other_parameter(inner: str) -> None:
    calls = [{"seed": seed, "channel": channel} for channel in CHANNELS for seed in (5, 9)]
    calls.sort(key=lambda call: call["seed"] if inner == "channel" else 0)
    each_time, another = EachTime(), EachTime()
    kept = [call for call in calls if each_time.has("test_it", call)]
    assert kept == [{"seed": 5, "channel": channel} for channel in CHANNELS]
    assert another.has("test_that", {"seed": 9})
    assert another.has("test_it", {"channel": "power"})


def test_of_planted_bugs_four_are_met() -> None:
    each_time = EachTime()
    bugs = [str, int, list, dict, set]
    assert [each_time.has("test_it", {"plant": bug}) for bug in bugs] == [True] * 4 + [False]


def test_each_value_is_in_one_of_the_calls_that_are_kept() -> None:
    calls = [{"kind": kind, "by": by} for kind in CHANNELS for by in ("low", "high")]
    kept = [calls[at] for at in covering(calls)]
    assert len(kept) == 3
    assert {call["kind"] for call in kept} == {*CHANNELS}
    assert {call["by"] for call in kept} == {"low", "high"}


def test_what_is_dangerous_together_is_kept_together() -> None:
    calls = [{"kind": kind, "by": by} for kind in CHANNELS for by in ("low", "high")]
    pairs = [{"kind": "power", "by": by} for by in ("low", "high")]
    kept = [calls[at] for at in covering(calls, pairs)]
    assert all(pair in kept for pair in pairs)
    assert len(kept) == 4
    with pytest.raises(ValueError, match="no case has"):
        covering(calls, [{"kind": "power", "by": "middle"}])
