"""Lives of log, worker and history, and proof that the checks see what they are for."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import structlog

from energyguard.log.sqlite.log import SqliteLog
from tests.simulation.counting.__main__ import lived, shrunk
from tests.simulation.counting.bugs import BUGS, the_last_of_an_identity_counts
from tests.simulation.counting.checks import faults
from tests.simulation.counting.life import Life

SEEDS = int(os.environ.get("SEEDS", "5"))
SLOW_SEEDS = 1_000
AT_ONCE = 5

Patch = pytest.MonkeyPatch
Plant = Callable[[Patch], None]


def check(first: int) -> None:
    for seed in range(first, first + AT_ONCE):
        found = lived(seed)
        assert not found, f"seed {seed} (Life({seed}).run() replays it): {found[:3]}"


@pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE))
def test_all_counts_once_whatever_happens(first: int) -> None:
    check(first)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(SEEDS, max(SEEDS, SLOW_SEEDS), AT_ONCE))
def test_and_so_it_does_a_thousand_times(first: int) -> None:
    check(first)


def test_over_a_log_in_a_file(tmp_path: Path) -> None:
    crashes = 0
    for seed in range(2):
        with structlog.testing.capture_logs():
            path = tmp_path / f"{seed}.db"
            life = Life(seed, new_log=partial(SqliteLog, path))
            life.run()
            found = faults(life)
        life.log.close()
        assert not found, f"seed {seed}: {found[:3]}"
        crashes += life.crashes
    assert crashes


def test_a_seed_replays() -> None:
    crashes = 0
    for seed in range(2):
        first, second = Life(seed), Life(seed)
        with structlog.testing.capture_logs():
            first.run()
            second.run()
        assert first.written == second.written
        assert first.tables.rows == second.tables.rows
        crashes += first.crashes
    assert crashes


@pytest.mark.slow
def test_what_a_failing_life_needs_is_little(monkeypatch: Patch) -> None:
    the_last_of_an_identity_counts(monkeypatch)
    seed = next(seed for seed in range(20) if lived(seed))
    cut, found = shrunk(seed)
    assert found
    assert len(cut.meters) == 1
    assert len(Life(seed, cut).sent) < len(Life(seed).sent) // 4


@pytest.mark.slow
@pytest.mark.parametrize("plant", BUGS, ids=lambda bug: bug.__name__)
def test_planted_bug_is_found(plant: Plant, monkeypatch: Patch) -> None:
    plant(monkeypatch)
    for seed in range(BUGS[plant], BUGS[plant] + SLOW_SEEDS):
        if lived(seed):
            return
    pytest.fail(f"{SLOW_SEEDS} seeds, and nobody noticed")
