"""Waiting for what must come: tests say what, never how long."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")
PATIENCE_S = 180.0
"""Generous, for a machine on which many tests run: only so that a fault does not hang."""
TRIES = 600
"""Of a simulated person, a tenth of a second apart: as generous."""
LOOKS_EVERY_S = 0.02
"""At least; a look that takes long leaves the machine thrice as long to what it waits for."""


def until(answer: Callable[[], T | None], what: str = "it", patience_s: float = PATIENCE_S) -> T:
    """What is answered, as soon as it is something.

    Args:
        answer: asked again and again.
        what: that is waited for.
        patience_s: after which it will not come any more.
    """
    deadline = time.monotonic() + patience_s
    while True:
        began = time.monotonic()
        if found := answer():
            return found
        looked = time.monotonic()
        assert looked < deadline, f"{what} never came"
        time.sleep(max(LOOKS_EVERY_S, min(3 * (looked - began), 1.0)))


def awaited(work: Coroutine[Any, Any, T]) -> T:
    """What it comes to, in a thread of its own: where a browser is, this one has a running loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()
