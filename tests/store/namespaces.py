"""Three shards, each behind a cable of its own that is cut: run by ``test_cut_cables.py``.

    unshare --net --mount python -m tests.store.namespaces FOLDER

Everything is in network namespaces of this process and ends with it. Writes what was seen.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

from energyguard.errors import Unavailable
from energyguard.store import Key
from energyguard.store.client import RingStore
from tests.store.shards import Process

PORT = 8_100
SECRET = "cables"
PREFIX = "10.99.0."


def ip(*words: str) -> None:
    """Change this namespace's network."""
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=10)


def lay_cables(number: int) -> None:
    """A switch, and a namespace with a cable to it for each node."""
    subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True, timeout=10)
    ip("link", "set", "lo", "up")
    ip("link", "add", "switch", "type", "bridge")
    ip("address", "add", f"{PREFIX}254/24", "dev", "switch")
    ip("link", "set", "switch", "up")
    for n in range(1, number + 1):
        ip("netns", "add", f"n{n}")
        ip("link", "add", f"cable{n}", "type", "veth", "peer", "name", "eth0", "netns", f"n{n}")
        ip("link", "set", f"cable{n}", "master", "switch")
        ip("link", "set", f"cable{n}", "up")
        ip("-n", f"n{n}", "address", "add", f"{PREFIX}{n}/24", "dev", "eth0")
        ip("-n", f"n{n}", "link", "set", "eth0", "up")
        ip("-n", f"n{n}", "link", "set", "lo", "up")


def cut(n: int) -> None:
    """Nobody reaches a node, and it reaches nobody."""
    ip("link", "set", f"cable{n}", "down")


def mend(n: int) -> None:
    """The cable is whole again."""
    ip("link", "set", f"cable{n}", "up")


async def write(store: RingStore, acknowledged: dict[str, bytes], seconds: float) -> int:
    """Write for a while; gives how many writes nobody confirmed."""
    failed, end = 0, asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < end:
        key, value = f"k{len(acknowledged) + failed}", b"%d" % len(acknowledged)
        try:
            await store.change(Key(key), value)
        except Unavailable:
            failed += 1
        else:
            acknowledged[key] = value
    return failed


async def main(folder: Path) -> dict[str, object]:
    """Cut one cable, then two; mend both."""
    lay_cables(3)
    processes, nodes = [], []
    for n in (1, 2, 3):
        node = f"http://{PREFIX}{n}:{PORT}"
        words = ("--port", str(PORT), "--host", f"{PREFIX}{n}", "--secret", SECRET)
        inside = ("ip", "netns", "exec", f"n{n}")
        shard = Process(folder / f"s{n}", "shard", *words, inside=inside)
        shard.start()
        processes.append(shard)
        nodes.append(node)
    seen: dict[str, object] = {}
    try:
        store = RingStore(nodes, SECRET)
        await store.open()
        acknowledged: dict[str, bytes] = {}
        seen["failed, whole"] = await write(store, acknowledged, 1)
        cut(1)
        seen["failed, one cut"] = await write(store, acknowledged, 3)
        with_one_cut = len(acknowledged)
        cut(2)
        seen["failed, two cut"] = await write(store, acknowledged, 5)
        seen["acknowledged, two cut"] = len(acknowledged) - with_one_cut
        mend(1)
        mend(2)
        async with asyncio.timeout(40):
            while (found := await store.status()).slots_alike < found.slots:
                await asyncio.sleep(0.1)
        read = {key: await store.read(key) for key in acknowledged}
        seen["lost"] = [k for k, row in read.items() if row is None or row.value != acknowledged[k]]
        seen["acknowledged"] = len(acknowledged)
        await store.close()
    finally:
        for shard in processes:
            shard.kill()
    return seen


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(main(Path(sys.argv[1])))))
