"""What is deleted or over makes room on all nodes of a ring, and on none too early."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from energyguard.clock import ManualClock
from energyguard.store import Key
from energyguard.store.client import RingStore
from energyguard.store.coordinator import clearing, cluster
from energyguard.store.node.shard import Shard
from tests.contract.test_ring_operator import Ring
from tests.contract.test_store import NOON, fact
from tests.store.shards import free_nodes, shards


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


async def test_what_is_over_goes_from_all_nodes_and_not_before_all_have_it(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clearing, "WAIT_MS", 2_500)  # a disk may stall for a second
    monkeypatch.setattr(cluster, "EVERY_MS", 50)
    nodes = free_nodes(3)

    def rows(shard: Shard) -> int:
        return sum(digest.rows for digest in shard.storage.slots().values())

    async with shards(tmp_path, nodes, clock) as running:
        ring = Ring(running, RingStore(nodes, "secret", clock))
        await ring.store.open()
        await ring.store.write([fact(minute) for minute in range(3)])
        await ring.store.change(Key("brief"), b"1", expires_ms=NOON + 1_000)
        await ring.store.change(Key("limit"), b"1")
        await ring.store.change(Key("limit"), None)
        await ring.store.change(Key("H1", fact(1).at), None)
        await ring.until(lambda store: not store.coordinator.hints.waiting())
        clock.sleep(clearing.GRACE_MS / 1_000 + 2)  # a day in which no hint could have stayed
        await ring.store.pause(nodes[2], paused=True)
        await asyncio.sleep(2.5)
        kept = [rows(shard) for shard in running[:2]]
        assert min(kept) >= 5, "forgotten, and one owner has not agreed"
        await ring.store.pause(nodes[2], paused=False)
        await ring.until(lambda _: [rows(shard) for shard in running] == [2, 2, 2], 40)
        assert await ring.store.read("H1", fact(1).at) is None
        assert [row.at for row in await ring.store.scan("H1", 1, 2**62, 9)] == [
            fact(0).at,
            fact(2).at,
        ]
        await ring.store.close()


async def test_a_node_says_that_something_was_changed_until_nothing_of_it_is_on_its_way(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    value, gone = fact(0), fact(0, None, sequence=1)
    async with shards(tmp_path, free_nodes(1), clock) as (shard,):
        shard.storage.put([value, gone])
        assert shard._expire([gone]) == 1
        assert shard._expire([gone]) == 1, "who asked before may not have heard it"
        monkeypatch.setattr(clearing, "WAIT_MS", 0)
        assert shard._expire([gone]) == 0
