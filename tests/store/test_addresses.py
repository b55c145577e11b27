"""A node whose name is not where it listens, as in a container."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from energyguard.compat.processes import Listener, run_shard
from energyguard.errors import ConfigError
from energyguard.store.client import RingStore
from energyguard.store.row import Row
from energyguard.store.version import Version
from tests.store.shards import Process, free_nodes


def test_nodes_know_each_other_by_their_addresses(tmp_path: Path) -> None:
    ports = [node.rpartition(":")[2] for node in free_nodes(3)]
    names = [f"http://localhost:{port}" for port in ports]
    nodes = [
        Process(tmp_path / port, "shard", "--port", port, "--address", name)
        for port, name in zip(ports, names, strict=True)
    ]

    async def write_and_read() -> tuple[list[str], Row | None]:
        ring = RingStore(names)
        await ring.open()
        row = Row("H1", 1, Version(1, 1), b"1")
        await ring.write([row], copies=3)
        found, status = await ring.read("H1", 1), await ring.status()
        await ring.close()
        return [one.node for one in status.nodes if one.up], found

    try:
        for node, name in zip(nodes, names, strict=True):
            node.start()
            assert f"shard ready: {name}" in node.log
        up, found = asyncio.run(write_and_read())
    finally:
        for node in nodes:
            node.kill()
    assert up == sorted(names)
    assert found is not None
    assert found.value == b"1"


@pytest.mark.parametrize(
    ("door", "reason"),
    [
        (Listener(8101, Path("unused"), "0.0.0.0", secret="s"), "--address"),
        (Listener(8101, Path("unused"), "::", secret="s"), "no node"),
        (Listener(8101, Path("unused"), "0.0.0.0", secret="s", address="shard-1:8101"), "no node"),
        (
            Listener(8101, Path("unused"), "0.0.0.0", address="http://shard-1:8101"),
            "share a secret",
        ),
        (
            Listener(8101, Path("unused"), address="http://shard-1:8101"),
            "shard-1 is open to others",
        ),
    ],
)
def test_a_name_at_which_nobody_reaches_it_is_refused(door: Listener, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        run_shard(door, print)
