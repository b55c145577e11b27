"""A series page by page, and all series: what no single call of the store gives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeVar

from energyguard.clock import Clock
from energyguard.compat.target import RESERVED
from energyguard.store import Store
from energyguard.store.row import OWN_KEY, Row, newest_versions

FOREVER = 2**63 - 1
AT_ONCE = 1_000
TOGETHER = 64

T = TypeVar("T")


async def pages(store: Store, series: str, begin: int = OWN_KEY + 1) -> AsyncIterator[list[Row]]:
    """All versions of all times, oldest first; what belongs to one time is in one page.

    Tombstones have to come along: without them nobody could tell a page in which everything is
    deleted from the end.
    """
    while True:
        rows = await store.scan(series, begin, FOREVER, AT_ONCE, every=True)
        if rows:
            yield rows
            begin = rows[-1].at + 1
        if len({row.at for row in rows}) < AT_ONCE:
            return


async def seen(
    store: Store, clock: Clock, series: str, begin: int = OWN_KEY + 1
) -> AsyncIterator[Row]:
    """The measurements of a series as a reader sees them, oldest first."""
    async for rows in pages(store, series, begin):
        now_ms = clock.now_ms()
        for row in newest_versions(rows):
            if row.is_there(now_ms):
                yield row


async def walk(
    store: Store, clock: Clock, prefix: str = "", after: tuple[str, int] = ("", OWN_KEY)
) -> AsyncIterator[Row]:
    """The measurements of all series that begin with a prefix, by series and time.

    Args:
        store: theirs.
        clock: what is over is not seen.
        prefix: empty: all but the product's own.
        after: the series and the time after which to begin.
    """
    series, at = after
    if series:
        async for row in seen(store, clock, series, at + 1):
            yield row
    async for name in _names(store, prefix, series):
        async for row in seen(store, clock, name):
            yield row


async def _names(store: Store, prefix: str, above: str) -> AsyncIterator[str]:
    above = max(above, prefix)
    while True:
        names = await store.names(above, AT_ONCE)
        for name in names:
            if not name.startswith(prefix):
                return
            if prefix or not name.startswith(RESERVED):
                yield name
        if len(names) < AT_ONCE:
            return
        above = names[-1]


async def together(work: Sequence[Callable[[], Awaitable[T]]]) -> list[T]:
    """Do all of it, some at a time; the results are in its order."""
    found: list[T] = []
    for first in range(0, len(work), TOGETHER):
        found += await asyncio.gather(*(task() for task in work[first : first + TOGETHER]))
    return found
