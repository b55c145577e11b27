"""The doors over a real ring: shards that listen, fail, come and go."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from energyguard.clock import SYSTEM
from energyguard.compat.building import coordinator as building
from energyguard.compat.measurements import door as measurements
from energyguard.compat.measurements.alarms import AlertBody
from energyguard.compat.shapes import as_building, as_measurements
from energyguard.store.client import RingStore
from energyguard.store.node.shard import Shard, ShardSettings
from energyguard.store.ring.transport import PORTS_APART
from tests.compat.doors import Http, Parts
from tests.waiting import PATIENCE_S

SECRET = "tests"
READINGS = 300
SATURDAY = "2025-07-05T18:{:02}:00"


def free_node() -> str:
    """An address whose port, and the one between nodes, are free."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as one:
            port = one.getsockname()[1]
            if port + PORTS_APART > 65_535:
                port -= PORTS_APART
            try:
                with socket.create_server(("127.0.0.1", port + PORTS_APART)):
                    return f"http://127.0.0.1:{port}"
            except OSError:
                continue


class Town:
    """Shards, a ring of the first three of them, and both doors."""

    def __init__(self, folder: Path, stack: AsyncExitStack) -> None:
        self.parts, self._folder, self._stack = Parts(folder), folder, stack
        self.nodes: list[str] = []
        self.heard: list[AlertBody] = []

    async def open(self) -> None:
        for _ in range(3):
            await self.start()
        self.ring = RingStore(self.nodes, SECRET)
        await self.ring.open()
        self._stack.push_async_callback(self.ring.close)
        versions = self.ring.coordinator.versions
        of_building = building.build_building(
            self.ring, self.ring, versions, alerting=self.parts.alerting
        )
        of_sensors = measurements.build_measurements(self.ring, self.ring, versions, self._hear)
        self.a: Http = await self._stack.enter_async_context(
            self.parts.http(of_building, as_building, building.OPEN)
        )
        self.b: Http = await self._stack.enter_async_context(
            self.parts.http(of_sensors, as_measurements, measurements.OPEN)
        )

    async def start(self) -> str:
        node = free_node()
        folder = self._folder / node.rpartition(":")[2]
        folder.mkdir()
        shard = Shard(ShardSettings(node, folder, SECRET, fault_injection=True))
        await shard.start()
        self._stack.push_async_callback(shard.stop)
        self.nodes = sorted((*self.nodes, node))
        return node

    async def _hear(self, alarm: AlertBody) -> None:
        self.heard.append(alarm)

    async def ingest(self, minute: int, value: float) -> int:
        body = {"sensor_id": "H1", "timestamp": SATURDAY.format(minute), "value": value}
        return (await self.b.post("/ingest", json=body)).status_code

    async def put_many(self) -> None:
        items = [
            {"key": f"energy:p{i % 9}:2025-09-06T{i // 3_600:02}:{i // 60 % 60:02}:{i % 60:02}Z",
             "value": {"n": i}} for i in range(READINGS)
        ]  # fmt: skip
        assert (await self.a.post("/batch", json={"items": items})).json()["written"] == READINGS

    async def has_all(self) -> bool:
        """Whether the indices, which ask one node each, have all readings."""
        keys = [f"/key/energy:p{p}:index" for p in range(9)]
        found = [(await self.a.get(key)).json()["value"]["timestamps"] for key in keys]
        return sum(map(len, found)) == READINGS

    async def settled(self) -> bool:
        return not (await self.a.get("/sharding/info")).json()["moving"]


async def until(true: Callable[[], Awaitable[Any]], seconds: float = PATIENCE_S) -> None:
    """Wait until something is so."""
    end = SYSTEM.monotonic() + seconds
    while not await true():
        assert SYSTEM.monotonic() < end, "it never came to be so"
        await asyncio.sleep(0.02)


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with AsyncExitStack() as stack:
        built = Town(tmp_path, stack)
        await built.open()
        yield built


async def test_a_write_says_which_nodes_have_it(town: Town) -> None:
    answer = (await town.a.put("/key/energy:p1:2025-09-06T17:54:02Z", json={"value": {}})).json()
    assert (answer["status"], answer["replicas_ok"]) == ("ok", 2)
    assert sorted(answer["targets"]) == town.nodes
    assert (await town.a.put("/key/x?w=3", json={"value": {}})).json()["replicas_ok"] == 3
    assert (await town.a.put("/key/x?w=4", json={"value": {}})).status_code == 400
    assert (await town.a.get("/key/energy:p1:latest?r=3")).json() == {"value": {}}
    kept = (await town.b.get("/replica_nodes/x")).json()["nodes"]
    assert sorted(one["node"] for one in kept) == town.nodes


async def test_a_node_that_fails_costs_nothing(town: Town) -> None:
    await town.b.post("/set_threshold", json={"sensor_id": "H1", "threshold": 5})
    assert (await town.b.post("/fail_node/0")).status_code == 200
    assert await town.ingest(0, 6) == 200
    assert (await town.a.put("/key/x", json={"value": {"n": 1}})).status_code == 200
    assert (await town.a.get("/key/x")).json() == {"value": {"n": 1}}
    status = (await town.b.get("/nodes_status")).json()
    states = {one["node_id"]: one["status"] for one in status["nodes"]}
    assert states == {0: "dead", 1: "alive", 2: "alive"}
    assert (await town.b.post("/recover_node/0")).status_code == 200

    async def has_it() -> bool:
        nodes = (await town.b.get("/nodes_status")).json()["nodes"]
        return all(one["rows"] and one["rows"] == nodes[1]["rows"] for one in nodes)

    await until(has_it)
    assert [one["value"] for one in (await town.b.get("/alerts")).json()["alerts"]] == [6]
    assert len(town.heard) == 1


async def test_fail_every_node_then_recover_all_and_every_key_is_there(town: Town) -> None:
    await town.put_many()
    assert await town.ingest(0, 1) == 200
    for number in (0, 1, 2):
        assert (await town.b.post(f"/fail_node/{number}")).status_code == 200
    assert await town.ingest(1, 2) == 503
    assert (await town.a.put("/key/x", json={"value": {}})).status_code == 502
    assert (await town.a.get("/key/energy:p1:latest")).status_code == 503
    assert (await town.b.get(f"/measurement/H1:{SATURDAY.format(0)}")).status_code == 503
    for number in (0, 1, 2):
        assert (await town.b.post(f"/recover_node/{number}")).status_code == 200
    assert (await town.b.get(f"/measurement/H1:{SATURDAY.format(0)}")).json()["value"] == 1
    await until(town.has_all)


async def test_a_node_joins_and_another_leaves_and_nothing_is_lost(town: Town) -> None:
    await town.put_many()
    fourth = await town.start()
    added = (await town.a.post("/sharding/add-node", json={"node": fourth})).json()
    assert (added["status"], sorted(added["nodes"])) == ("success", town.nodes)
    await until(town.settled)
    await until(town.has_all)
    gone = next(node for node in town.nodes if node != fourth)
    removed = await town.a.post("/sharding/remove-node", json={"node": gone})
    assert removed.json()["status"] == "success"
    await until(town.settled)
    await until(town.has_all)
    info = (await town.a.get("/sharding/info")).json()
    assert (info["total_nodes"], gone in info["nodes"], fourth in info["nodes"]) == (3, False, True)
    refused = await town.a.post("/sharding/remove-node", json={"node": fourth})
    assert refused.status_code == 409
    nonsense = await town.a.post("/sharding/add-node", json={"node": "over there"})
    assert nonsense.status_code == 422


async def test_the_strategy_changes_and_data_moves(town: Town) -> None:
    await town.put_many()
    one = {"strategy": "consistent", "replication_factor": 1}
    assert (await town.b.post("/configure_replication", json=one)).status_code == 200
    await until(town.settled)
    assert len((await town.b.get("/replica_nodes/energy:p1:latest")).json()["nodes"]) == 1
    await until(town.has_all)
    full = await town.b.post("/configure_replication", json={"strategy": "full"})
    assert full.status_code == 200
    await until(town.settled)
    status = (await town.b.get("/nodes_status")).json()
    assert (status["strategy"], status["replication_factor"]) == ("full", 3)
    assert [node["rows"] for node in status["nodes"]] == [READINGS] * 3
    await until(town.has_all)
