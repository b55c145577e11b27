"""Real processes that are killed and held under load: nothing acknowledged is lost."""

from __future__ import annotations

import asyncio
import random
from itertools import count
from pathlib import Path

import pytest

from energyguard.errors import EnergyGuardError, Unavailable
from energyguard.store import Key, Row
from energyguard.store.client import RingStore
from energyguard.store.row import OWN_KEY
from energyguard.store.version import Version
from tests.store.shards import Process, cluster

CYCLES = 3
MANY = 50
ENOUGH = 200  # facts that were acknowledged before all die


class Load:
    """Writers that remember what was acknowledged, and readers who look for it at once."""

    def __init__(self, store: RingStore) -> None:
        self._store, self.over = store, asyncio.Event()
        self._numbers = count(1)
        self.facts: list[Row] = []
        self.keys: dict[str, list[bytes]] = {}  # what may be there, oldest first
        self.refused = 0
        self.stale: list[str] = []

    async def facts_for_ever(self) -> None:
        """Batches of facts."""
        while not self.over.is_set():
            numbers = [next(self._numbers) for _ in range(20)]
            rows = [Row(f"m{n % 30}", n * 1_000, Version(1, n), b"%d" % n) for n in numbers]
            try:
                await self._store.write(rows)
            except EnergyGuardError:
                self.refused += 1
            else:
                self.facts += rows

    async def key_for_ever(self, key: str) -> None:
        """One key, whose value only ever rises; each acknowledged one is looked for."""
        for number in count(1):
            if self.over.is_set():
                return
            value = b"%d" % number
            possible = self.keys.setdefault(key, [b"0"])
            possible.append(value)
            try:
                await self._store.change(Key(key), value)
                possible[:] = [value]
                found = await self._store.read(key)
            except EnergyGuardError:
                self.refused += 1
            else:
                if found is None or found.value != value:
                    self.stale.append(f"{key}: {value!r} was acknowledged, {found} was read")

    async def _read(self, series: str, at: int | None = OWN_KEY) -> Row | None:
        """What is there, however long nodes that have just come back need for it."""
        async with asyncio.timeout(30):
            while True:
                try:
                    return await self._store.read(series, at)
                except Unavailable as error:
                    await asyncio.sleep(error.retry_after)

    async def check(self) -> None:
        """Everything that was acknowledged is there."""
        latest = {row.series: row.at for row in self.facts}
        for start in range(0, len(self.facts), 200):
            rows = self.facts[start : start + 200]
            found = await asyncio.gather(*(self._read(r.series, r.at) for r in rows))
            assert found == rows
        for series, at in latest.items():
            row = await self._read(series, None)
            assert row is not None
            assert row.at >= at
        for key, possible in self.keys.items():
            row = await self._read(key)
            assert row is not None
            assert row.value in possible
        assert self.stale == []


async def suffer(folder: Path, cycles: int, seed: int) -> Load:
    """Kill or hold one node after the other under load; then everyone recovers."""
    chance = random.Random(seed)
    with cluster(folder) as (processes, nodes):
        store = RingStore(nodes)
        await store.open()
        load = Load(store)
        work = [load.facts_for_ever(), *(load.key_for_ever(f"k{i}") for i in range(3))]
        tasks = [asyncio.create_task(one) for one in work]
        for _ in range(cycles):
            await asyncio.sleep(chance.uniform(0.1, 0.5))
            await asyncio.to_thread(_trouble, chance, chance.choice(processes))
        load.over.set()
        await asyncio.gather(*tasks)
        await load.check()
        async with asyncio.timeout(30):
            while (found := await store.status()).slots_alike < found.slots:
                await asyncio.sleep(0.1)
        await store.close()
    return load


def _trouble(chance: random.Random, process: Process) -> None:
    if chance.random() < 0.7:
        process.kill()
        process.start()
    else:
        process.hold(chance.uniform(0.2, 1.5))


@pytest.mark.slow  # the simulation has the like of it in a second
async def test_shards_die_under_load(tmp_path: Path) -> None:
    load = await suffer(tmp_path, CYCLES, seed=1)
    assert len(load.facts) > 500


@pytest.mark.slow
async def test_shards_die_many_times_under_load(tmp_path: Path) -> None:
    load = await suffer(tmp_path, MANY, seed=2)
    assert len(load.facts) > 5_000


async def test_all_die_at_once_and_every_key_is_there(tmp_path: Path) -> None:
    with cluster(tmp_path) as (processes, nodes):
        store = RingStore(nodes)
        await store.open()
        load = Load(store)
        tasks = [
            asyncio.create_task(one) for one in (load.facts_for_ever(), load.key_for_ever("k"))
        ]
        async with asyncio.timeout(60):
            while len(load.facts) < ENOUGH or "k" not in load.keys:
                await asyncio.sleep(0.02)
        for process in processes:
            process.kill()
        await asyncio.sleep(0.2)
        load.over.set()
        for process in processes:
            process.start()
        await asyncio.gather(*tasks)
        await load.check()
        await store.close()
