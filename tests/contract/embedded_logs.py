"""The embedded logs as fixtures: a suite of a contract takes one of these classes with it.

They need a fixture ``clock``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from energyguard.clock import ManualClock
from energyguard.log.sqlite.log import SqliteLog
from energyguard.testing import MemoryLog


class InMemory:
    @pytest.fixture
    def log(self, clock: ManualClock) -> Iterator[MemoryLog]:
        made = MemoryLog(clock)
        yield made
        made.close()


class InSqlite:
    """``reopen`` opens the same file once more."""

    @pytest.fixture
    def reopen(self, tmp_path: Path, clock: ManualClock) -> Iterator[Callable[[], SqliteLog]]:
        made: list[SqliteLog] = []

        def again() -> SqliteLog:
            made.append(SqliteLog(tmp_path / "log.db", clock=clock))
            return made[-1]

        yield again
        for log in made:
            log.close()

    @pytest.fixture
    def log(self, reopen: Callable[[], SqliteLog]) -> SqliteLog:
        return reopen()
