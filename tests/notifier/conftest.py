"""A house whose alerts are told, and the servers that hear of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from energyguard.clock import ManualClock
from energyguard.testing import MemoryLog
from tests.notifier.made import House
from tests.notify.servers import Hook, Mailbox, hooked, mailing
from tests.service.made import NOON


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    clock = ManualClock(NOON)
    log = MemoryLog(clock)
    made = House(log, tmp_path, clock)
    yield made
    made.notifier.close()
    log.close()


@pytest.fixture
def hook() -> Iterator[Hook]:
    with hooked() as server:
        yield server


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mailing() as box:
        yield box
