"""When the parts of an open page are shown anew: all pages of a process at the same moments.

With a timer of its own each part of each page wakes the process, a hundred times a second for
twenty viewers; in step they wake it a few times, and share what they ask.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from nicegui import Client, background_tasks

from energyguard.page.frame.context import Timer

STEP_S: Final = 0.5
"""Refreshes are whole numbers of these apart, counted from the same moment in all pages."""


class RefreshSchedule:
    """Calls the refreshes of an open page, each when it is due, while somebody has it open.

    Args:
        page: the page; nothing is called while it has no connection, and what is due then is
            called when it has one (again).
        timers: those that are not first begin at once.
    """

    def __init__(self, page: Client, timers: Sequence[Timer]) -> None:
        self._page, self._timers = page, timers
        self._running: dict[Timer, asyncio.Task[None]] = {}

    def begin(self) -> None:
        """Go on until the page is closed."""
        whole = background_tasks.create(self._run(), name=f"refreshes of {self._page.id}")

        def end() -> None:
            for task in (whole, *self._running.values()):
                task.cancel()

        self._page.on_delete(end)

    async def _run(self) -> None:
        await self._page.connected()
        step = _now()
        due = {timer: step + _steps(timer) if timer.is_first else step for timer in self._timers}
        while not self._page.is_deleted and due:
            for timer, at in due.items():
                if at <= step:
                    due[timer] = step + _steps(timer)
                    self._begin(timer)
            await asyncio.sleep(min(due.values()) * STEP_S - _time())
            await self._page.connected()
            step = max(_now(), min(due.values()))  # a clock may be a hair before the step

    def _begin(self, timer: Timer) -> None:
        """Call a refresh, unless the last call of it is still on its way."""
        if timer not in self._running:
            name = f"refresh of {self._page.id}"
            self._running[timer] = task = background_tasks.create(self._refresh(timer), name=name)
            task.add_done_callback(lambda _done: self._running.pop(timer, None))

    async def _refresh(self, timer: Timer) -> None:
        with self._page:
            await timer.refresh()


def _time() -> float:
    return asyncio.get_running_loop().time()


def _now() -> int:
    """The step that has begun."""
    return int(_time() / STEP_S)


def _steps(timer: Timer) -> int:
    """From one call to the next."""
    return max(1, round(timer.seconds / STEP_S))
