"""Shards and coordinator as users run them: killed, held, cut off, out of room, told nonsense."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import httpx
import pytest

from energyguard.cli.commands import main
from energyguard.errors import Unavailable
from energyguard.store import Key, Row
from energyguard.store.client import RingStore
from energyguard.store.version import Version
from tests.store.shards import Process, cluster, free_nodes

CYCLES = 3


@contextmanager
def door(folder: Path, nodes: list[str]) -> Iterator[tuple[Process, str]]:
    """A coordinator."""
    (url,) = free_nodes(1)
    port = url.rpartition(":")[2]
    process = Process(folder, "coordinator", "--port", port, "--nodes", ",".join(nodes))
    process.start()
    try:
        yield process, url
    finally:
        process.kill()


async def put_for_ever(url: str, key: str, over: asyncio.Event) -> list[int]:
    """Put a rising value; gives those that may be there: the last acknowledged, and later ones."""
    possible = [0]
    async with httpx.AsyncClient(base_url=url, timeout=8) as client:
        for number in count(1):
            if over.is_set():
                break
            possible.append(number)
            try:
                answer = await client.put(f"/key/{key}", json={"value": {"n": number}})
            except httpx.HTTPError:
                await asyncio.sleep(0.02)
            else:
                assert answer.status_code in (200, 502, 503, 504), answer.text
                if answer.status_code == 200:
                    possible = [number]
    return possible


@pytest.mark.slow  # test_chaos.py kills all, and what a coordinator had is with the shards
async def test_a_coordinator_dies_under_load(tmp_path: Path) -> None:
    chance, over = random.Random(3), asyncio.Event()
    with cluster(tmp_path) as (_, nodes), door(tmp_path / "c", nodes) as (process, url):
        keys = [f"k{n}" for n in range(4)]
        tasks = [asyncio.create_task(put_for_ever(url, key, over)) for key in keys]
        for cycle in range(CYCLES):
            await asyncio.sleep(chance.uniform(0.3, 0.8))
            if cycle % 2:
                await asyncio.to_thread(process.hold, 1.0)
            else:
                process.kill()
                await asyncio.to_thread(process.start)
        await asyncio.sleep(0.5)
        over.set()
        found = await asyncio.gather(*tasks)
        assert all(possible[0] > 0 for possible in found)
        async with httpx.AsyncClient(base_url=url) as client:
            for key, possible in zip(keys, found, strict=True):
                answer = await client.get(f"/key/{key}")
                assert answer.json()["value"]["n"] in possible
        assert process.stop() == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk of 6 MB."""
    folder = tmp_path / "s0"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("only root may mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


async def test_a_node_without_room_costs_nothing(tmp_path: Path, small_disk: Path) -> None:
    with cluster(tmp_path) as (processes, nodes):
        store = RingStore(nodes)
        await store.open()
        rows = [Row(f"m{n}", 1_000, Version(1, n), b"x" * 20_000) for n in range(600)]
        for start in range(0, len(rows), 20):
            await store.write(rows[start : start + 20])  # two nodes have room
        assert [await store.read(row.series, 1_000) for row in rows] == rows
        assert "no room" in processes[0].log
        subprocess.run(["mount", "-o", "remount,size=200m", str(small_disk)], check=True)
        async with asyncio.timeout(60):
            while (found := await store.status()).slots_alike < found.slots:
                await asyncio.sleep(0.2)
        assert [node.rows for node in found.nodes] == [600] * 3
        await store.close()


async def test_a_cut_network_is_said_and_heals(tmp_path: Path) -> None:
    """A node that is held hears nobody and is heard by nobody, as behind a cut cable."""
    with cluster(tmp_path) as (processes, nodes):
        store = RingStore(nodes)
        await store.open()
        await store.change(Key("k"), b"1")
        holding = [
            asyncio.create_task(asyncio.to_thread(process.hold, 3.5)) for process in processes[:2]
        ]
        await asyncio.sleep(0.2)
        with pytest.raises(Unavailable, match="1 of 2 nodes that are needed"):
            await store.change(Key("k"), b"2")
        await asyncio.gather(*holding)
        row = await store.read("k")
        assert row is not None
        assert row.value in (b"1", b"2")  # unknown is neither yes nor no
        await store.change(Key("k"), b"3")
        row = await store.read("k")
        assert row is not None
        assert row.value == b"3"
        await store.close()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--nodes", "127.0.0.1:8101"], "is no node, such as http://127.0.0.1:8101"),
        (["--nodes", "http://127.0.0.1:60000"], "nodes need a port up to 55535"),
        (["--nodes", "http://127.0.0.1:8101", "--copies", "2"], "2 copies of each key need"),
        (["--nodes", "http://127.0.0.1:8101", "--strategy", "half"], "strategy 'half'"),
    ],
)
def test_a_coordinator_that_cannot_start_says_why(
    tmp_path: Path, arguments: list[str], text: str, capfd: pytest.CaptureFixture[str]
) -> None:
    words = ["coordinator", "--port", "0", "--no-auth", "--data-dir", str(tmp_path / "c")]
    with pytest.MonkeyPatch.context() as patch:  # this process keeps its own
        patch.setattr("energyguard.telemetry.set_up_logging", lambda level, role: None)
        assert main([*words, *arguments]) != 0
    assert text in capfd.readouterr().err
