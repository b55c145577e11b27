"""What a busy machine does to a benchmark of the store, and a node that fails and recovers."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from benchmarks.store_figures import Figures
from benchmarks.store_nodes import Nodes
from energyguard.errors import EnergyGuardError, Unavailable
from energyguard.store import Row
from energyguard.store.client import RingStore
from energyguard.store.version import Version

T = TypeVar("T")


async def patiently(work: Callable[[], Awaitable[T]], seconds: float = 60.0) -> T:
    """Try again what a busy machine did not confirm in time, as a client would."""
    end = time.monotonic() + seconds
    while True:
        try:
            return await work()
        except Unavailable:
            if time.monotonic() > end:
                raise
            await asyncio.sleep(0.01)


async def measured(figures: Figures, part: str, work: Awaitable[None]) -> None:
    """Measure a part; one that fails is told with its reason, and costs no other."""
    try:
        await work
    except (EnergyGuardError, OSError, TimeoutError) as error:
        figures.unmeasured[part] = str(error) or type(error).__name__


async def failing(figures: Figures, nodes: Nodes, store: RingStore) -> None:
    """An owner dies and comes back: until its keys are written again, until it has all of them."""
    names = map("failing:{}".format, itertools.count())
    series = next(n for n in names if nodes.urls[0] in store.membership.owners_of(n))
    numbers = itertools.count(1)

    async def alike() -> bool:
        found = await patiently(store.status)
        return found.is_whole and all(node.up for node in found.nodes)

    async def write() -> None:
        number = next(numbers)
        row = Row(series, number * 1_000_000, Version(1, number), b"1.25")
        await patiently(partial(store.write, [row]))

    async def took(work: Callable[[], Awaitable[object]]) -> float:
        start = time.monotonic()
        await patiently(work)
        return time.monotonic() - start

    figures.write_s = statistics.median([await took(write) for _ in range(50)])
    read = partial(store.read, series, 1_000_000)
    figures.read_s = statistics.median([await took(read) for _ in range(50)])
    nodes.shards[0].kill()
    figures.fail_s = await took(write)
    for _ in range(50):
        await write()
    await asyncio.to_thread(nodes.shards[0].start)
    figures.recover_s = await until(alike)


async def until(true: Callable[[], Awaitable[bool]]) -> float:
    """How long something takes to become true."""
    start = time.monotonic()
    while not await true():
        await asyncio.sleep(0.05)
    return time.monotonic() - start
