"""The parts of an open page are shown anew in step, each in its turn."""

from __future__ import annotations

import asyncio
from itertools import pairwise

from nicegui import ui
from nicegui.testing import user_simulation

from energyguard.page.frame.context import Timer
from energyguard.page.frame.refresh_schedule import STEP_S, RefreshSchedule


async def test_parts_are_in_step_a_slow_one_holds_none_up_and_none_that_nobody_sees_is_called() -> (
    None
):
    calls: list[tuple[str, int]] = []
    forever, ended = asyncio.Event(), asyncio.Event()

    def step() -> int:
        return round(asyncio.get_running_loop().time() / STEP_S)

    async def quick() -> None:
        calls.append((str(ui.context.client.id), step()))

    async def slow() -> None:
        calls.append(("slow", step()))
        try:
            await forever.wait()
        finally:
            ended.set()

    async with user_simulation() as user:

        @ui.page("/turning")
        def turning() -> None:
            timers = [Timer(STEP_S, quick, is_first=False), Timer(STEP_S, slow, is_first=True)]
            RefreshSchedule(ui.context.client, timers).begin()

        page = await user.open("/turning")
        while len(calls) < 5:
            await asyncio.sleep(STEP_S / 5)
        steps = [at for name, at in calls if name == page.id]
        assert all(late > early for early, late in pairwise(steps[1:]))  # the first: at once
        assert [name for name, _ in calls].count("slow") == 1  # the first call is on its way
        [(socket, document)] = page._socket_to_document_id.items()
        tab = page.tab_id or ""
        page.handle_disconnect(socket)
        await asyncio.sleep(STEP_S)  # the step that it slept for
        known = len(calls)
        await asyncio.sleep(2 * STEP_S)
        assert len(calls) == known  # nobody sees it
        await page.handle_handshake(socket, tab, None, document, None)
        await asyncio.sleep(STEP_S / 5)
        assert len(calls) == known + 1  # at once: what was due meanwhile
        page.delete()
        await ended.wait()
        known = len(calls)
        await asyncio.sleep(2 * STEP_S)
        assert len(calls) == known
