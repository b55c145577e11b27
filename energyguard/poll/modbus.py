"""Registers of a device over Modbus TCP: one connection, one request at a time."""

from __future__ import annotations

import asyncio
import logging
from typing import Final
from urllib.parse import urlsplit

import msgspec
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException

from energyguard.errors import Malformed, NotFound, Unavailable
from energyguard.poll.registers import MAX_AT_ONCE, RegisterSpan
from energyguard.poll.source import PollAnswer, PollTarget

PORT: Final = 502
_REASONS: Final = {
    1: "it does not know such requests",
    2: "it has no such registers",
    3: "it takes no such request",
    4: "it has failed",
    6: "it is busy",
    10: "the gateway has no path to it",
    11: "it does not answer the gateway",
}
"""What the protocol's exceptions say."""
_ABSENT: Final = frozenset((1, 2, 3))

logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # what fails is said here, once


class ModbusSource:
    """Asks a device over Modbus TCP; kinds say for which registers.

    Args:
        target: the device.
    """

    def __init__(self, target: PollTarget) -> None:
        self.target = target
        self._read: dict[str, list[int]] = {}
        parts = urlsplit(target.address)
        self._client = AsyncModbusTcpClient(
            str(parts.hostname),
            port=parts.port or PORT,
            timeout=target.timeout_s,
            retries=0,
            reconnect_delay=0,
        )

    @property
    def original(self) -> bytes:
        """The registers of the last answer, by the first of each request."""
        return msgspec.json.encode(self._read)

    async def ask(self) -> PollAnswer:
        """What the device says now."""
        raise NotImplementedError

    async def words(self, span: RegisterSpan) -> list[int]:
        """Some registers, in as many requests as the protocol needs.

        Raises:
            NotFound: the device has no such registers.
            Unavailable: it does not answer, or not now.
            Malformed: it answers with another number of registers.
        """
        found: list[int] = []
        while len(found) < span.count:
            address = span.address + len(found)
            count = min(MAX_AT_ONCE, span.count - len(found))
            found += await self._some(RegisterSpan(span.table, address, count))
        return found

    def begin(self) -> None:
        """Forget the registers of the answer before."""
        self._read = {}

    async def close(self) -> None:
        """Let go of the device."""
        self._client.close()

    async def _some(self, span: RegisterSpan) -> list[int]:
        client, unit = self._client, self.target.unit
        request = client.read_input_registers
        if span.table == "holding":
            request = client.read_holding_registers
        try:
            async with asyncio.timeout(self.target.timeout_s):
                if not client.connected and not await client.connect():
                    raise Unavailable("no connection")
                answer = await request(span.address, count=span.count, device_id=unit)
        except TimeoutError:
            raise Unavailable(f"no answer in {self.target.timeout_s:g} s") from None
        except ModbusException as error:
            raise Unavailable(str(error)) from None
        where = f"{span.table} registers {span.address} to {span.address + span.count - 1}"
        if answer.isError():
            code = answer.exception_code
            kind = NotFound if code in _ABSENT else Unavailable
            raise kind(f"{where}: {_REASONS.get(code, f'exception {code}')}")
        words = [int(word) for word in answer.registers]
        if len(words) != span.count:
            raise Malformed(f"{where}: it sent {len(words)} of them", "registers")
        self._read[f"{span.table}/{span.address}"] = words
        return words
