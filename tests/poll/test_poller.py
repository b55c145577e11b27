"""Who is asked when: one that does not answer keeps nobody waiting; each answer is there once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest
from aiohttp import web

from energyguard.clock import SYSTEM
from energyguard.dialects.mapping import MappingRule, NameMapping
from energyguard.dialects.names import ValueName
from energyguard.errors import Unavailable
from energyguard.intake.gateway import Gateway
from energyguard.log import EARLIEST, Log
from energyguard.model.quantities import NANO
from energyguard.mqtt.dialect import NamedPlace, SentValue
from energyguard.mqtt.sent_columns import ValuePlaces
from energyguard.poll import poller as module
from energyguard.poll.poller import Poller, pause_after
from energyguard.poll.source import PollAnswer, PollTarget
from energyguard.poll.states import states_in
from energyguard.poll.taker import AnswerTaker, TimedAnswer
from energyguard.settings.tree import WireSettings
from energyguard.testing import MemoryLog
from tests.mqtt.taken import in_log
from tests.poll.devices import http_device, target


def poller(targets: list[PollTarget], log: Log, folder: Path) -> Poller:
    taker = AnswerTaker(ValuePlaces(NameMapping), Gateway(log, SYSTEM), WireSettings())
    return Poller(targets, taker, folder, SYSTEM, Random(1))


async def running(one: Poller, until: Callable[[], bool]) -> None:
    """Let it ask until something is so."""
    task = asyncio.create_task(one.run())
    try:
        async with asyncio.timeout(30):
            while not until():
                await asyncio.sleep(0.01)
                assert not task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def test_a_mapping_that_has_changed_counts_from_the_next_answer() -> None:
    log, rules = MemoryLog(), list[MappingRule]()
    one = AnswerTaker(ValuePlaces(lambda: NameMapping(rules)), Gateway(log, SYSTEM), WireSettings())
    power = SentValue(NamedPlace(ValueName("power", "m", "W")), Decimal(3))
    answers = [TimedAnswer("m", "shelly", PollAnswer([power], []), b"3", 1_800_000_000_000)]
    one.take(answers)
    rules.append(MappingRule(name="power", skip=True))
    one.take(answers)
    assert [row[:3] for row in in_log(log)] == [("m", "power_kw", 3 * NANO // 1000)]


class Counting:
    """A plug whose register says how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    async def answer(self, _: web.Request) -> web.Response:
        self.asked += 1
        body = {"switch:0": {"aenergy": {"total": self.asked * 1000}}}
        return web.Response(body=json.dumps(body).encode())


async def test_each_answer_is_in_the_log_once_and_one_that_is_dead_delays_nobody(
    tmp_path: Path,
) -> None:
    log, plug = MemoryLog(), Counting()
    hangs = asyncio.Event()

    async def silent(_: web.Request) -> web.Response:
        await hangs.wait()
        return web.Response()

    async with http_device(handler=plug.answer) as lives, http_device(handler=silent) as dead:
        targets = [
            *(
                target("shelly", dead, name=f"dead{n}", period_s=0.02, timeout_s=5)
                for n in range(8)
            ),
            target("shelly", lives, name="lives", period_s=0.02),
        ]
        await running(poller(targets, log, tmp_path), lambda: plug.asked > 20)
        hangs.set()
    found = in_log(log)
    assert {device for device, _, _, _ in found} == {"lives"}
    values = sorted(value // NANO for _, _, value, _ in found)
    assert values == list(range(1, len(values) + 1))
    assert plug.asked - len(values) <= 1  # the last one was under way
    times = [time for _, _, _, time in found]
    assert len({*times}) == len(times)


async def test_while_the_log_takes_nothing_a_device_is_asked_no_more_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, plug = MemoryLog(), Counting()
    append, is_away = log.append, True

    def sometimes(*given: object) -> object:
        if is_away:
            raise Unavailable("full", retry_after=0.01)
        return append(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(log, "append", sometimes)
    async with http_device(handler=plug.answer) as address:
        one = poller([target("shelly", address, period_s=0.01)], log, tmp_path)
        task = asyncio.create_task(one.run())
        await asyncio.sleep(0.3)
        assert plug.asked == 1
        is_away = False
        while plug.asked < 5:
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert sorted(value // NANO for _, _, value, _ in in_log(log))[:4] == [1, 2, 3, 4]


async def test_one_that_does_not_answer_is_said_until_it_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, plug = MemoryLog(), Counting()
    monkeypatch.setattr(module, "MAX_PAUSE_S", 0.2)
    asked, is_well = 0, False

    async def answer(request: web.Request) -> web.Response:
        nonlocal asked
        asked += 1
        if not is_well:
            raise web.HTTPServiceUnavailable
        return await plug.answer(request)

    def states() -> str:
        found = states_in(tmp_path)
        return found.words() if found else ""

    async with http_device(handler=answer) as address:
        one = poller([target("shelly", address, name="boiler", period_s=0.02)], log, tmp_path)
        task = asyncio.create_task(one.run())
        while "1 of 1 does not answer: boiler (since " not in states():
            await asyncio.sleep(0.01)
        assert states().endswith(" UTC: answers 503)")
        assert asked >= module.SILENT_AFTER
        while asked < 7:
            await asyncio.sleep(0.01)
        is_well = True
        while states() != "ok":
            await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def test_pauses_grow_to_five_minutes_and_are_never_the_same_for_all() -> None:
    chance = Random(1)
    for failures, about_s in ((1, 10), (2, 20), (4, 80), (5, 160), (6, 300), (10_000, 300)):
        pauses = {pause_after(failures, 10.0, chance) for _ in range(50)}
        assert len(pauses) > 40
        assert 0.8 * about_s <= min(pauses) <= max(pauses) <= 1.2 * about_s
    assert pause_after(3, 3_600.0, chance) > 2_800  # what is asked once an hour is not asked more


async def test_an_answer_that_cannot_be_read_is_kept_once_as_a_dead_letter(tmp_path: Path) -> None:
    log, count = MemoryLog(), 0

    async def broken(_: web.Request) -> web.Response:
        nonlocal count
        count += 1
        return web.Response(body=b"<html>")

    async with http_device(handler=broken) as address:
        one = poller([target("evcc", address, name="e", period_s=0.01)], log, tmp_path)
        await running(one, lambda: count >= 4)
    (at,) = log.positions("energyguard.dead-letters", EARLIEST)
    letters = [
        (value, dict(headers)["source"])
        for fetched in log.read({at: 0}, 100, 0.0)
        for value, headers in zip(fetched.values, fetched.headers, strict=True)
    ]
    assert letters == [(b"<html>", b"poll:e")]
    assert in_log(log) == []


async def test_a_value_that_cannot_be_true_takes_no_other_with_it(tmp_path: Path) -> None:
    log = MemoryLog()
    body = b'{"switch:0":{"apower":1e30,"voltage":230.5}}'
    async with http_device({"/rpc/Shelly.GetStatus": body}) as address:
        one = poller([target("shelly", address, period_s=0.5)], log, tmp_path)
        await running(one, lambda: bool(in_log(log)))
    assert [(device, channel) for device, channel, _, _ in in_log(log)] == [("m", "voltage_v")]
