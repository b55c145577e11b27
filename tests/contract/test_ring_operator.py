"""What the operator of a ring of shards can do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from itertools import count
from pathlib import Path

import pytest

from energyguard.clock import ManualClock
from energyguard.errors import Conflict, NotFound, Unavailable
from energyguard.store import Key, Row
from energyguard.store.client import RingStore
from energyguard.store.node.shard import Shard
from tests.contract.test_store import NOON, fact
from tests.store.shards import free_nodes, shards
from tests.waiting import PATIENCE_S

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


class Ring:
    """A cluster of three, and a fourth node that is in none."""

    def __init__(self, running: list[Shard], store: RingStore) -> None:
        self.running, self.store = running, store
        self.nodes = [shard.settings.node for shard in running]

    async def until(self, true: Callable[[RingStore], object], most_s: float = PATIENCE_S) -> None:
        """Wait for something."""
        async with asyncio.timeout(most_s):
            while not true(self.store):
                await asyncio.sleep(0.02)

    async def alike(self) -> None:
        """Wait until the slots have come to rest, and all owners have the same rows."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                found = await self.store.status()
                if not found.moving and found.slots_alike == found.slots:
                    return
                await asyncio.sleep(0.05)

    async def whole(self) -> None:
        """Wait until nobody holds rows for others either."""
        async with asyncio.timeout(PATIENCE_S):
            while not (await self.store.status()).is_whole:
                await asyncio.sleep(0.05)


@pytest.fixture
async def ring(tmp_path: Path) -> AsyncIterator[Ring]:
    nodes = free_nodes(4)
    async with shards(tmp_path, nodes) as running:
        store = RingStore(nodes[:3], "secret")
        await store.open()
        yield Ring(running, store)
        await store.close()


def facts(number: int) -> list[Row]:
    return [fact(minute, series=f"meter{minute % 50}") for minute in range(number)]


async def all_there(ring: Ring, number: int) -> None:
    for row in facts(number):
        assert await ring.store.read(row.series, row.at) == row


async def test_a_node_is_away_and_catches_up(ring: Ring) -> None:
    await ring.store.pause(ring.nodes[0], paused=True)
    await ring.store.write(facts(300))
    await all_there(ring, 300)
    found = await ring.store.status()
    assert [node.up for node in found.nodes] == [False, True, True]
    assert found.slots_alike < found.slots
    await ring.store.pause(ring.nodes[0], paused=False)
    await ring.alike()
    assert ring.running[0].stats()["keys_in_db"] == 300


async def test_two_nodes_away_are_too_many(ring: Ring) -> None:
    await ring.store.write([fact(0)])
    for node in ring.nodes[:2]:
        await ring.store.pause(node, paused=True)
    with pytest.raises(Unavailable, match="1 of 2 nodes"):
        await ring.store.write([fact(1)])
    with pytest.raises(Unavailable):
        await ring.store.read("H1", None)
    assert await ring.store.read("H1", None, copies=1) is not None  # a reader may ask for less
    await ring.store.write([fact(2)], copies=1)


async def test_all_nodes_fail_and_recover_and_every_key_is_there(ring: Ring) -> None:
    await ring.store.write(facts(200))
    await ring.store.change(Key("deleted"), b"1")
    await ring.store.change(Key("deleted"), None)
    for node in ring.nodes[:3]:
        await ring.store.pause(node, paused=True)
    with pytest.raises(Unavailable):
        await ring.store.write([fact(999)])
    for node in ring.nodes[:3]:
        await ring.store.pause(node, paused=False)
    await ring.alike()
    await all_there(ring, 200)
    assert await ring.store.read("deleted") is None


async def test_a_node_joins_and_one_leaves_under_load(ring: Ring) -> None:
    await ring.store.write(facts(500))
    numbers, failed, over = count(1_000), list[Exception](), asyncio.Event()

    async def load() -> None:
        while not over.is_set():
            row = fact(next(numbers), series="busy")
            try:
                await ring.store.write([row])
                assert await ring.store.read("busy", row.at) == row
            except Exception as error:
                failed.append(error)

    loading = asyncio.create_task(load())
    await ring.store.join(ring.nodes[3])
    await ring.until(lambda store: not store.membership.coming)
    joined = await ring.store.status()
    assert sorted(node.slots for node in joined.nodes) == [768] * 4
    await ring.store.leave(ring.nodes[0])
    await ring.until(lambda store: not store.membership.coming)
    over.set()
    await loading
    assert failed == []
    await ring.alike()
    await all_there(ring, 500)
    assert ring.nodes[0] not in ring.store.membership.everyone()
    assert ring.running[0].stats()["keys_in_db"] == 0
    written = await ring.store.scan("busy", 0, 2**62, 100_000)
    assert len(written) == next(numbers) - 1_000


async def test_strategy_and_copies_change_at_run_time(ring: Ring) -> None:
    await ring.store.write(facts(200))
    await ring.store.join(ring.nodes[3])
    await ring.until(lambda store: not store.membership.coming)
    await ring.store.reconfigure(strategy="full")
    await ring.until(lambda store: not store.membership.coming)
    await ring.alike()
    assert [shard.stats()["keys_in_db"] for shard in ring.running] == [200] * 4
    await ring.store.reconfigure(copies=2, strategy="consistent")
    await ring.until(lambda store: not store.membership.coming)
    await ring.whole()  # who was an owner and stands in now has let go of what all owners have
    assert sum(int(str(s.stats()["keys_in_db"])) for s in ring.running) == 400
    await all_there(ring, 200)


async def test_what_the_operator_cannot_have_is_refused(ring: Ring) -> None:
    with pytest.raises(Conflict, match="4 copies of each key need as many nodes; there are 3"):
        await ring.store.reconfigure(copies=4)
    with pytest.raises(Conflict, match="0 copies"):
        await ring.store.reconfigure(copies=0)
    with pytest.raises(Conflict, match="strategy 'half'"):
        await ring.store.reconfigure(strategy="half")
    with pytest.raises(Conflict, match="is a node of this cluster already"):
        await ring.store.join(ring.nodes[0])
    with pytest.raises(NotFound):
        await ring.store.leave(ring.nodes[3])
    with pytest.raises(Conflict, match="3 copies"):
        await ring.store.leave(ring.nodes[0])
    with pytest.raises(NotFound):
        await ring.store.pause(ring.nodes[3], paused=True)
    with pytest.raises(Unavailable, match="does not reply"):
        await ring.store.join(free_nodes(1)[0])


async def test_another_coordinator_learns(ring: Ring) -> None:
    other = RingStore(ring.nodes[:3], "secret")
    await other.open()
    await ring.store.join(ring.nodes[3])
    await ring.store.write(facts(50))
    async with asyncio.timeout(10):
        for row in facts(50):
            assert await other.read(row.series, row.at) == row
        while other.membership.epoch < 3:
            await asyncio.sleep(0.05)
    await other.close()


async def test_without_the_secret_nobody_is_heard(ring: Ring) -> None:
    stranger = RingStore(ring.nodes[:3], "guess")
    with pytest.raises(Unavailable):
        await stranger.open(form=False)
    await stranger.close()


async def test_a_damaged_row_is_fetched_from_the_others(ring: Ring, tmp_path: Path) -> None:
    import apsw

    await ring.store.write(facts(60))
    await ring.alike()
    connection = apsw.Connection(str(ring.running[0].path))
    connection.execute("UPDATE rows SET value = 'x' WHERE series = 'meter7'")
    connection.close()
    ring.running[0].storage.clear()
    assert ring.running[0].storage.history("meter7", fact(7).at) == []  # set aside
    ring.running[0].storage.clear()
    await ring.alike()
    assert ring.running[0].storage.history("meter7", fact(7).at) == [fact(7, series="meter7")]


async def test_a_node_without_its_disk_does_not_count(tmp_path: Path) -> None:
    nodes = free_nodes(3)
    async with shards(tmp_path / "one", nodes[:2]) as kept:
        async with shards(tmp_path / "lost", nodes[2:]):
            store = RingStore(nodes, "secret")
            await store.open()
            await store.write(facts(50))
        async with shards(tmp_path / "empty", nodes[2:]) as wiped:
            await asyncio.sleep(0.5)
            assert wiped[0].member.membership.epoch == 0
            await store.write(facts(60))
            assert wiped[0].stats()["keys_in_db"] == 0
            assert [shard.stats()["keys_in_db"] for shard in kept] == [60, 60]
        await store.close()


async def test_a_cluster_needs_all_its_nodes_to_be_formed(tmp_path: Path) -> None:
    nodes = free_nodes(3)
    async with shards(tmp_path, nodes[:2]):
        store = RingStore(nodes, "secret")
        opening = asyncio.create_task(store.open())
        await asyncio.sleep(2.5)
        assert store.membership.epoch == 0
        async with shards(tmp_path, nodes[2:]):
            await opening
            assert store.membership.epoch == 1
            await store.close()


async def test_one_node_takes_the_place_of_another_that_is_dead(ring: Ring) -> None:
    await ring.store.write([fact(minute) for minute in range(50)])
    old, new = ring.nodes[0], ring.nodes[3]
    await ring.alike()
    await ring.store.pause(old, paused=True)
    with pytest.raises(NotFound, match="no node of this cluster"):
        await ring.store.join(new, instead_of="http://127.0.0.1:1")
    await ring.store.join(new, instead_of=old)
    await ring.alike()
    assert ring.store.membership.nodes == tuple(sorted(ring.nodes[1:]))
    found = await ring.store.status()
    assert {one.rows for one in found.nodes} == {50}
    with pytest.raises(Conflict, match="already"):
        await ring.store.join(new, instead_of=ring.nodes[1])


async def test_hints_of_all_coordinators_are_told_and_drain(ring: Ring) -> None:
    other = RingStore(ring.nodes[:3], "secret")
    await other.open(form=False)
    away = ring.nodes[2]

    async def told(wanted: Callable[[int], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                found = await other.status()
                if wanted(next(one.hints for one in found.nodes if one.node == away)):
                    return
                await asyncio.sleep(0.1)

    await ring.store.pause(away, paused=True)
    for minute in range(3):
        await ring.store.write([fact(minute)])
    await told(lambda hints: hints == 3)
    await other.write([fact(9)])
    await told(lambda hints: hints == 4)
    await ring.store.pause(away, paused=False)
    await told(lambda hints: hints == 0)
    await other.close()
