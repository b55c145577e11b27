"""Devices to ask: a real server of HTTP, and a real one of Modbus TCP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from energyguard.dialects.mapping import NameMapping
from energyguard.mqtt.sent_columns import ValuePlaces
from energyguard.poll.source import PollTarget
from energyguard.poll.trial import TriedTarget, try_targets
from energyguard.settings.tree import WireSettings

Row = tuple[str, str, str]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def http_device(
    bodies: Mapping[str, bytes] | None = None, handler: Handler | None = None
) -> AsyncIterator[str]:
    """Answers its bodies by their paths (with the query, if a body has one); its address."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if handler is not None:
            return await handler(request)
        found = (bodies or {}).get(request.path_qs, (bodies or {}).get(request.path))
        if found is None:
            raise web.HTTPNotFound
        return web.Response(body=found, content_type="application/json")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def modbus_device(
    registers: Mapping[int, Sequence[int]], unit: int = 1
) -> AsyncIterator[str]:
    """Holds registers, the same as holding and as input registers; its address."""
    blocks = [
        SimData(address, values=list(words), datatype=DataType.REGISTERS)
        for address, words in sorted(registers.items())
    ]
    server = ModbusTcpServer([SimDevice(unit, simdata=blocks)], address=("127.0.0.1", 0))
    await server.listen()
    try:
        assert isinstance(server.transport, asyncio.Server)
        yield f"tcp://127.0.0.1:{server.transport.sockets[0].getsockname()[1]}"
    finally:
        await server.shutdown()  # type: ignore[no-untyped-call]


def target(kind: str, address: str, **more: Any) -> PollTarget:
    return PollTarget(name=more.pop("name", "m"), kind=kind, address=address, **more)


async def asked(one: PollTarget, mapping: NameMapping | None = None) -> TriedTarget:
    places = ValuePlaces(lambda: mapping or NameMapping())
    (found,) = await try_targets([one], places, WireSettings())
    return found


def rows(found: TriedTarget) -> list[Row]:
    """Device, channel and value in the channel's unit."""
    assert not found.fault, found.fault
    return [(row.device, row.channel, f"{row.value:f}") for row in found.values]
