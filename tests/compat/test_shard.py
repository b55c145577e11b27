"""The building monitor's shard: the verbs of one node."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from energyguard.compat.building.coordinator import OPEN
from energyguard.compat.building.shard import build_shard
from energyguard.compat.shapes import as_building
from tests.compat.doors import NODES, Http, Parts

STATS = {
    "db_path": "/data/shard.db",
    "keys_in_db": 3,
    "cache_enabled": True,
    "cache_items": 2,
    "max_cache_items": 1_000,
    "hits": 5,
    "misses": 1,
}


@pytest.fixture
async def http(tmp_path: Path) -> AsyncIterator[Http]:
    parts = Parts(tmp_path)
    app = build_shard(parts.store, lambda: STATS, NODES[0], parts.versions, parts.clock)
    async with parts.http(app, as_building, OPEN) as client:
        yield client


async def test_it_tells_what_it_has(http: Http) -> None:
    assert (await http.get("/stats")).json() == STATS
    assert (await http.get("/health")).json() == {"status": "ok"}


async def test_keys_of_its_own(http: Http) -> None:
    key = "energy:p1:2025-09-06T17:54:02Z"
    answer = await http.put(f"/key/{key}", json={"value": {"kw": 1}, "ttl": 60})
    assert answer.json() == {"status": "ok", "replicas_ok": 1, "targets": [NODES[0]]}
    assert (await http.get("/key/energy:p1:latest")).json() == {"value": {"kw": 1}}
    assert (await http.put(f"/key/{key}?w=2", json={"value": {}})).status_code == 400
    assert (await http.put(f"/key/{key}", json={"value": 1})).status_code == 422
    assert (await http.delete(f"/key/{key}")).status_code == 200
    assert (await http.get(f"/key/{key}")).status_code == 404


async def test_batches(http: Http) -> None:
    items = [{"key": "a", "value": {"n": 1}}, {"key": "b", "value": {"n": 2}}]
    assert (await http.post("/batch", json={"items": items})).json()["written"] == 2
    found = await http.post("/batch/get", json={"keys": ["b", "a"]})
    assert [one["value"]["n"] for one in found.json()["items"]] == [2, 1]


async def test_it_is_closed_and_has_no_verbs_for_nodes(http: Http) -> None:
    assert (await http.get("/sharding/info")).status_code == 404
    del http.headers["Authorization"]
    assert (await http.get("/stats")).status_code == 401
    assert (await http.get("/health")).status_code == 200
