"""One answer for all who ask for the same within a second, so that asking often costs nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from energyguard.clock import Clock
from energyguard.errors import Unavailable
from energyguard.limits import SHARED_S, SHARED_WAIT_S

T = TypeVar("T")


class Shared(Generic[T]):
    """Runs ``ask`` in a thread, one at a time, and gives its answer to all who wait."""

    def __init__(
        self,
        ask: Callable[[], T],
        clock: Clock,
        lasts_s: float = SHARED_S,
        wait_s: float = SHARED_WAIT_S,
    ) -> None:
        """Begin without an answer.

        Args:
            ask: what takes a while; thread-safe.
            clock: for the age of an answer.
            lasts_s: how long an answer is given again.
            wait_s: how long somebody waits for one.
        """
        self._ask, self._clock = ask, clock
        self._lasts_s, self._wait_s = lasts_s, wait_s
        self._asking: asyncio.Task[T] | None = None
        self._begun_at = 0.0

    async def get(self) -> T:
        """The answer, at most so old.

        Raises:
            Unavailable: there is none in time.
        """
        asking, now = self._asking, self._clock.monotonic()
        if asking is None or (asking.done() and now - self._begun_at >= self._lasts_s):
            asking = self._asking = asyncio.create_task(asyncio.to_thread(self._ask))
            asking.add_done_callback(self._answered)
        done, _ = await asyncio.wait({asking}, timeout=self._wait_s)
        if not done:
            raise Unavailable(f"no answer within {self._wait_s:g} s", self._wait_s)
        return asking.result()

    def _answered(self, asking: asyncio.Task[T]) -> None:
        self._begun_at = self._clock.monotonic()
        if not asking.cancelled():
            asking.exception()  # those who wait get it; if nobody does, it is no news
