"""The replicated store: rates, latencies, a node that dies, one that joins, one that heals.

    python -m benchmarks.store --json docs/store.json --plot docs/images/store.png
    python -m benchmarks.store --backends ring/consistent --facts 200000

Backends: `ring/consistent` and `ring/full` (three shards and a coordinator, each a process, all
through the coordinator's HTTP; SQLite, WAL, synchronous=FULL, acknowledged on two disks), and
`valkey-cluster` (three masters and three replicas, appendfsync always, acknowledged on a master's
and a replica's disk; through the store's contract, in the load's process: it has no HTTP in front),
and `etcd` (three members, each write synced by two; through its own HTTP and JSON; a batch is one
transaction that writes each measurement and its series' newest, which others look up).
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path

from benchmarks import store_etcd
from benchmarks.http_load import Seen, load, request
from benchmarks.store_chart import draw
from benchmarks.store_faults import failing, measured, patiently, until
from benchmarks.store_figures import Figures, table
from benchmarks.store_nodes import COORDINATOR, Nodes, running
from energyguard.store import Key, Row, Store, open_store
from energyguard.store.client import RingStore
from energyguard.store.version import Version

SERIES = 1_000
BATCH = 500
CONNECTIONS = 32
BATCHES_AT_ONCE = 16
START_S = 1_757_181_242


def key(number: int) -> str:
    """The key of a measurement: a thousand meters in turn, a second apart."""
    seconds = START_S + number // SERIES
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
    return f"meter:{number % SERIES}:{stamp}"


def batches(numbers: Iterator[int]) -> Iterator[bytes]:
    """Endless batches of measurements."""
    while True:
        some = itertools.islice(numbers, BATCH)
        items = [{"key": key(n), "value": {"kwh": n / 1_000}} for n in some]
        yield request("POST", "/batch", json.dumps({"items": items}).encode())


def puts() -> Iterator[bytes]:
    """Endless writes of keys of the user's own."""
    for number in itertools.count():
        body = json.dumps({"value": {"n": number}}).encode()
        yield request("PUT", f"/key/limit{number % SERIES}", body)


def gets() -> Iterator[bytes]:
    """Endless reads of the latest of a series."""
    for number in itertools.count():
        yield request("GET", f"/key/meter:{number % SERIES}:latest")


async def rates(figures: Figures, seconds: float) -> None:
    """What can be done a second, and how long it takes at half of that."""
    numbers = itertools.count()
    ready = list(itertools.islice(batches(numbers), int(seconds * 160)))  # made beforehand
    found = await load(COORDINATOR, iter(ready), BATCHES_AT_ONCE, seconds)
    figures.batch_rate = found.rate * BATCH
    figures.put_rate = (await load(COORDINATOR, puts(), CONNECTIONS, seconds)).rate
    figures.get_rate = (await load(COORDINATOR, gets(), CONNECTIONS, seconds)).rate
    half = await load(COORDINATOR, gets(), CONNECTIONS, seconds, figures.get_rate / 2)
    figures.get_p99_ms = half.quantile_ms(0.99)
    half = await load(COORDINATOR, puts(), CONNECTIONS, seconds, figures.put_rate / 2)
    figures.put_p99_ms = half.quantile_ms(0.99)


async def killed(figures: Figures, nodes: Nodes, seconds: float = 6.0) -> None:
    """A node dies under batches: how long nothing is written, and what is lost of it."""
    acknowledged: list[bytes] = []
    numbers = itertools.count(10_000_000)

    async def kill() -> None:
        await asyncio.sleep(seconds / 3)
        await asyncio.to_thread(nodes.shards[0].kill)

    loading = load(
        COORDINATOR, batches(numbers), 2, seconds, done=lambda text, _: acknowledged.append(text)
    )
    seen, _ = await asyncio.gather(loading, kill())
    figures.gap_s = longest_gap(seen)
    figures.lost = await missing(acknowledged)
    await asyncio.to_thread(nodes.shards[0].start)


def longest_gap(seen: Seen) -> float:
    """The longest time between two writes that went well."""
    times = sorted(seen.ended_s)
    return max((b - a for a, b in itertools.pairwise(times)), default=float("inf"))


async def missing(acknowledged: list[bytes]) -> int:
    """How many acknowledged measurements cannot be read."""
    lost = 0

    def look(_text: bytes, body: bytes) -> None:
        nonlocal lost
        lost += sum(item.get("value") is None for item in json.loads(body)["items"])

    wanted = []
    for text in acknowledged:
        items = json.loads(text.partition(b"\r\n\r\n")[2])["items"]
        body = json.dumps({"keys": [item["key"] for item in items]}).encode()
        wanted.append(request("POST", "/batch/get", body))
    seen = await load(COORDINATOR, iter(wanted), 4, 300.0, done=look)
    return lost + BATCH * len(seen.failed)


async def filled(store: RingStore, first: int, number: int) -> None:
    """Write facts past the coordinator: only their number matters here."""
    for start in range(first, first + number, 2_000):
        rows = [
            Row(f"meter:{n % SERIES}", (START_S + n // SERIES) * 1_000_000, Version(1, n), b"1.25")
            for n in range(start, min(start + 2_000, first + number))
        ]
        await patiently(partial(store.write, rows))


async def heal(figures: Figures, nodes: Nodes, store: RingStore, facts: int) -> None:
    """A node misses facts, and gets them when it is back, without any hints."""

    async def alike() -> bool:
        found = await patiently(store.status)
        return found.slots_alike == found.slots

    await until(alike)
    nodes.shards[0].kill()
    other = RingStore(nodes.urls)  # whose hints are gone with it
    await patiently(other.open)
    await filled(other, 30_000_000, facts)
    await other.close()
    nodes.shards[0].start()
    figures.heal_s, figures.heal_facts = await until(alike), facts


async def join(figures: Figures, nodes: Nodes, store: RingStore, facts: int) -> None:
    """A fourth node joins, under load."""
    await filled(store, 50_000_000, facts)
    nodes.spare.start()
    before = store.membership
    loading = asyncio.create_task(
        load(COORDINATOR, batches(itertools.count(90_000_000)), 1, 600.0, 5.0)
    )
    start = time.monotonic()
    after = await patiently(partial(store.join, nodes.spare.url))

    async def settled() -> bool:
        return not (await patiently(store.status)).moving

    await until(settled)
    figures.join_s = time.monotonic() - start
    loading.cancel()
    found = await patiently(store.status)
    new = next(node for node in found.nodes if node.node == nodes.spare.url)
    moves = sum(len(set(b) - set(a)) for a, b in zip(before.owners, after.coming, strict=True))
    ideal = len(before.owners) * after.copies / len(after.nodes)
    figures.join_moved = moves / ideal
    figures.join_rate = (new.rows or 0) / figures.join_s
    figures.join_failed = await failures(loading)


async def failures(loading: asyncio.Task[Seen]) -> int:
    """How many requests failed beside something."""
    try:
        return len((await loading).failed)
    except asyncio.CancelledError:
        return 0


async def through_contract(figures: Figures, store: Store, seconds: float) -> None:
    """The same kinds of work without HTTP, in this process: what the backends themselves do."""
    numbers = itertools.count(200_000_000)

    async def batch() -> int:
        some = list(itertools.islice(numbers, BATCH))
        rows = [
            Row(f"meter:{n % SERIES}", (START_S + n // SERIES) * 1_000_000, Version(1, n), b"1")
            for n in some
        ]
        await patiently(partial(store.write, rows))
        return BATCH

    async def put() -> int:
        await patiently(partial(store.change, Key(f"limit{next(numbers) % SERIES}"), b"1"))
        return 1

    async def get() -> int:
        await patiently(partial(store.read, f"meter:{next(numbers) % SERIES}", None))
        return 1

    figures.own_batch_rate = await repeated(batch, BATCHES_AT_ONCE, seconds)
    figures.own_put_rate = await repeated(put, CONNECTIONS, seconds)
    figures.own_get_rate = await repeated(get, CONNECTIONS, seconds)


async def repeated(work: Callable[[], Awaitable[int]], at_once: int, seconds: float) -> float:
    """How much is done a second."""
    start, done = time.monotonic(), 0

    async def one() -> None:
        nonlocal done
        while time.monotonic() < start + seconds:
            some = await work()  # first: others add to it meanwhile
            done += some

    await asyncio.gather(*(one() for _ in range(at_once)))
    return done / (time.monotonic() - start)


async def valkey(figures: Figures, folder: Path, seconds: float) -> None:
    """What can be compared, on a real Valkey Cluster."""
    from tests.store.valkeys import Cluster as Servers

    servers = Servers(folder)
    try:
        store = open_store(f"valkey-cluster://{servers.address}")
        await through_contract(figures, store, seconds)
        await store.close()
    finally:
        servers.kill()


async def etcd(figures: Figures, folder: Path, seconds: float) -> None:
    """What can be compared, on a real etcd of three."""
    with store_etcd.running(folder):
        await store_etcd.rates(figures, SERIES, BATCH, CONNECTIONS, seconds)


async def ring(figures: Figures, folder: Path, seconds: float, facts: int) -> None:
    """All of it on a ring."""
    strategy = figures.backend.partition("/")[2]
    with running(folder, strategy) as nodes:
        await measured(figures, "rates", rates(figures, seconds))
        store = RingStore(nodes.urls)
        await patiently(partial(store.open, form=False))
        await measured(figures, "contract", through_contract(figures, store, seconds))
        await measured(figures, "failing", failing(figures, nodes, store))
        await measured(figures, "killed", killed(figures, nodes))
        await measured(figures, "heal", heal(figures, nodes, store, facts // 10))
        if strategy == "consistent":
            await measured(figures, "join", join(figures, nodes, store, facts))
        await store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    known = ("ring/consistent", "ring/full", "valkey-cluster", "etcd")
    parser.add_argument("--backends", nargs="+", choices=known, default=list(known))
    parser.add_argument("--seconds", type=float, default=8.0, help="of each load")
    parser.add_argument("--facts", type=int, default=1_000_000, help="that are there at the join")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    parser.add_argument("--plot", type=Path, help="draw them into this picture")
    options = parser.parse_args()
    found = []
    for backend in options.backends:
        figures = Figures(backend)
        with tempfile.TemporaryDirectory() as folder:
            if backend == "valkey-cluster":
                asyncio.run(valkey(figures, Path(folder), options.seconds))
            elif backend == "etcd":
                asyncio.run(etcd(figures, Path(folder), options.seconds))
            else:
                asyncio.run(ring(figures, Path(folder), options.seconds, options.facts))
        print(figures, flush=True)
        found.append(figures)
    print(table(found), flush=True)
    if options.plot:
        draw(found, options.plot)
    if options.json:
        options.json.write_text(json.dumps([asdict(one) for one in found], indent=1) + "\n")


if __name__ == "__main__":
    main()
