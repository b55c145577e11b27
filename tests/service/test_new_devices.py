"""New devices of one sender an hour: too many are refused whole, and known ones never are."""

from __future__ import annotations

import asyncio
import threading

import pyarrow as pa
import pytest

from energyguard.api.shared import Shared
from energyguard.clock import ManualClock
from energyguard.errors import OutOfRange, Overloaded, Unavailable
from energyguard.model.readings import batch_of
from energyguard.service.intake.new_devices import NewDevices
from energyguard.service.service import EnergyService
from energyguard.testing import MemoryLog
from tests.service.made import NOON, StandInHistory


def batch(first: int, number: int) -> pa.RecordBatch:
    names = [f"D{i}" for i in range(first, first + number)]
    return batch_of(names, "energy_kwh", [NOON] * number, [1] * number)


def test_a_sender_brings_so_many_an_hour_and_no_more() -> None:
    clock = ManualClock(0)
    devices = NewDevices(100, clock, list)
    devices.check("meter", batch(0, 60))
    devices.check("meter", batch(0, 60))  # known by now
    with pytest.raises(Overloaded, match="41 devices") as refused:
        devices.check("meter", batch(50, 51))
    assert 0 < refused.value.retry_after < 3_600
    assert "serve.new_devices" in str(refused.value)
    devices.check("another", batch(50, 51))
    devices.check("meter", batch(50, 51))  # another brought them
    with pytest.raises(OutOfRange, match="another column"):
        devices.check("third", batch(1_000, 101))
    clock.sleep(3_600)
    devices.check("meter", batch(2_000, 100))


def test_devices_that_the_history_has_are_not_new() -> None:
    devices = NewDevices(10, ManualClock(0), lambda: {f"D{i}" for i in range(1_000)})
    devices.check("head-end", batch(0, 8))
    devices.check("head-end", batch(0, 1_000))
    devices.check("head-end", batch(5_000, 10))
    with pytest.raises(Overloaded):
        devices.check("head-end", batch(6_000, 1))


def test_two_hundred_thousand_names_in_four_posts_are_refused(service: EnergyService) -> None:
    for post in range(4):
        rows = "\n".join(f"2025-09-06T12:00:00Z,N{post}-{i},0.1" for i in range(50_000))
        body = f"timestamp,household_id,energy_kwh\n{rows}\n".encode()
        with pytest.raises(OutOfRange, match="50000 devices"):
            service.take_readings(body, sender="meter")
    assert service.take_readings(b"2025-09-06T12:00:00Z,H1,0.1\n", sender="meter").accepted == 1


def test_a_history_that_is_away_is_no_reason_to_fail(
    log: MemoryLog, history: StandInHistory, service: EnergyService
) -> None:
    history.answers["devices"] = pa.table({"device": [f"D{i}" for i in range(20_000)]})
    rows = "\n".join(f"2025-09-06T12:00:00Z,D{i},0.1" for i in range(20_000))
    assert service.take_readings(rows.encode(), sender="meter").accepted == 20_000


async def test_one_answer_for_all_who_ask() -> None:
    clock, asked, go = ManualClock(0), [0], threading.Event()

    def ask() -> int:
        asked[0] += 1
        go.wait(10)
        return asked[0]

    shared = Shared(ask, clock)
    waiting = [asyncio.create_task(shared.get()) for _ in range(500)]
    await asyncio.sleep(0.05)
    go.set()
    assert set(await asyncio.gather(*waiting)) == {1}
    assert await shared.get() == 1
    clock.sleep(1.1)
    assert await shared.get() == 2
    go.clear()
    clock.sleep(1.1)
    slow = Shared(ask, clock, wait_s=0.05)
    with pytest.raises(Unavailable, match="no answer"):
        await slow.get()
    go.set()
