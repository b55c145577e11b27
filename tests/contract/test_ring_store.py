"""The contract of every store on a ring of shards."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from energyguard.clock import ManualClock
from energyguard.store.client import RingStore
from tests.contract.test_store import NOON, Opened, StoreContract
from tests.store.shards import free_nodes, shards

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


class TestRingStore(StoreContract):
    @pytest.fixture
    async def opened(self, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Opened]:
        nodes, made = free_nodes(3), list[RingStore]()
        async with shards(tmp_path, nodes, clock):
            first = RingStore(nodes, "secret", clock)
            await first.open()
            made.append(first)

            def another() -> RingStore:
                made.append(RingStore(nodes, "secret", clock))
                return made[-1]

            yield another
            for store in made:
                await store.close()
