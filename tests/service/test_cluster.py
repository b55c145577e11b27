"""The store's nodes over the API: real shards in this process, their faults, and none at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from energyguard.errors import ConfigError, Unavailable
from energyguard.service.cluster import SECRET, ClusterService, cluster_of
from energyguard.service.service import EnergyService
from energyguard.settings.tree import Settings, StoreSettings
from energyguard.store.admin import ClusterStatus
from energyguard.store.client import RingStore
from energyguard.store.node.shard import Shard, ShardSettings
from energyguard.store.row import Row
from energyguard.store.version import Version
from tests.application.client import client_of
from tests.store.shards import free_nodes, shards

PAUSE, RESUME = "/cluster/nodes/{}/pause", "/cluster/nodes/{}/resume"


async def form(nodes: list[str]) -> None:
    """What a coordinator does first; and a row that all three have."""
    ring = RingStore(nodes, "secret")
    await ring.open()
    await ring.write([Row("H1", 1, Version(1, 1), b"{}")], copies=3)
    await ring.close()


@asynccontextmanager
async def asking(service: EnergyService, nodes: list[str]) -> AsyncIterator[httpx.AsyncClient]:
    """The API of a service whose store is a ring of these nodes."""
    service.cluster = ClusterService(nodes, "secret")
    async with client_of(service) as client:
        yield client
        await service.cluster.close()


def node_of(view: Any, node: str) -> Any:
    (found,) = (one for one in view["nodes"] if one["node"] == node)
    return found


async def test_it_says_how_the_nodes_are(service: EnergyService, tmp_path: Path) -> None:
    nodes = free_nodes(3)
    async with shards(tmp_path, nodes), asking(service, nodes) as http:
        await form(nodes)
        view = (await http.get("/cluster")).json()
        assert [one["node"] for one in view["nodes"]] == sorted(nodes)
        assert {k: view[k] for k in ("epoch", "moving", "strategy", "copies")} == {
            "epoch": 1,
            "moving": False,
            "strategy": "consistent",
            "copies": 3,
        }
        assert view["slots"] == view["slots_alike"] == 1_024
        for one in view["nodes"]:
            assert (one["up"], one["held"], one["can_hold"]) == (True, False, True)
            assert (one["rows"], one["lacking"], one["to_fetch"], one["hints"]) == (1, 0, 0, 0)
            assert one["share"] == pytest.approx(1 / 3)


async def test_a_node_is_made_to_fail_and_recovers(service: EnergyService, tmp_path: Path) -> None:
    nodes = free_nodes(3)
    async with shards(tmp_path, nodes) as running, asking(service, nodes) as http:
        await form(nodes)
        await http.get("/cluster")
        named = nodes[1].removeprefix("http://")
        failed = await http.post(PAUSE.format(named))
        assert failed.status_code == 200, failed.text
        assert [one.paused for one in running] == [False, True, False]
        one = node_of(failed.json(), nodes[1])
        assert (one["up"], one["held"], one["can_hold"], one["rows"]) == (False, True, True, None)
        running[1].paused = False  # somebody else lets it go
        await asyncio.sleep(1.1)
        one = node_of((await http.get("/cluster")).json(), nodes[1])
        assert (one["up"], one["held"]) == (True, False)
        assert (await http.post(PAUSE.format(named))).status_code == 200
        assert failed.json()["slots_alike"] == 0  # its owners cannot all be compared
        resumed = await http.post(RESUME.format(nodes[1].replace("/", "%2F")))
        one = node_of(resumed.json(), nodes[1])
        assert (one["up"], one["held"], one["rows"]) == (True, False, 1)
        assert not running[1].paused


async def test_a_look_never_wakes_a_node_that_somebody_else_holds(
    service: EnergyService, tmp_path: Path
) -> None:
    nodes = free_nodes(3)
    async with shards(tmp_path, nodes) as running, asking(service, nodes) as http:
        await form(nodes)
        running[0].paused = True
        for _ in range(2):
            one = node_of((await http.get("/cluster")).json(), nodes[0])
            assert (one["up"], one["held"], one["can_hold"]) == (False, False, True)
            await asyncio.sleep(1.1)
        assert running[0].paused
        assert node_of((await http.post(RESUME.format(nodes[0]))).json(), nodes[0])["up"]


async def test_without_fault_injection_no_node_can_be_made_to_fail(
    service: EnergyService, tmp_path: Path
) -> None:
    (node,) = nodes = free_nodes(1)
    shard = Shard(ShardSettings(node, tmp_path, "secret"))
    await shard.start()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(shard.stop)
        ring = RingStore(nodes, "secret")
        await ring.open()
        await ring.close()
        http = await stack.enter_async_context(asking(service, nodes))
        assert not node_of((await http.get("/cluster")).json(), node)["can_hold"]
        refused = await http.post(PAUSE.format(node))
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "conflict")
        assert "fault injection is off" in refused.json()["error"]["message"]
        assert not shard.paused


async def test_an_unknown_node_is_not_found(service: EnergyService, tmp_path: Path) -> None:
    nodes = free_nodes(1)
    async with shards(tmp_path, nodes), asking(service, nodes) as http:
        ring = RingStore(nodes, "secret")
        await ring.open()
        await ring.close()
        for verb in (PAUSE, RESUME):
            answer = await http.post(verb.format("127.0.0.1:1"))
            assert answer.status_code == 404
            assert nodes[0] in answer.json()["error"]["message"]


async def test_a_store_that_is_no_ring_has_no_cluster(service: EnergyService) -> None:
    assert service.cluster is None
    async with client_of(service) as http:
        for answer in (await http.get("/cluster"), await http.post(PAUSE.format("x"))):
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not-found")
            assert "store.url" in answer.json()["error"]["message"]


async def test_nodes_that_are_away_are_said_and_come_back(
    service: EnergyService, tmp_path: Path
) -> None:
    nodes = free_nodes(3)
    async with asking(service, nodes) as http:
        answer = await http.get("/cluster")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
        assert nodes[0] in answer.json()["error"]["message"]
        async with shards(tmp_path, nodes):
            assert service.cluster is not None
            with pytest.raises(Unavailable, match=r"in no cluster yet.*energyguard coordinator"):
                await service.cluster.hold(nodes[0])
            await form(nodes)
            await asyncio.sleep(1.1)
            assert (await http.get("/cluster")).json()["epoch"] == 1
        await asyncio.sleep(1.1)
        silent = (await http.get("/cluster")).json()  # known once, they are told as silent
        assert [one["up"] for one in silent["nodes"]] == [False] * 3


async def test_a_wrong_secret_is_guessed_at(tmp_path: Path) -> None:
    nodes = free_nodes(1)
    async with shards(tmp_path, nodes):
        other, before = ClusterService(nodes, "another"), asyncio.all_tasks()
        with pytest.raises(Unavailable, match=SECRET):
            await other.view()
        await asyncio.sleep(0.05)
        assert asyncio.all_tasks() == before  # nothing goes on calling
        await other.close()


async def test_however_many_ask_the_nodes_are_asked_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes = free_nodes(1)
    asked = []
    status = RingStore.status

    async def counted(ring: RingStore) -> ClusterStatus:
        asked.append(1)
        return await status(ring)

    monkeypatch.setattr(RingStore, "status", counted)
    async with shards(tmp_path, nodes):
        ring = RingStore(nodes, "secret")
        await ring.open()
        await ring.close()
        cluster = ClusterService(nodes, "secret")
        views = await asyncio.gather(*(cluster.view() for _ in range(50)))
        assert len(asked) == 1
        assert all(view is views[0] for view in views)
        before = asyncio.all_tasks()
        await cluster.close()
        await asyncio.sleep(0.05)
        assert len(asyncio.all_tasks()) < len(before)


def test_the_setting_says_whether_there_is_a_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    def of(url: str) -> ClusterService | None:
        return cluster_of(Settings(store=StoreSettings(url=url)))

    assert of("") is None
    assert of("sqlite:///store.db") is None
    monkeypatch.setenv(SECRET, "told")
    found = of("ring://127.0.0.1:8101,127.0.0.1:8102")
    assert found is not None
    assert found._nodes == ["http://127.0.0.1:8101", "http://127.0.0.1:8102"]
    assert found._secret == "told"
    for wrong in ("ring://", "ring://127.0.0.1"):
        with pytest.raises(ConfigError):
            of(wrong)
