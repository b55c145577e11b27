"""The ingestor as a process: killed under load, and with a store that goes away."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import sleep

import pytest

from energyguard.durable.connections import connect
from energyguard.log import LATEST, Log, Records, open_log
from energyguard.model.quantities import to_nano
from energyguard.model.topics import BUILDING_READINGS
from energyguard.pipeline import INGESTOR
from energyguard.store import Row, open_store
from energyguard.store.client import RingStore
from tests.e2e.processes import HOMES, START_MS, TICK_MS, Load, kill_often, roles
from tests.store.shards import cluster
from tests.waiting import awaited, until

KILLS = pytest.mark.parametrize(
    "kills", [1, pytest.param(50, marks=pytest.mark.slow)], ids=lambda n: f"{n} kills"
)
BEGAN = datetime(2025, 9, 7, tzinfo=UTC)
FOREVER = 2**62


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    opened = open_log(f"sqlite:///{tmp_path / 'data' / 'log.db'}")
    yield opened
    opened.close()


class Floors(threading.Thread):
    """A sender of system A: a floor a message, without a key."""

    def __init__(self, log: Log) -> None:
        super().__init__(daemon=True)
        self._records, self._done = log, threading.Event()
        self.sent: list[bytes] = []

    def run(self) -> None:
        while not self._done.wait(0.01):
            time = BEGAN + timedelta(seconds=30 * len(self.sent), microseconds=123_456)
            message = json.dumps(
                {
                    "piano": len(self.sent) % 3 + 1,
                    "sensore1_kwh": 1000 + len(self.sent) / 1000,
                    "sensore2_kw": 6.2,
                    "sensore3_corrente": 16.8,
                    "sensore3_tensione": 231.5,
                    "timestamp": time.isoformat(),
                }
            ).encode()
            self._records.append(BUILDING_READINGS.name, Records([None], [message]))
            self.sent.append(message)

    def stop(self) -> None:
        self._done.set()
        self.join()


def wait_for_ingestor(log: Log) -> None:
    def committed() -> bool:
        return all(
            log.positions(topic, INGESTOR.group) == log.positions(topic, LATEST)
            for topic in INGESTOR.topics
        )

    until(committed)


def rows_in(url: str) -> dict[str, list[Row]]:
    """What a store has, all versions."""

    async def read() -> dict[str, list[Row]]:
        store = open_store(url)
        names = await store.names(limit=10_000)
        found = {n: await store.scan(n, 1, FOREVER, 1_000_000, every=True) for n in names}
        await store.close()
        return found

    return awaited(read())


def has_everything(url: str, load: Load, floors: Floors) -> None:
    """Each reading once: its time, its value, its bytes."""
    found = rows_in(url)
    homes = {name: rows for name, rows in found.items() if not name.startswith("energy:")}
    times = [(START_MS + tick * TICK_MS) * 1000 for tick in range(load.ticks)]
    assert len(homes) == HOMES
    assert all([row.at for row in rows] == times for rows in homes.values())
    values = (json.loads(row.value or b"")["value"] for rows in homes.values() for row in rows)
    assert sum(map(to_nano, values)) == load.nano_kwh
    for number in (1, 2, 3):
        rows = found[f"energy:p{number}"]
        assert [row.value for row in rows] == floors.sent[number - 1 :: 3]


@KILLS
def test_kill_9_loses_and_doubles_nothing(kills: int, log: Log, tmp_path: Path) -> None:
    load, floors = Load(log), Floors(log)
    with roles(tmp_path / "data", "ingestor", "worker") as (ingestor, worker):
        load.start()
        floors.start()
        kill_often(
            ingestor,
            kills,
            lambda: [log.positions(topic, INGESTOR.group) for topic in INGESTOR.topics],
        )
        load.stop()
        floors.stop()
        wait_for_ingestor(log)
        ingestor.stop()
        worker.stop()
    has_everything(f"sqlite://{tmp_path / 'data' / 'store.db'}", load, floors)
    assert "Traceback" not in ingestor.said()


@pytest.mark.slow  # it waits until a writer has lost its patience, twice
def test_a_store_that_others_hold_stalls_it_and_nothing_is_lost(log: Log, tmp_path: Path) -> None:
    """Longer than a member may be silent: none of the two takes the other's partitions."""
    path = tmp_path / "elsewhere" / "store.db"
    load, floors = Load(log), Floors(log)
    url = f"sqlite:///{path}"
    with roles(tmp_path / "data", "ingestor", "ingestor", more=(f"store.url={url}",)) as both:
        one = both[0]  # they write into one log
        load.start()
        floors.start()
        until(lambda: any(log.positions(BUILDING_READINGS.name, INGESTOR.group).values()))
        with closing(connect(path)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            until(lambda: one.said().count("the store takes nothing now") >= 2)
            before = [log.positions(topic, INGESTOR.group) for topic in INGESTOR.topics]
            sleep(1.0)
            assert [log.positions(topic, INGESTOR.group) for topic in INGESTOR.topics] == before
            holder.execute("COMMIT")
        until(lambda: "the store is back" in one.said())
        load.stop()
        floors.stop()
        wait_for_ingestor(log)
        for each in both:
            each.stop()
    has_everything(url, load, floors)
    assert "positions not committed" not in one.said()


async def form(nodes: list[str]) -> None:
    """Make a cluster of shards."""
    ring = RingStore(nodes)
    await ring.open()
    await ring.close()


async def alike(nodes: list[str]) -> None:
    """Wait until all shards have the same rows."""
    ring = RingStore(nodes)
    await ring.open(form=False)
    async with asyncio.timeout(60):
        while (found := await ring.status()).slots_alike < found.slots:
            await asyncio.sleep(0.1)
    await ring.close()


@pytest.mark.slow  # that all shards die is also seen by tests/store/test_chaos.py
def test_all_shards_die_and_come_back(log: Log, tmp_path: Path) -> None:
    load, floors = Load(log, 0.05), Floors(log)
    with cluster(tmp_path / "ring") as (shards, nodes):
        url = "ring://" + ",".join(node.removeprefix("http://") for node in nodes)
        with roles(tmp_path / "data", "ingestor", more=(f"store.url={url}",)) as (ingestor,):
            until(lambda: "the store is not there; waiting" in ingestor.said())
            awaited(form(nodes))
            load.start()
            floors.start()
            until(lambda: any(log.positions(BUILDING_READINGS.name, INGESTOR.group).values()))
            for shard in shards:
                shard.kill()
            until(lambda: "the store takes nothing now" in ingestor.said())
            for shard in shards:
                shard.start()
            until(lambda: "the store is back" in ingestor.said())
            load.stop()
            floors.stop()
            wait_for_ingestor(log)
            ingestor.stop()
        awaited(alike(nodes))  # a range comes from one copy
        has_everything(url, load, floors)
