"""The live view: every follower sees everything, sums are right, nobody waits for a slow one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial

import numpy as np
import pyarrow as pa
import pytest

from energyguard.alerts.alert import Alert
from energyguard.catalogue import Catalogue
from energyguard.clock import ManualClock
from energyguard.errors import Malformed
from energyguard.log import Records, TopicPartition
from energyguard.model.alerts import State
from energyguard.model.catalogue import ChannelFacts, Device
from energyguard.model.readings import batch_of
from energyguard.service.live.devices import LiveDevices
from energyguard.service.live.live import SUMS_KEPT_S
from energyguard.service.live.meant import MeantChannels
from energyguard.service.live.readings import LiveReadings
from energyguard.service.live.subscribers import (
    FACTS_KEPT,
    Subscription,
    read_positions,
    write_positions,
)
from energyguard.service.live.together import sum_kw
from energyguard.service.service import EnergyService
from energyguard.service.views import Update
from energyguard.testing import MemoryLog
from tests.service.made import NOON, alert_event, raise_alerts, send
from tests.waiting import until

ALERTS_0 = TopicPartition("energyguard.alerts", 0)


async def first(updates: AsyncGenerator[Update, None], kind: str) -> Update:
    while (update := await asyncio.wait_for(anext(updates), 10)).kind != kind:
        pass
    return update


def test_the_newest_readings_newest_first(log: MemoryLog, service: EnergyService) -> None:
    send(log, ("H001", 0, 0.05), ("H002", 0, 0.03))
    until(lambda: len(service.live.readings()) == 2)
    send(log, ("H001", 15, 0.04))
    until(lambda: len(service.live.readings()) == 3)
    newest = service.live.readings(limit=1)[0]
    assert (newest.device, newest.time_ms, newest.value, newest.unit) == (
        "H001",
        NOON + 15_000,
        0.04,
        "kWh",
    )
    assert {row.device for row in service.live.readings(device="002")} == {"H002"}
    assert service.live.newest_ms() == NOON + 15_000
    assert service.live.newest_ms("meter_readings") is None


def all_there(service: EnergyService) -> bool:
    return len(service.live.readings()) == 100


def test_two_services_both_see_everything(
    log: MemoryLog, service: EnergyService, settings: object
) -> None:
    with EnergyService(log, service.history, service.settings) as other:
        send(log, *((f"H{n:03d}", 0, 0.05) for n in range(100)))
        for one in (service, other):
            until(partial(all_there, one))


def test_sums_are_looked_at_once_for_all_who_ask(log: MemoryLog, service: EnergyService) -> None:
    live, clock = service.live, ManualClock(NOON + 15_000)
    live._clock = clock
    assert live.sums().kw == {}
    send(log, ("H001", 0, 0.05), ("H001", 15, 0.05))
    until(lambda: len(live.readings()) == 2)
    assert live.sums() is live.sums()
    assert live.sums().kw == {}  # for two seconds
    clock.sleep(SUMS_KEPT_S)
    assert set(live.sums().kw) == {"H001"}
    assert live.sums().only({"H001", "H002"}).kw == live.sums().kw
    assert live.sums().only({"H002"}).kw == {}


def test_readings_that_were_there_before_are_shown(log: MemoryLog, service: EnergyService) -> None:
    send(log, ("H001", 0, 0.05))
    with EnergyService(log, service.history, service.settings) as later:
        until(lambda: later.live.readings())


def test_the_table_keeps_two_thousand(log: MemoryLog, service: EnergyService) -> None:
    for second in range(3):
        send(log, *((f"H{n:04d}", second, 0.05) for n in range(900)))
    until(lambda: service.live.newest_ms() == NOON + 2_000)
    until(lambda: len(service.live.readings(limit=5_000)) == 2_000)


def fold(
    fleet: LiveDevices, channel: str, *rows: tuple[str, int, float], gap: bool = False
) -> None:
    devices, seconds, values = zip(*rows, strict=True)
    times = [NOON + 1_000 * s for s in seconds]
    fleet.take(batch_of(devices, channel, times, [round(v * 1e9) for v in values]), 1, gap)


def rounded(fleet: LiveDevices) -> tuple[float, int, int]:
    drawn = sum_kw({fleet.topic: fleet}, 0)
    assert drawn.kw is not None
    return round(drawn.kw, 6), drawn.sending, drawn.silent


def test_power_of_interval_energies_registers_and_powers() -> None:
    fleet = LiveDevices("t", silent_ms=300_000)
    fold(fleet, "energy_kwh", ("a", 0, 0.1), ("a", 15, 0.01))  # 0.01 kWh in 15 s
    assert rounded(fleet) == (round(2.4, 6), 1, 0)
    fold(fleet, "energy_register_kwh", ("b", 0, 100.0), ("b", 60, 100.05))
    assert rounded(fleet) == (round(2.4 + 3.0, 6), 2, 0)
    fold(fleet, "power_kw", ("c", 60, -1.5))
    assert rounded(fleet) == (round(3.9, 6), 3, 0)
    fold(fleet, "temperature_c", ("d", 60, 21.0))
    assert rounded(fleet) == (round(3.9, 6), 4, 0)


def test_what_is_fed_in_is_below_0_whatever_the_channel_is() -> None:
    """By the name of a register, and by what the catalogue says at this moment."""
    catalogue = Catalogue()
    fleet = LiveDevices("t", 300_000, meant=MeantChannels(catalogue))
    registers = [(name, 60 * n, 3.0 * n / 60) for name in ("h", "h/export") for n in range(2)]
    fold(fleet, "energy_register_kwh", *registers)
    fold(fleet, "power_kw", ("sun", 60, 5.0), ("sun/export", 60, -1.0))
    kw = {view.device: view.kw for view in fleet.views()}
    assert kw == pytest.approx({"h": 3.0, "h/export": -3.0, "sun": 5.0, "sun/export": -1.0})
    assert rounded(fleet)[0] == 4.0
    fed_in, drawn = ChannelFacts(sign="export"), ChannelFacts(sign="import")
    for name, facts in (
        ("sun", {"power_kw": fed_in}),
        ("sun/export", {"power_kw": fed_in}),
        ("h/export", {"energy_register_kwh": drawn}),
    ):
        catalogue.see(f"device/{name}", Device(name=name, channels=facts), "test")
    catalogue.revision += 1
    assert rounded(fleet)[0] == 3.0 + 3.0 - 5.0 - 1.0
    assert [view.kw for view in fleet.views("h/export")] == pytest.approx([3.0])


def test_what_is_drawn_now_and_the_newest_value_are_scaled() -> None:
    catalogue = Catalogue()
    fleet = LiveDevices("t", 300_000, meant=MeantChannels(catalogue))
    facts = {name: ChannelFacts(scale="40") for name in ("power_kw", "energy_register_kwh")}
    for name in ("a", "b"):
        catalogue.see(f"device/{name}", Device(name=name, channels=facts), "test")
    fold(fleet, "power_kw", ("a", 60, 2.5), ("c", 60, 1.0))
    fold(fleet, "energy_register_kwh", ("b", 0, 10.0), ("b", 60, 10.01))
    views = {view.device: (round(view.value, 6), round(view.kw or 0, 6)) for view in fleet.views()}
    assert views == {"a": (100.0, 100.0), "b": (400.4, 24.0), "c": (1.0, 1.0)}


def test_a_device_with_two_channels_counts_once() -> None:
    fleet = LiveDevices("t", silent_ms=300_000)
    fold(fleet, "energy_register_kwh", ("a", 0, 100.0), ("a", 60, 100.05))
    fold(fleet, "power_kw", ("a", 60, 2.9))
    assert rounded(fleet) == (round(2.9, 6), 1, 0)
    assert [view.channel for view in fleet.views("a")] == ["power_kw", "energy_register_kwh"]


def test_each_device_draws_by_its_best_channel_that_is_live() -> None:
    fleet = LiveDevices("t", silent_ms=300_000)
    fold(fleet, "energy_register_kwh", ("a", 0, 100.0), ("a", 60, 100.05))
    fold(fleet, "power_kw", ("a", 60, 2.9), ("silent", -400, 7.0), ("b", 60, 1.0))
    fold(fleet, "temperature_c", ("warm", 60, 21.0))
    names, kw, sends, newest_ms = fleet.draws()
    assert names.to_pylist() == ["a", "silent", "b", "warm"]
    assert sends.tolist() == [True, False, True, True]
    assert kw[[0, 2]].tolist() == [2.9, 1.0]
    assert np.isnan(kw[[1, 3]]).all()
    assert newest_ms[1] == NOON - 400_000


def test_sums_are_of_who_sends_and_say_since_when_others_are_silent() -> None:
    live = LiveReadings(silent_ms=300_000)
    homes, others = (LiveDevices(topic, silent_ms=300_000) for topic in ("a", "b"))
    fold(homes, "power_kw", ("H1", 600, 2.0), ("H2", 600, 1.5), ("H3", 0, 4.0))
    fold(others, "power_kw", ("H1", 600, 9.0))
    live._topics.update(b=others, a=homes)
    sums = live.sums(NOON + 600_000)
    assert sums.kw == {"H1": 2.0, "H2": 1.5}  # of two topics the first: never twice
    assert sums.silent == {"H3": NOON}
    assert sums.of(["H1", "H3", "H2"]) == 3.5
    assert sums.of(["H3"]) is None
    assert sums.only({"H2"}).kw == {"H2": 1.5}
    assert sums.only({"H2"}).silent == {}
    devices = iter((["H1"], ["H2"]))
    assert [sums.named("west", lambda: next(devices)) for _ in "ab"] == [2.0, 2.0]


def test_a_silent_device_draws_nothing_that_we_know_of() -> None:
    fleet = LiveDevices("t", silent_ms=300_000)
    fold(fleet, "power_kw", ("a", 0, 5.0), ("b", 301, 1.0))
    assert rounded(fleet) == (round(1.0, 6), 1, 1)
    assert [view.silent for view in fleet.views()] == [True, False]


def test_a_gap_keeps_the_step_that_was_known() -> None:
    fleet = LiveDevices("t", silent_ms=300_000)
    fold(fleet, "energy_kwh", ("a", 0, 0.01), ("a", 15, 0.01))
    fold(fleet, "energy_kwh", ("a", 60, 0.01), gap=True)  # those at 30 s and 45 s were left out
    assert sum_kw({fleet.topic: fleet}, 0).kw == pytest.approx(2.4)


def test_an_old_reading_does_not_replace_a_new_one() -> None:
    fleet = LiveDevices("t", silent_ms=300_000)
    fold(fleet, "power_kw", ("a", 60, 5.0))
    fold(fleet, "power_kw", ("a", 30, 1.0), ("b", 60, 1.0))
    assert sum_kw({fleet.topic: fleet}, 0).kw == pytest.approx(6.0)


def test_folding_is_the_same_however_it_is_cut() -> None:
    random = np.random.default_rng(7)
    rows = [
        (f"d{random.integers(20)}", int(s), float(v))
        for s, v in zip(random.integers(0, 900, 500), random.random(500), strict=True)
    ]
    rows.sort(key=lambda row: row[1])
    rows = list({(name, s): (name, s, v) for name, s, v in rows}.values())
    whole, parts = LiveDevices("t", 300_000), LiveDevices("t", 300_000)
    fold(whole, "energy_kwh", *rows)
    for start in range(0, len(rows), 37):
        fold(parts, "energy_kwh", *rows[start : start + 37])
    assert sorted(whole.views(), key=str) == sorted(parts.views(), key=str)


async def test_an_alert_comes_at_once_and_readings_as_they_are(
    log: MemoryLog, service: EnergyService
) -> None:
    async with aclosing(service.live.subscribe()) as updates:
        assert (await anext(updates)).kind == "ready"
        raise_alerts(log, alert_event())
        alert = (await first(updates, "alert")).data
        assert isinstance(alert, Alert)
        assert (alert.id, alert.state) == ("a1", State.FIRING)
        send(log, ("H001", 0, 0.05))
        rows = (await first(updates, "readings")).data["rows"]
        assert rows[0].device == "H001"


async def test_only_the_kinds_that_were_asked_for(log: MemoryLog, service: EnergyService) -> None:
    async with aclosing(service.live.subscribe(["action"])) as updates:
        await anext(updates)
        raise_alerts(log, alert_event())
        await asyncio.to_thread(until, service.book.find)
        await asyncio.to_thread(service.acknowledge, "a1", "mara")
        update = await asyncio.wait_for(anext(updates), 10)
        assert (update.kind, update.data.acknowledged_by) == ("action", "mara")


async def test_resuming_after_an_id_misses_nothing_and_repeats_nothing(
    log: MemoryLog, service: EnergyService
) -> None:
    async with aclosing(service.live.subscribe(["alert"])) as updates:
        begun = (await anext(updates)).id
        raise_alerts(log, alert_event("a1"))
        seen = (await asyncio.wait_for(anext(updates), 10)).id
    raise_alerts(log, alert_event("a2"), alert_event("a3"))
    await asyncio.to_thread(until, lambda: len(service.book.find()) == 3)
    for after, expected in ((begun, ["a1", "a2", "a3"]), (seen, ["a2", "a3", f"then {begun}"])):
        async with aclosing(service.live.subscribe(["alert"], after)) as updates:
            await anext(updates)
            got = [await asyncio.wait_for(anext(updates), 10) for _ in expected]
            assert [update.data.id for update in got] == expected
            raise_alerts(log, alert_event(f"then {after}"))
            assert (await asyncio.wait_for(anext(updates), 10)).data.id == f"then {after}"


async def test_an_id_that_is_none_is_refused(service: EnergyService) -> None:
    with pytest.raises(Malformed):
        await anext(service.live.subscribe(after="yesterday"))


def test_positions_as_text_and_back() -> None:
    positions = {
        ALERTS_0: 3,
        TopicPartition("energy_alerts", 7): 12,
        ALERTS_0._replace(partition=2): 0,
    }
    assert read_positions(write_positions(positions)) == positions
    assert write_positions({}) == ""


async def test_a_slow_subscriber_is_told_what_it_missed_and_keeps_the_newest() -> None:
    slow = Subscription((), {})
    for offset in range(FACTS_KEPT + 5):
        slow.put_fact("alert", offset, ALERTS_0, offset)
        slow.put_state("readings", offset)
    missed = await slow.next()
    assert (missed.kind, missed.data) == ("missed", {"events": 5})
    alerts = [(await slow.next()).data for _ in range(FACTS_KEPT)]
    assert alerts == list(range(5, FACTS_KEPT + 5))
    assert (await slow.next()).data == FACTS_KEPT + 4  # of the states, only the newest waited


async def test_alerts_pass_other_facts() -> None:
    slow = Subscription((), {})
    slow.put_fact("window", "w", TopicPartition("energy_alerts", 0), 0)
    slow.put_fact("alert", "a", ALERTS_0, 0)
    assert [(await slow.next()).data for _ in range(2)] == ["a", "w"]


def test_garbage_in_the_topics_of_others_is_passed_over(
    log: MemoryLog, service: EnergyService
) -> None:
    junk = [b"\xff\xfe", b"{}", b"[1", b"null"]
    for topic in ("energyguard.alerts", "energy_alerts", "energyguard.progress"):
        log.append(topic, Records([b"x"] * 4, junk))
    raise_alerts(log, alert_event())
    until(lambda: service.book.find())
    assert service.live.fault == ""


def test_progress_and_window_alerts(log: MemoryLog, service: EnergyService) -> None:
    send(log, ("H001", 0, 0.05))
    said = {
        "topic": "energy_readings",
        "partition": 0,
        "position": 7,
        "watermark_ms": NOON,
        "newest_ms": NOON + 5,
        "at_ms": 1,
        "accepted": 40,
        "late": 2,
        "duplicate": 1,
        "conflicting": 0,
        "ahead": 0,
        "devices": 3,
    }
    log.append("energyguard.progress", Records([b"energy_readings/0"], [json.dumps(said).encode()]))
    record = {
        "household_id": "H001",
        "window_start": "2025-09-06 12:00:00",
        "window_end": "2025-09-06 12:15:00",
        "kwh": 2.5,
        "rule": "kwh>2.0 over 15 minutes",
        "mode": "prod",
    }
    log.append(
        "energy_alerts", Records([b"H001"], [json.dumps(record).encode()], [(("id", b"w1"),)])
    )
    until(lambda: service.live.windows() and service.quality().accepted)
    assert (service.live.windows()[0].id, service.live.windows()[0].kwh) == ("w1", 2.5)
    quality = service.quality()
    assert (quality.accepted, quality.late, quality.duplicate) == (40, 2, 1)
    assert quality.partitions[0].lag == 0
    assert service.overview().watermark_ms == NOON


def at(device: str, *times_ms: int) -> pa.RecordBatch:
    """A reading of 0.1 kWh at each of these times."""
    n = len(times_ms)
    return batch_of([device] * n, "energy_kwh", np.array(times_ms), np.full(n, 10**8))


YEARS = 5 * 365 * 86_400_000


def test_one_clock_in_the_future_does_not_blind_the_live_view() -> None:
    fleet = LiveDevices("energy_readings", silent_ms=300_000)
    for s in range(0, 120, 15):
        for device in ("H1", "H2"):
            fleet.take(at(device, NOON + s * 1000), 0, gap=False)
    fleet.take(at("H1", NOON + YEARS), 0, gap=False)
    assert fleet.newest_ms == NOON + 105_000
    drawn = sum_kw({fleet.topic: fleet}, 0)
    assert drawn.kw == pytest.approx(48.0)
    assert (drawn.sending, drawn.silent) == (2, 0)
    fleet.take(at("H1", NOON + 120_000), 0, gap=False)
    assert {view.time_ms for view in fleet.views("H1")} == {NOON + 120_000}


def test_two_devices_are_believed() -> None:
    fleet = LiveDevices("energy_readings", silent_ms=300_000)
    fleet.take(at("H1", NOON), 0, gap=False)
    fleet.take(at("H2", NOON), 0, gap=False)
    fleet.take(at("H1", NOON + YEARS), 0, gap=False)
    fleet.take(at("H2", NOON + YEARS), 0, gap=False)
    fleet.take(at("H1", NOON + YEARS + 15_000), 0, gap=False)
    assert fleet.newest_ms == NOON + YEARS + 15_000


def test_who_came_first_with_a_wrong_clock_is_forgotten() -> None:
    fleet = LiveDevices("energy_readings", silent_ms=300_000)
    fleet.take(at("H1", NOON + YEARS), 0, gap=False)
    assert fleet.newest_ms == NOON + YEARS
    fleet.take(at("H2", NOON), 0, gap=False)
    assert fleet.newest_ms == NOON
    assert [view.device for view in fleet.views()] == ["H2"]


def test_a_lone_device_is_held_against_what_the_worker_says() -> None:
    fleet = LiveDevices("energy_readings", silent_ms=300_000)
    fleet.take(at("H1", NOON), 0, gap=False, judged_ms=NOON)
    fleet.take(at("H1", NOON + YEARS), 0, gap=False, judged_ms=NOON)
    assert fleet.newest_ms == NOON


def test_a_meter_of_now_is_held_against_the_wall_clock() -> None:
    fleet = LiveDevices("meter_readings", silent_ms=300_000)
    fleet.take(at("H1", NOON, NOON + 600_000), NOON, gap=False)
    assert fleet.newest_ms == NOON
