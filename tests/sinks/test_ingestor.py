"""The ingestor: everything is in the store before its position moves, whatever goes wrong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from energyguard.clock import SYSTEM, ManualClock
from energyguard.compat.building.keys import Keys
from energyguard.compat.quorum import Owners
from energyguard.domains.building.floors import Building, new_counters
from energyguard.durable.connections import connect
from energyguard.errors import ConfigError, Conflict, EnergyGuardError, Unavailable
from energyguard.log import LATEST, Log, Positions, Records
from energyguard.model.topics import ENERGY_READINGS
from energyguard.pipeline import INGESTOR, flows_at_work
from energyguard.settings.tree import Settings
from energyguard.sinks import ingestor_role as role
from energyguard.sinks.ingestor import AT_ONCE, IN_FLIGHT, Ingestor
from energyguard.store import Row, Store
from energyguard.store.keys import iso
from energyguard.store.local import LocalStore
from energyguard.store.version import HybridClock
from energyguard.telemetry import registry
from energyguard.testing import MemoryLog
from tests.sinks.made import (
    NOON_MS,
    Flaky,
    contents,
    floor,
    gone,
    refusing,
    send_floors,
    send_homes,
)
from tests.waiting import PATIENCE_S


async def ingest(log: Log, store: Store) -> None:
    """Take everything that the log has."""
    ingestor = Ingestor(log, store)
    while await ingestor.step(Event()):
        pass
    assert all_committed(log)
    ingestor.consumer.leave()


def all_committed(log: Log) -> bool:
    return all(
        log.positions(topic, INGESTOR.group) == log.positions(topic, LATEST)
        for topic in INGESTOR.topics
    )


def committed(log: Log) -> int:
    return sum(
        n for topic in INGESTOR.topics for n in log.positions(topic, INGESTOR.group).values()
    )


def metric(name: str, **labels: str) -> float:
    return registry().get_sample_value(f"energyguard_{name}", labels) or 0.0


async def test_the_index_shows_every_reading_of_a_floor(log: Log, store: LocalStore) -> None:
    """System A's showed one for 2,437."""
    at = NOON_MS + 30_000 * np.arange(2_437)
    messages, _ = Building().messages(at, new_counters())
    send_floors(log, [one for one in messages if b'"piano":2' in one])
    await ingest(log, store)
    assert len(await store.scan("energy:p2", 1, 2**62, 10_000)) == 2_437
    versions = HybridClock("door")
    keys = Keys(store, Owners(None), versions, SYSTEM)
    index = json.loads(await keys.get("energy:p2:index", None))
    assert index["timestamps"] == [iso(int(ms) * 1000) for ms in at]
    newest = json.loads(await keys.get("energy:p2:latest", None))
    assert newest == json.loads(messages[-2])
    for spelling in ("2025-09-06T12:00:30Z", "2025-09-06T12:00:30+00:00"):
        assert await keys.get(f"energy:p2:{spelling}", None) == messages[4]


async def test_building_and_households_whatever_they_came_as(log: Log, store: LocalStore) -> None:
    send_floors(log, [floor("2025-09-06T12:00:00Z", n) for n in (1, 2, 3)])
    log.append(ENERGY_READINGS.name, Records([b"H9"], [b"2025-09-06T12:00:00Z,H9,0.05"]))
    readings = send_homes(log, 20)
    await ingest(log, store)
    rows = await contents(store)
    assert len(rows) == 3 + 1 + readings
    assert {row.series for row in rows} == {
        *(f"energy:p{n}" for n in (1, 2, 3)),
        *(f"H{n:03d}" for n in range(1, 6)),
        "H9",
    }


async def test_a_replay_gives_the_same_store(
    log: Log, store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    send_floors(log, [floor(f"2025-09-06T12:00:{s:02d}Z", s % 3 + 1) for s in range(60)] * 2)
    send_homes(log, 300)
    send_homes(log, 10)  # once more
    await ingest(log, store)
    once = await contents(store)
    monkeypatch.setattr("energyguard.sinks.ingestor.FULL_ROWS", 60)  # cut otherwise
    other = LocalStore(tmp_path / "other.db")
    for place in (store, other):
        ingestor = Ingestor(log, place)
        ingestor.consumer.rewind(dict.fromkeys(ingestor.consumer.positions, 0))
        while await ingestor.step(Event()):
            pass
        ingestor.consumer.leave()
        assert await contents(place) == once
    assert other._storage.slots() == store._storage.slots()
    await other.close()


async def test_an_outage_stalls_and_loses_nothing(
    log: Log, store: LocalStore, capsys: pytest.CaptureFixture[str]
) -> None:
    readings = send_homes(log, 400)
    seen: list[tuple[int, float]] = []
    away = gone(5)

    def fault(rows: Sequence[Row]) -> EnergyGuardError | None:
        seen.append((committed(log), metric("store_stalled")))
        return away(rows)

    flaky = Flaky(store, fault)
    await ingest(log, flaky)
    assert flaky.failed == 5
    assert len(await contents(store)) == readings
    assert {position for position, _ in seen[:6]} == {0}
    assert [stalled for _, stalled in seen[5:6]] == [1.0]
    assert metric("store_stalled") == 0.0
    said = capsys.readouterr().err
    assert "the store takes nothing now" in said
    assert "1 of 2 nodes replied" in said
    assert "the store is back" in said


async def test_positions_move_only_after_the_store_has_the_rows(
    log: Log, store: LocalStore
) -> None:
    send_homes(log, 100)
    written = [0]
    before = committed(log)

    class Watched(Flaky):
        async def write(self, rows: Sequence[Row], copies: int | None = None) -> None:
            assert committed(log) == before
            await super().write(rows, copies)
            await asyncio.sleep(0.01)
            assert committed(log) == before
            written[0] += len(rows)

    ingestor = Ingestor(log, Watched(store, lambda _: None))
    assert await ingestor.step(Event())
    assert written[0] > 0
    assert committed(log) > before


async def test_a_stop_in_an_outage_commits_nothing_and_the_next_one_goes_on(
    log: Log, store: LocalStore
) -> None:
    readings = send_homes(log, 50)
    stop = Event()
    flaky = Flaky(store, gone(10**9))
    running = asyncio.create_task(Ingestor(log, flaky).run(stop))
    while not flaky.failed:
        await asyncio.sleep(0.001)
    stop.set()
    await asyncio.wait_for(running, PATIENCE_S)
    assert committed(log) == 0
    await ingest(log, store)
    assert len(await contents(store)) == readings


async def test_writes_are_many_rows_each_and_several_at_a_time(log: Log, store: LocalStore) -> None:
    send_homes(log, 40, homes=100)
    flaky = Flaky(store, lambda _: None)
    await ingest(log, flaky)
    assert flaky.largest == AT_ONCE
    assert 1 < flaky.most_at_once <= IN_FLIGHT


async def test_what_the_store_refuses_costs_no_other(
    log: Log, store: LocalStore, capsys: pytest.CaptureFixture[str]
) -> None:
    readings = send_homes(log, 30)
    before = metric("store_rows_total", outcome="refused")
    await ingest(log, Flaky(store, refusing("H003")))
    assert len(await contents(store)) == readings - 30
    assert metric("store_rows_total", outcome="refused") == before + 30
    assert "device=H003" in capsys.readouterr().err
    assert all_committed(log)


async def test_names_that_devices_must_not_have_are_told(
    log: Log, store: LocalStore, capsys: pytest.CaptureFixture[str]
) -> None:
    line = b"2025-09-06T12:00:00Z,energy:p1,0.05"
    log.append(ENERGY_READINGS.name, Records([b"x"], [line]))
    await ingest(log, store)
    assert await contents(store) == []
    assert "device=energy:p1" in capsys.readouterr().err


async def test_two_share_the_work_and_one_takes_over(log: Log, store: LocalStore) -> None:
    readings = send_homes(log, 30)
    one, two = Ingestor(log, store), Ingestor(log, store)
    for _ in range(10):
        for each in (one, two):
            each.consumer.poll(now=True)
    assert one.consumer.positions.keys() | two.consumer.positions.keys() == {
        at for topic in INGESTOR.topics for at in log.positions(topic, LATEST)
    }
    assert not one.consumer.positions.keys() & two.consumer.positions.keys()
    assert await one.step(Event())
    one.consumer.leave()
    for _ in range(10):
        two.consumer.poll(now=True)
        await two.step(Event())
    assert all_committed(log)
    assert len(await contents(store)) == readings


async def test_who_lost_its_partitions_reads_again(log: Log, store: LocalStore) -> None:
    readings = send_homes(log, 30)
    stop = Event()
    ingestor = Ingestor(log, store)
    commit = ingestor.consumer.commit

    def too_late(positions: Positions) -> bool:
        ingestor.consumer.leave()  # as after a pause longer than the session
        ingestor.consumer.commit = commit  # type: ignore[method-assign]
        return commit(positions)

    ingestor.consumer.commit = too_late  # type: ignore[method-assign, assignment]
    running = asyncio.create_task(ingestor.run(stop))
    while not all_committed(log):
        assert not running.done()
        await asyncio.sleep(0.01)
    stop.set()
    await running
    assert len(await contents(store)) == readings


async def test_what_retention_deleted_is_told(
    store: LocalStore, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = ManualClock(NOON_MS)
    log = MemoryLog(clock)
    ingestor = Ingestor(log, store, clock)
    send_floors(log, [floor("2025-09-06T12:00:00Z")], key=b"p1")
    await ingestor.step(Event())
    send_floors(log, [floor("2025-09-06T12:00:30Z")], key=b"p1")
    clock.sleep(8 * 86_400)
    log.tidy()
    send_floors(log, [floor("2025-09-14T12:00:00Z")], key=b"p1")
    log.tidy()
    for _ in range(5):
        await ingestor.step(Event())
    assert "deleted before it was read" in capsys.readouterr().err
    rows = await store.scan("energy:p1", 1, 2**62, 10)
    assert [iso(row.at) for row in rows] == ["2025-09-06T12:00:00Z", "2025-09-14T12:00:00Z"]


async def test_a_store_that_is_not_there_yet_is_waited_for(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    errors = [Unavailable("nobody", 0.001), Conflict("in no cluster")]
    monkeypatch.setattr(role, "PAUSE_S", 0.001)

    def open_store(url: str) -> LocalStore:
        if errors:
            raise errors.pop(0)
        return store

    monkeypatch.setattr(role, "open_store", open_store)
    assert await role._opened("valkey://me:secret@host:1", Event()) is store
    said = capsys.readouterr().err
    assert said.count("the store is not there; waiting") == 2
    assert "in no cluster" in said
    assert "valkey://host:1" in said
    assert "secret" not in said


async def test_a_store_that_cannot_be_is_a_fault_of_the_settings() -> None:
    with pytest.raises(ConfigError, match="no backend 'paper'"):
        await role._opened("paper://service", Event())
    stop = Event()
    stop.set()
    assert await role._opened("paper://service", stop) is None


async def test_an_ingestor_is_wanted_where_a_store_is_named_or_one_was_at_work(
    log: Log, store: LocalStore, tmp_path: Path
) -> None:
    settings = Settings(data_dir=tmp_path)
    send_homes(log, 1)
    assert INGESTOR not in flows_at_work(log.positions, settings)
    named = settings.model_copy(update={"store": settings.store.model_copy(update={"url": "x"})})
    assert INGESTOR in flows_at_work(log.positions, named)
    await ingest(log, store)
    assert INGESTOR in flows_at_work(log.positions, settings)


async def test_a_real_file_that_others_hold_stalls_and_loses_nothing(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("energyguard.durable.connections.STEPS", 50)
    store = LocalStore(tmp_path / "held.db")
    readings = send_homes(log, 20)
    holder = connect(tmp_path / "held.db")
    holder.execute("BEGIN IMMEDIATE")
    ingestor, stop = Ingestor(log, store), Event()
    running = asyncio.create_task(ingestor.run(stop))
    while "others are writing" not in ingestor.fault:
        assert not running.done()
        await asyncio.sleep(0.001)
    assert committed(log) == 0
    holder.execute("COMMIT")
    holder.close()
    while not all_committed(log):
        await asyncio.sleep(0.01)
    stop.set()
    await running
    assert len(await contents(store)) == readings
    await store.close()
