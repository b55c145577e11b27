"""The live stream over a real server: events, resuming, and that leaving leaves nothing behind."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from threading import Event
from typing import Any

import httpx
import pytest

from energyguard.access.tokens import Tokens
from energyguard.api.app import build_app
from energyguard.ports.server import serve
from energyguard.service.service import EnergyService
from energyguard.testing import MemoryLog
from tests.service.made import alert_event, raise_alerts
from tests.waiting import until


@asynccontextmanager
async def served(service: EnergyService) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a real server on a free port."""
    tokens, stop, ready = Tokens(service.settings.data_dir), Event(), asyncio.Event()
    listening = socket.create_server(("127.0.0.1", 0))
    app = build_app(service, tokens, "127.0.0.1")
    serving = asyncio.create_task(serve(app, listening, stop, ready.set))
    await asyncio.wait_for(ready.wait(), 20)
    async with httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{listening.getsockname()[1]}/api/v1",
        headers={"Authorization": f"Bearer {tokens.create('page')}"},
        trust_env=False,
        timeout=20,
    ) as client:
        yield client
        stop.set()
        await serving
    listening.close()


async def events(lines: AsyncIterator[str], many: int) -> list[dict[str, Any]]:
    """The next events of a stream."""
    found: list[dict[str, Any]] = []
    event: dict[str, Any] = {}
    async for line in lines:
        name, _, value = line.partition(": ")
        if line == "" and "event" in event:
            found.append(event | {"data": json.loads(event["data"])})
            if len(found) == many:
                break
        event = {} if line == "" else event | {name: value}
    return found


async def test_an_alert_arrives_and_a_new_connection_goes_on_after_it(
    log: MemoryLog, service: EnergyService
) -> None:
    async with served(service) as http:
        url = "/live?kinds=alert"
        async with http.stream("GET", url) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            lines = answer.aiter_lines()
            assert [event["event"] for event in await events(lines, 1)] == ["ready"]
            raise_alerts(log, alert_event("a1"))
            (seen,) = await events(lines, 1)
            assert (seen["event"], seen["data"]["id"]) == ("alert", "a1")
            assert seen["data"]["observed"] == 2.31
        raise_alerts(log, alert_event("a2"))
        async with http.stream("GET", url, headers={"Last-Event-ID": seen["id"]}) as answer:
            _, missed = await events(answer.aiter_lines(), 2)
            assert missed["data"]["id"] == "a2"
        await asyncio.to_thread(until, lambda: not service.live.listeners)


@pytest.mark.parametrize("nonsense", ["yesterday", "a=b", "=", ";;", "energyguard.alerts=0:x"])
async def test_an_id_that_is_none_begins_with_what_is_new(
    log: MemoryLog, service: EnergyService, nonsense: str
) -> None:
    async with served(service) as http:
        headers = {"Last-Event-ID": nonsense}
        async with http.stream("GET", "/live", headers=headers) as answer:
            assert (await events(answer.aiter_lines(), 1))[0]["event"] == "ready"


async def test_the_stream_is_behind_the_gate(service: EnergyService) -> None:
    async with served(service) as http:
        answer = await http.get("/live", headers={"Authorization": "Bearer eg_wrong"})
        assert answer.status_code == 401


async def test_anomalies_are_alerts_that_fire_first(log: MemoryLog, service: EnergyService) -> None:
    async with served(service) as http:
        async with http.stream("GET", "/live?kinds=anomaly") as answer:
            lines = answer.aiter_lines()
            await events(lines, 1)
            raise_alerts(log, alert_event("a1"), alert_event("a1"), alert_event("a2"))
            found = await events(lines, 2)
        assert [(event["event"], event["data"]["id"]) for event in found] == [
            ("anomaly", "a1"), ("anomaly", "a2"),
        ]  # fmt: skip
