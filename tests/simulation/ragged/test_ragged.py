"""Made-up meters: what was used is what history, windows and `evaluate` say, in any bodies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from energyguard.codecs import deliveries
from energyguard.codecs.deliveries import Block
from energyguard.stream.windows.rhythm.patience import Patience
from tests.simulation.ragged.checks import faults
from tests.thorough import THOROUGH

Patch = pytest.MonkeyPatch
SEEDS = range(50) if THOROUGH else range(1)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_was_used_is_what_is_counted(seed: int, tmp_path: Path) -> None:
    assert faults(seed, tmp_path) == []


def windows_wait_for_nothing(patch: Patch) -> None:
    def wait(self: Patience) -> None:
        self.hold = np.zeros_like(self.hold)
        self.wait = self.hold

    patch.setattr(Patience, "_wait", wait)


def readings_of_a_merge_stay_behind(patch: Patch) -> None:
    """The last of each part of a file among several."""
    real = deliveries.merged

    def merged(files: Sequence[Iterator[Block]]) -> Iterator[Block]:
        for batch, refused in real(files):
            yield batch.slice(0, max(0, batch.num_rows - 1)), refused

    patch.setattr("energyguard.offline.evaluate.merged", merged)
    patch.setattr(deliveries, "merged", merged)


@pytest.mark.slow
@pytest.mark.parametrize("plant", [windows_wait_for_nothing, readings_of_a_merge_stay_behind])
def test_a_planted_bug_is_seen(
    plant: Callable[[Patch], None], tmp_path: Path, monkeypatch: Patch
) -> None:
    plant(monkeypatch)
    assert faults(0, tmp_path)
