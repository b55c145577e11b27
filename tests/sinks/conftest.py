"""What the archive works with, as tests of the history have it; a store; an ingestor that hardly
waits before it tries again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from energyguard.store.local import LocalStore
from tests.history.conftest import history, log, people

__all__ = ["history", "log", "people"]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[LocalStore]:
    opened = LocalStore(tmp_path / "store.db")
    yield opened
    await opened.close()


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("energyguard.sinks.ingestor.FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr("energyguard.sinks.ingestor.MAX_PAUSE_S", 0.004)
