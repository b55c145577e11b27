"""Three nodes of a store, of which one was away: what it has to be given lies at its stand-ins."""

from __future__ import annotations

import asyncio
import io
import tarfile
from pathlib import Path
from typing import Final

from energyguard.clock import SYSTEM
from energyguard.store.client import RingStore
from energyguard.store.row import Row
from energyguard.store.version import Version
from tests.golden import inputs, store
from tests.store.shards import shards
from tests.waiting import PATIENCE_S

PORTS: Final = (27_311, 27_321, 27_331)
"""A node's address is its name, so it stands in the files."""
NODES: Final = [f"http://127.0.0.1:{port}" for port in PORTS]
SERIES: Final = ("H001", "H002", "energy:p1", "energy:p2", "thermometer")
FACTS: Final = [
    Row(series, (inputs.START_S + 15 * n) * 1_000_000, Version(1, n), f"{n}".encode())
    for series in SERIES
    for n in range(20)
]


async def _until_whole(ring: RingStore) -> None:
    deadline = SYSTEM.monotonic() + PATIENCE_S
    while not (found := await ring.status()).is_whole:
        assert SYSTEM.monotonic() < deadline, found
        await asyncio.sleep(0.1)


async def _made(folder: Path) -> None:
    async with shards(folder, NODES) as nodes:
        ring = RingStore(NODES, "secret")
        await ring.open(copies=2)
        await ring.write(FACTS[::2])
        await _until_whole(ring)
        nodes[0].paused = True
        await ring.write(FACTS[1::2])
        assert (await ring.status()).for_others > 0
        await ring.close()


def make(folder: Path) -> bytes:
    """The nodes' folders, with hints, as an archive."""
    asyncio.run(_made(folder))
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.add(path, str(path.relative_to(folder)))
    return out.getvalue()


def unpacked(folder: Path) -> Path:
    """The kept nodes, to go on with."""
    with tarfile.open(fileobj=io.BytesIO(store.kept("folder/nodes.tar"))) as archive:
        archive.extractall(folder, filter="data")
    return folder


async def delivered(folder: Path) -> list[Row]:
    """Start the nodes, wait until nobody holds anything for another one, and read all facts."""
    async with shards(folder, NODES):
        ring = RingStore(NODES, "secret")
        await ring.open(form=False)
        try:
            await _until_whole(ring)
            return [row for series in SERIES for row in await ring.scan(series, 1, 2**62, 100)]
        finally:
            await ring.close()
