"""The building monitor's keys over HTTP, kept on a real Valkey."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

pytest.importorskip("valkey", reason="the extra `valkey` is not installed")

from energyguard.compat.building.coordinator import OPEN, build_building
from energyguard.compat.shapes import as_building
from energyguard.store import open_store
from tests.compat.doors import Http, Parts
from tests.store.shards import Process, free_nodes
from tests.store.valkeys import Server

KEY = "/key/energy:p1:2025-09-06T17:54:02Z"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    found = Server(tmp_path_factory.mktemp("valkey"))
    yield found
    found.kill()


@pytest.fixture
async def http(tmp_path: Path, server: Server) -> AsyncIterator[Http]:
    server.ask("FLUSHALL")
    parts = Parts(tmp_path)
    store = open_store(f"valkey://{server.address}", parts.clock)
    app = build_building(
        store, None, parts.versions, parts.clock, "valkey", alerting=parts.alerting
    )
    async with parts.http(app, as_building, OPEN) as client:
        yield client
    await store.close()


async def test_keys_are_what_they_are_on_shards(http: Http) -> None:
    answer = await http.put(KEY, json={"value": {"kw": 1}})
    assert answer.json() == {"status": "ok", "replicas_ok": 1, "targets": ["valkey"]}
    await http.put(KEY.replace("54", "55"), json={"value": {"kw": 2}})
    assert (await http.get(KEY.replace("Z", "+00:00"))).json() == {"value": {"kw": 1}}
    assert (await http.get("/key/energy:p1:latest")).json() == {"value": {"kw": 2}}
    index = (await http.get("/key/energy:p1:index")).json()["value"]["timestamps"]
    assert index == ["2025-09-06T17:54:02Z", "2025-09-06T17:55:02Z"]
    assert (await http.delete(KEY)).status_code == 200
    assert (await http.get(KEY)).status_code == 404
    assert (await http.delete(KEY)).json()["status"] == "ok"
    items = [{"key": f"energy:p2:2025-09-06T17:54:{n:02}Z", "value": {"n": n}} for n in range(60)]
    assert (await http.post("/batch", json={"items": items})).json()["written"] == 60
    found = await http.post("/batch/get", json={"keys": [item["key"] for item in items]})
    assert found.json()["items"] == items


async def test_own_keys_and_thresholds(http: Http) -> None:
    assert (await http.put("/key/own", json={"value": {"a": 1}, "ttl": 60})).status_code == 200
    assert (await http.get("/key/own")).json() == {"value": {"a": 1}}
    limits = {"delta_kwh_max": 1, "kw_max": 2, "corrente_max": 3, "tensione_max": 4}
    assert (await http.put("/admin/thresholds", json=limits)).json()["status"] == "ok"
    assert (await http.get("/admin/thresholds")).json()["default"]["kw_max"] == 2
    assert (await http.get("/sharding/info")).status_code == 503  # there are no shards to tell of


def test_the_command_serves_the_store_of_the_settings(tmp_path: Path, server: Server) -> None:
    (url,) = free_nodes(1)
    process = Process(
        tmp_path / "c", "coordinator", "--port", url.rpartition(":")[2],
        "--set", f"store.url=valkey://{server.address}",
    )  # fmt: skip
    process.start()
    try:
        with httpx.Client(base_url=url, timeout=10) as http:
            answer = http.put(KEY, json={"value": {"kw": 5}})
            assert answer.json()["targets"] == [f"valkey://{server.address}"]
            assert http.get(KEY).json() == {"value": {"kw": 5}}
    finally:
        process.kill()


def test_without_nodes_and_without_a_store_it_says_what_to_name(tmp_path: Path) -> None:
    process = Process(tmp_path / "c", "coordinator", "--port", "0")
    with pytest.raises(AssertionError, match="--nodes"):
        process.start()
