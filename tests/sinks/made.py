"""What the tests of the ingestor are made of: messages, stores that fail, and what a store has."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from energyguard.domains.household.homes import Homes
from energyguard.errors import EnergyGuardError, Malformed, Unavailable
from energyguard.intake.gateway import Gateway
from energyguard.log import Log, Records
from energyguard.model.topics import BUILDING_READINGS
from energyguard.store import Row
from energyguard.store.local import LocalStore

NOON_MS = 1_757_160_000_000  # 2025-09-06T12:00:00Z
FOREVER = 2**62


def floor(time: str, number: int = 1, **more: Any) -> bytes:
    """A floor reading as its senders write it."""
    said = {
        "piano": number,
        "sensore1_kwh": 1000.315,
        "sensore2_kw": 6.2,
        "sensore3_corrente": 16.8,
        "sensore3_tensione": 231.5,
        **more,
        "timestamp": time,
    }
    return json.dumps(said).encode()


def send_floors(log: Log, messages: Sequence[bytes], key: bytes | None = None) -> None:
    """Append messages as another program would."""
    log.append(BUILDING_READINGS.name, Records([key] * len(messages), messages))


def send_homes(log: Log, ticks: int, homes: int = 5, first_ms: int = NOON_MS) -> int:
    """Append household readings; how many."""
    source = Homes(count=homes)
    for tick in range(ticks):
        time_ms = np.array([first_ms + 15_000 * tick])
        Gateway(log).submit(source.readings(time_ms), "energy_readings")
    return ticks * homes


async def contents(store: LocalStore) -> list[Row]:
    """Every row of a store, all versions."""
    return [
        row
        for name in await store.names(limit=10_000)
        for row in await store.scan(name, 1, FOREVER, 100_000, every=True)
    ]


class Flaky:
    """A store that does not take everything: what is thrown instead is asked for at each write."""

    def __init__(
        self, store: LocalStore, fault: Callable[[Sequence[Row]], EnergyGuardError | None]
    ) -> None:
        self._store, self._fault = store, fault
        self.largest = self.at_once = self.most_at_once = self.failed = 0

    async def write(self, rows: Sequence[Row], copies: int | None = None) -> None:
        self.largest = max(self.largest, len(rows))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(0)
            error = self._fault(rows)
            if error is not None:
                self.failed += 1
                raise error
            await self._store.write(rows, copies)
        finally:
            self.at_once -= 1

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def gone(times: int) -> Callable[[Sequence[Row]], EnergyGuardError | None]:
    """Away for so many writes."""
    left = [times]

    def fault(_: Sequence[Row]) -> EnergyGuardError | None:
        left[0] -= 1
        return Unavailable("1 of 2 nodes replied") if left[0] >= 0 else None

    return fault


def refusing(series: str) -> Callable[[Sequence[Row]], EnergyGuardError | None]:
    """Of this series nothing can be taken."""

    def fault(rows: Sequence[Row]) -> EnergyGuardError | None:
        found = any(row.series == series for row in rows)
        return Malformed("a value has at most 0 bytes", "value") if found else None

    return fault
