"""A meter that sends of itself: each telegram is taken once, also over a line that is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from energyguard.errors import ConfigError
from energyguard.model.quantities import NANO
from energyguard.poll.targets import read_targets
from energyguard.testing import MemoryLog
from tests.mqtt.taken import in_log
from tests.poll.devices import asked, rows, target
from tests.poll.test_poller import poller, running
from tests.telegrams.made import p1


def telegram(second: int) -> bytes:
    return p1(
        "1-3:0.2.8(50)",
        f"0-0:1.0.0(2512011300{second:02d}W)",
        "0-0:96.1.1(4530303434303037)",
        f"1-0:1.8.1({1000 + second:010.3f}*kWh)",
    )


@asynccontextmanager
async def meter(lines: Iterable[bytes]) -> AsyncIterator[str]:
    """Sends, in pieces, one of some bodies on each line that is opened, and closes it."""
    bodies = iter(lines)

    async def send(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = next(bodies, b"")
        for start in range(0, len(body), 37):
            writer.write(body[start : start + 37])
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(send, "127.0.0.1", 0)
    try:
        yield f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def test_every_telegram_is_taken_once_also_over_a_line_that_is_lost(tmp_path: Path) -> None:
    log = MemoryLog()
    first, second, third = telegram(1), telegram(2), telegram(3)
    lines = [first + second[:50], second + first[:-3] + b"FF\r\n", third]
    async with meter(lines) as address:
        one = target("telegram", address, name="hall", period_s=0.02, timeout_s=2)
        await running(poller([one], log, tmp_path), lambda: len(in_log(log)) >= 3)
    found = sorted((device, value // NANO) for device, _, value, _ in in_log(log))
    assert [value for _, value in found] == [1001, 1002, 1003]
    assert {device.split("/")[0] for device, _ in found} == {"hall"}


async def test_check_poll_shows_what_a_telegram_says() -> None:
    async with meter([telegram(7)]) as address:
        found = await asked(target("telegram", address, name="hall"))
    assert [(channel, value) for _, channel, value in rows(found)] == [
        ("energy_register_kwh", "1007")
    ]
    async with meter([]) as address:
        found = await asked(target("telegram", address))
    assert found.fault == "the line was closed from there"


def test_a_line_has_its_port_and_its_time(tmp_path: Path) -> None:
    path = tmp_path / "devices.toml"
    path.write_text('[[target]]\nname = "a"\nkind = "telegram"\naddress = "tcp://h:23"\n')
    assert read_targets(path)[0].timeout_s == 60
    path.write_text('[[target]]\nname = "a"\nkind = "telegram"\naddress = "tcp://h"\n')
    with pytest.raises(ConfigError, match=f"^{path}:4: address: not tcp://HOST:PORT$"):
        read_targets(path)
