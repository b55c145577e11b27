"""Lives of lines between edges and a cloud, and proof that the checks see what they are for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog

from energyguard.edge.cloud import cloud_end, holding, peers
from energyguard.edge.outbox import outbox
from energyguard.edge.uplink import batching, flights, lanes
from tests.simulation.link.bugs import BUGS
from tests.simulation.link.life import Life, faults
from tests.simulation.link.real_outbox import LogEdge

SEEDS = int(os.environ.get("SEEDS", "25"))
SLOW_SEEDS = 1_000
AT_ONCE = 25

Patch = pytest.MonkeyPatch
Plant = Callable[[Patch], None]


@pytest.fixture(autouse=True)
def small(monkeypatch: Patch) -> Iterator[None]:
    """Everything that is counted in bytes or seconds is small: the same code, and shorter lives."""
    for module, name, value in (
        (flights, "BATCH_BYTES", 30),
        (flights, "MIN_WINDOW", 60),
        (batching, "RESERVED", 5),
        (lanes, "MAX_SCATTERED", 6),
        (holding, "MAX_RANGES", 12),
        (cloud_end, "MAX_PENDING", 20_000),
        (cloud_end, "BATCH_BYTES", 600),
        (cloud_end, "COMMIT_BYTES", 2_000),
        (cloud_end, "PLACES_S", 1.0),
        (cloud_end, "HEARTBEAT_S", 1.0),
        (peers, "PEER_SILENT_S", 8.0),
    ):
        monkeypatch.setattr(module, name, value)
    with structlog.testing.capture_logs():  # lines of a log are half of the time
        yield


def lived(seed: int) -> list[str]:
    """What is wrong after the life of a seed."""
    life = Life(seed)
    life.run()
    return list(faults(life))


def check(first: int) -> None:
    for seed in range(first, first + AT_ONCE):
        found = lived(seed)
        assert not found, f"seed {seed} (Life({seed}).run() replays it): {found[:3]}"


@pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE))
def test_each_reading_arrives_once_whatever_happens(first: int) -> None:
    check(first)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(SEEDS, max(SEEDS, SLOW_SEEDS), AT_ONCE))
def test_and_so_it_does_a_thousand_times(first: int) -> None:
    check(first)


@pytest.mark.parametrize("seed", range(min(20, max(2, SEEDS // 50))))
@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_over_the_log_that_an_edge_has(
    kind: str, seed: int, tmp_path: Path, monkeypatch: Patch
) -> None:
    monkeypatch.setattr(outbox, "SPAN_S", -1.0)
    life = Life(seed)
    life.thins = life.is_forgetful = False
    life.can_copy = kind == "sqlite"
    life.edges = [LogEdge(edge, tmp_path if kind == "sqlite" else None) for edge in life.edges]
    life.run()
    for edge in life.edges:
        edge.outbox.flush() if edge.outbox else None
    found = list(faults(life))
    for edge in life.edges:
        edge.crash()
    assert not found, found[:3]
    assert sum(len(edge.disk.ids) for edge in life.edges) > 50


def test_a_seed_replays() -> None:
    first, second = Life(7), Life(7)
    first.run()
    second.run()
    assert first.cloud.disk == second.cloud.disk
    assert len(first.cloud.disk.rows) > 50


@pytest.mark.parametrize("plant", BUGS, ids=lambda bug: bug.__name__)
def test_planted_bug_is_found(plant: Plant, monkeypatch: Patch) -> None:
    plant(monkeypatch)
    first = BUGS[plant]
    for seed in range(first, first + SLOW_SEEDS):
        try:
            found = lived(seed)
        except Exception as error:
            found = [repr(error)]
        if found:
            return
    pytest.fail(f"{SLOW_SEEDS} seeds, and nobody noticed")
