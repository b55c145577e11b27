"""Two copies of each key on three real shards, and one of them is killed: facts go on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from energyguard.clock import SYSTEM
from energyguard.store.client import RingStore
from energyguard.store.node.node_storage import NodeStorage
from tests.store.shards import Process, cluster, free_nodes

READINGS = 60
TIME = "2025-09-06T17:{:02}:02Z"
SENSORS = [f"H{n}" for n in range(6)]


class Town:
    """Shards, and both doors in front of them."""

    def __init__(self, folder: Path, shards: list[Process], nodes: list[str]) -> None:
        self.folder, self.shards, self.nodes = folder, shards, nodes
        self.urls = dict(zip(("coordinator", "measurements"), free_nodes(2), strict=True))
        self.doors = [
            Process(folder / name, name, "--port", url.rpartition(":")[2], "--copies", "2",
                    "--nodes", ",".join(nodes))
            for name, url in self.urls.items()
        ]  # fmt: skip

    def http(self, door: str) -> httpx.Client:
        """A client of a door."""
        return httpx.Client(base_url=self.urls[door], timeout=10)

    def rows_of(self, node: str, keys: list[tuple[str, str]]) -> int:
        """How many of some series' rows a shard that does not run has on its disk."""
        storage = NodeStorage(self.folder / f"s{self.nodes.index(node)}" / "rows.sqlite")
        try:
            names = sorted({series for series, _ in keys})
            return sum(len(storage.scan(name, 0, 2**62, 10_000)) for name in names)
        finally:
            storage.close()


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with cluster(tmp_path) as (shards, nodes), ExitStack() as stack:
        found = Town(tmp_path, shards, nodes)
        for door in found.doors:
            stack.callback(door.kill)
            door.start()
        yield found


def keys() -> list[tuple[str, str]]:
    """Series and time of the readings of three floors."""
    return [(f"energy:p{n % 3 + 1}", TIME.format(n)) for n in range(READINGS)]


def put_all(town: Town, number: int) -> None:
    """Every fact is written, through the building monitor's door and the measurement store's."""
    with town.http("coordinator") as a, town.http("measurements") as b:
        for series, time in keys():
            answer = a.put(f"/key/{series}:{time}", json={"value": {"n": number}})
            assert answer.status_code == 200, answer.text
            assert answer.json()["replicas_ok"] == 2
        items = [
            {"key": f"batch{n}:{t}", "value": {"n": number}} for n, (_, t) in enumerate(keys())
        ]
        answer = a.post("/batch", json={"items": items})
        assert answer.json().get("written") == READINGS, answer.text
        for sensor in SENSORS:
            body = {"sensor_id": sensor, "timestamp": TIME.format(number), "value": number}
            answer = b.post("/ingest", json=body)
            assert answer.status_code == 200, answer.text


def read_all(town: Town, number: int) -> None:
    """Every fact is read, as it was written last."""
    with town.http("coordinator") as a, town.http("measurements") as b:
        for series, time in keys():
            answer = a.get(f"/key/{series}:{time}")
            assert (answer.status_code, answer.json()) == (200, {"value": {"n": number}})
        for floor in (1, 2, 3):
            answer = a.get(f"/key/energy:p{floor}:index")
            assert len(answer.json()["value"]["timestamps"]) == READINGS / 3, answer.text
        for sensor in SENSORS:
            answer = b.get(f"/measurement/{sensor}:{TIME.format(number)}")
            assert (answer.status_code, answer.json().get("value")) == (200, number)
        assert len(b.get("/measurements").json()["measurements"]) >= READINGS + len(SENSORS)


async def status(town: Town, ready: Any) -> Any:
    """How the nodes are, as soon as that is so."""
    store = RingStore(town.nodes)
    await store.open(form=False)
    try:
        end = SYSTEM.monotonic() + 60
        while not ready(found := await store.status()):
            assert SYSTEM.monotonic() < end, found
            await asyncio.sleep(0.2)
        return found
    finally:
        await store.close()


@pytest.mark.slow  # lives of the simulation kill nodes; test_chaos.py kills real processes
def test_facts_go_on_while_a_node_is_dead_and_are_on_its_disk_afterwards(town: Town) -> None:
    put_all(town, 1)
    town.shards[0].kill()
    put_all(town, 2)
    read_all(town, 2)
    said = asyncio.run(status(town, lambda found: found.for_others > 0))
    assert not said.is_whole
    for shard in town.shards[1:]:  # hints are durable: who holds them may be killed too
        shard.kill()
        shard.start()
    read_all(town, 2)
    town.shards[0].start()
    found = asyncio.run(status(town, lambda found: found.is_whole))
    assert sum(node.rows for node in found.nodes) % 2 == 0
    read_all(town, 2)
    town.shards[1].kill()
    read_all(town, 2)
    for process in (*town.doors, *town.shards):
        process.kill()
    owned = {node: town.rows_of(node, keys()) for node in town.nodes}
    assert sum(owned.values()) == 2 * READINGS, f"not each on its two owners' disks: {owned}"


@pytest.mark.slow  # the like of the test above
def test_what_stays_with_majorities_says_so(town: Town) -> None:
    with town.http("coordinator") as http:
        town.shards[0].kill()
        tries = (http.put(f"/key/own{number}", json={"value": {}}) for number in range(30))
        answer = next(answer for answer in tries if answer.status_code != 200)
        assert answer.status_code == 502
        assert "a majority of its owners" in answer.json()["detail"]
        tries = (http.get(f"/key/series{number}:latest") for number in range(30))
        answer = next(answer for answer in tries if answer.status_code != 404)
        assert answer.status_code == 503
        assert "the latest needs a majority of the owners" in answer.json()["detail"]
