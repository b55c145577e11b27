"""A service over a log in memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from nicegui import app as pages

from energyguard.clock import SYSTEM
from energyguard.service.intake import judgement
from energyguard.service.service import EnergyService
from energyguard.settings.tree import Settings
from energyguard.testing import MemoryLog
from tests.service.made import StandInHistory


@pytest.fixture(autouse=True)
def _a_page_that_has_not_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """NiceGUI has one application per process; tests of the page may have started it before."""
    monkeypatch.setattr(pages, "middleware_stack", None)


@pytest.fixture(autouse=True)
def _no_worker_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is none that judges what is taken in again."""
    monkeypatch.setattr(judgement, "WAIT_S", 0.1)


@pytest.fixture
def log() -> Iterator[MemoryLog]:
    made = MemoryLog()
    yield made
    made.close()


@pytest.fixture
def history() -> StandInHistory:
    return StandInHistory()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


@pytest.fixture
def service(log: MemoryLog, history: StandInHistory, settings: Settings) -> Iterator[EnergyService]:
    with EnergyService(log, history, settings, SYSTEM) as opened:
        yield opened
