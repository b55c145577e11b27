"""The pieces of roll-ups that cover a range: every minute once, none twice, none besides."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energyguard.history.planner import covering, with_rollups
from energyguard.history.query import query_named

VIEWS = Path(__file__).parents[2] / "deploy/clickhouse/docker-entrypoint-initdb.d/60-questions.sql"
STEPS = (60_000, 2_700_000, 900_000, 3_600_000, 86_400_000, 15_000, 7 * 86_400_000)
TIMES = st.integers(0, 40 * 86_400_000)


@given(TIMES, TIMES, st.sampled_from(STEPS))
def test_every_minute_is_covered_once(start_ms: int, end_ms: int, step_ms: int) -> None:
    pieces = sorted(
        (*piece, seconds)
        for (_, seconds, _), found in covering(start_ms, end_ms, step_ms).items()
        for piece in found
        if piece[0] < piece[1]
    )
    low, high = start_ms // 60_000 * 60, -(-end_ms // 60_000) * 60
    at = low
    for first, end, seconds in pieces:
        assert first == at
        assert first % seconds == end % seconds == 0
        assert seconds == 60 or step_ms % (seconds * 1000) == 0
        at = end
    assert at == max(low, high) or (not pieces and low >= high)


def test_a_range_takes_the_coarsest_it_can() -> None:
    hours = covering(7 * 60_000, 26 * 3_600_000 + 900_000, 86_400_000)
    assert {table: pieces for (table, _, _), pieces in hours.items()} == {
        "rollup_1h": [(3600, 26 * 3600)],
        "rollup_15m": [(900, 3600), (26 * 3600, 26 * 3600 + 900)],
        "rollup_1m": [(420, 900)],
    }


@pytest.mark.parametrize(("start_ms", "end_ms"), [(-(2**61), -5), (2**61, 2**61 + 1), (5, 0)])
def test_a_range_without_a_minute_that_can_be_reads_nothing(start_ms: int, end_ms: int) -> None:
    assert all(low >= high for p in covering(start_ms, end_ms, 60_000).values() for low, high in p)


@pytest.mark.parametrize("name", ["series", "energy", "top", "heatmap", "totals"])
def test_questions_about_energy_name_their_roll_ups(name: str) -> None:
    sql = with_rollups(
        query_named(name).sql, {"start_ms": "0", "end_ms": "60000", "step_ms": "60000"}
    )
    assert "covering(" not in sql
    assert "rollup_1m FINAL" in sql
    assert "rollup_1d" not in sql


def test_a_server_finds_the_ends_of_stays_as_the_embedded_history_does() -> None:
    view = VIEWS.read_text().split("VIEW IF NOT EXISTS stays_ends AS")[1].split(";")[0]
    assert f"({' '.join(view.split())})" in with_rollups("SELECT * FROM stays_ends", {})
