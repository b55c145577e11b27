"""What the archive works with: a log, a history and the people of a folder of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from energyguard.history.chdb import ChdbHistory
from energyguard.history.people import People
from energyguard.log import Log, open_log


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    opened = open_log(f"sqlite:///{tmp_path / 'log.db'}")
    yield opened
    opened.close()


@pytest.fixture
def history(tmp_path: Path) -> Iterator[ChdbHistory]:
    opened = ChdbHistory(tmp_path / "history")
    yield opened
    opened.close()


@pytest.fixture
def people(tmp_path: Path) -> Iterator[People]:
    opened = People(tmp_path)
    yield opened
    opened.close()
