"""A worker on a real log: the same records whatever restarts, hand-overs and batch sizes."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import msgspec
import pytest

from energyguard.clock import ManualClock
from energyguard.codecs.records import pack
from energyguard.log import EARLIEST, LATEST, Log, Records, open_log
from energyguard.model.readings import batch_of
from energyguard.model.topics import ENERGY_READINGS, RULES
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.rules.registry import RuleBook, open_book
from energyguard.settings.tree import StreamSettings
from energyguard.stream.runtime.worker import Worker
from energyguard.stream.windows.stage import window_worker
from energyguard.testing import MemoryLog
from tests.stream.windows.test_windows import START
from tests.thorough import first_of

SETTINGS = StreamSettings(snapshot="1s")
TOPICS = ("energy_readings", "meter_readings", "replay.*")


def book() -> RuleBook:
    rule = ThresholdRule(
        id="test",
        channels=("energy_kwh",),
        window_ms=60_000,
        slide_ms=15_000,
        raise_above=100,
        clear_at=100,
        mode="demo",
    )
    return RuleBook([rule], ["test"])


def fill(log: Log, stop: int, start: int = 0, devices: int = 20) -> None:
    """Append ticks ``start`` to ``stop``: a tick's values are the same whoever asks."""
    rng = random.Random(1)
    names = [f"H{i:03d}" for i in range(devices)]
    for tick in range(stop):
        values = [rng.choice([5, 20, 30, 60]) for _ in names]
        if tick < start:
            continue
        batch = batch_of(names, "energy_kwh", [START + tick * 15_000] * devices, values)
        packed = pack(batch, ENERGY_READINGS.partitions)
        values_of, partitions = [v for _, v in packed], [p for p, _ in packed]
        records = Records([None] * len(packed), values_of, partitions=partitions)
        log.append(ENERGY_READINGS.name, records)


def read_all(log: Log, topic: str) -> dict[int, list[tuple[bytes | None, bytes | None]]]:
    """Every record of a topic: key and value by partition."""
    at = dict(log.positions(topic, EARLIEST))
    out: dict[int, list[tuple[bytes | None, bytes | None]]] = {tp.partition: [] for tp in at}
    while fetched := log.read(at, 10_000, 0):
        for part in fetched:
            out[part.partition] += list(zip(part.keys, part.values, strict=True))
            at[part.at] = part.next_offset
    return out


def work(worker: Worker[Any, Any], steps: int = 200) -> None:
    idle = 0
    for _ in range(steps):
        idle = 0 if worker.step() else idle + 1
        if idle > 2:
            return


def undisturbed(path: Path, ticks: int) -> dict[int, list[tuple[bytes | None, bytes | None]]]:
    log = open_log(f"sqlite:///{path}")
    fill(log, ticks)
    work(window_worker(log, book(), SETTINGS, TOPICS))
    out = read_all(log, "energy_alerts")
    log.close()
    assert sum(map(len, out.values())) > 50
    return out


def test_a_worker_tells_what_the_log_holds(tmp_path: Path) -> None:
    out = undisturbed(tmp_path / "log.db", 120)
    one = msgspec.json.decode(next(v for rows in out.values() for _, v in rows if v))
    assert list(one) == ["household_id", "window_start", "window_end", "kwh", "rule", "mode"]


@pytest.mark.parametrize("seed", first_of(4))
def test_restarts_change_nothing(tmp_path: Path, seed: int) -> None:
    expected = undisturbed(tmp_path / "a.db", 120)
    rng = random.Random(seed)
    log = open_log(f"sqlite:///{tmp_path}/b.db")
    fill(log, 120)
    clock = ManualClock(1_000_000_000_000)
    for _ in range(6):
        worker = window_worker(log, book(), SETTINGS, TOPICS, clock)
        for _ in range(rng.randrange(4)):
            clock.sleep(rng.choice([0, 2]))
            worker.step()
        # Half of them save their state as they go; the others leave their successor a replay.
        (worker.drain if rng.random() < 0.5 else worker.consumer.leave)()
    work(window_worker(log, book(), SETTINGS, TOPICS, clock))
    assert read_all(log, "energy_alerts") == expected
    log.close()


def test_two_workers_share_and_hand_over(tmp_path: Path) -> None:
    expected = undisturbed(tmp_path / "a.db", 120)
    log = open_log(f"sqlite:///{tmp_path}/b.db")
    clock = ManualClock(1_000_000_000_000)
    first = window_worker(log, book(), SETTINGS, TOPICS, clock)
    fill(log, 60)
    first.step()
    second = window_worker(log, book(), SETTINGS, TOPICS, clock)
    for _ in range(6):
        clock.sleep(2)
        first.step()
        second.step()
    assert first.tasks and second.tasks
    assert not first.tasks.keys() & second.tasks.keys()
    fill(log, 120, start=60)
    second.drain()
    for _ in range(6):
        clock.sleep(2)
        first.step()
    work(first)
    assert read_all(log, "energy_alerts") == expected
    log.close()


def test_what_was_decided_at_the_end_of_a_partition_is_told_once() -> None:
    """A worker dies before it has saved what a decision brought that no record follows."""
    clock = ManualClock(1_000_000_000_000)
    log, settings = MemoryLog(clock), StreamSettings(snapshot="1d")
    worker = window_worker(log, book(), settings, TOPICS, clock)
    fill(log, 60)
    work(worker)
    before = window_ends(log)
    clock.sleep(70)  # what is silent gets the time of others
    fill(log, 120, start=100, devices=1)
    for _ in range(3):
        clock.sleep(2)
        work(worker)
    ends = window_ends(log)
    assert len(ends) > len(before) > 0
    clock.sleep(11)  # it is dead: its lease is over
    for _ in range(3):
        worker = window_worker(log, book(), settings, TOPICS, clock)
        work(worker)
        clock.sleep(11)
    assert window_ends(log) == ends


def test_a_partition_with_records_that_nobody_has_read_is_not_quiet() -> None:
    """A worker stood still for long: what it reads first must not be the time of the others."""
    clock = ManualClock(1_000_000_000_000)
    log = MemoryLog(clock)
    worker = window_worker(log, book(), StreamSettings(poll_readings=8192), TOPICS, clock)
    fill(log, 4)
    work(worker)
    clock.sleep(1_800)
    fill(log, 124, start=4)
    work(worker, 2_000)
    assert sum(task.counts["late"] for task in worker.tasks.values()) == 0
    assert sum(task.counts["accepted"] for task in worker.tasks.values()) == 124 * 20


def test_rules_change_while_it_runs(tmp_path: Path) -> None:
    log = open_log(f"sqlite:///{tmp_path}/log.db")
    rules = open_book([], ["household-demo"])
    worker = window_worker(log, rules, SETTINGS, TOPICS)
    fill(log, 10)
    work(worker)
    other = open_book([], ["household-demo"])
    records = other.using(["household-prod"])
    log.append(RULES.name, Records([k.encode() for k, _ in records], [v for _, v in records]))
    worker.stage.follow(worker.tasks.values(), worker.decisions)
    work(worker)
    running = {r.id for t in worker.tasks.values() for r in t.operator.rules}
    assert running == {"household-prod"}
    log.close()


def test_a_window_longer_than_any_before_starts_warm_from_the_log(tmp_path: Path) -> None:
    log = open_log(f"sqlite:///{tmp_path}/log.db")
    known = book()
    worker = window_worker(log, known, SETTINGS, TOPICS)
    fill(log, 200)
    work(worker)
    key, value = known.changing("test", window="20 minutes", raise_above="0.00000255")
    log.append(RULES.name, Records([key.encode()], [value]))
    worker.stage.follow(worker.tasks.values(), worker.decisions)
    work(worker)
    fill(log, 300, start=200)
    work(worker)
    text = b"over 20 minutes"
    changed = {
        v for rows in read_all(log, "energy_alerts").values() for _, v in rows if v and text in v
    }
    log.close()
    other = open_log(f"sqlite:///{tmp_path}/other.db")
    fill(other, 300)
    known = book()
    known.apply(key, value)
    work(window_worker(other, known, SETTINGS, TOPICS))
    whole = {v for rows in read_all(other, "energy_alerts").values() for _, v in rows if v}
    other.close()
    first = min(msgspec.json.decode(v)["window_end"] for v in changed)
    assert changed == {v for v in whole if msgspec.json.decode(v)["window_end"] >= first}
    assert len(changed) > 50


def window_ends(log: Log) -> list[str]:
    rows = [row for some in read_all(log, "energy_alerts").values() for row in some]
    return sorted(msgspec.json.decode(value)["window_end"] for _, value in rows if value)


@pytest.mark.parametrize("restarted", [False, True])
def test_what_retention_deleted_is_told_and_the_worker_goes_on(
    restarted: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = ManualClock(START)
    log = MemoryLog(clock)
    worker = window_worker(log, book(), SETTINGS, TOPICS, clock)
    fill(log, 20)
    work(worker)
    if restarted:
        worker.consumer.leave()
    fill(log, 40, start=20)
    clock.sleep(31 * 86_400)
    log.tidy()
    fill(log, 160, start=40)
    if restarted:
        worker = window_worker(log, book(), SETTINGS, TOPICS, clock)
    for _ in range(3):
        clock.sleep(2)
        work(worker)
    name = ENERGY_READINGS.name
    assert log.positions(name, "worker") == log.positions(name, LATEST)
    assert "deleted before it was read" in capsys.readouterr().err
    assert window_ends(log)[-1] == "2025-09-06 00:29:45"


def test_a_replay_goes_around_what_retention_deleted(capsys: pytest.CaptureFixture[str]) -> None:
    clock = ManualClock(START)
    log = MemoryLog(clock)
    fill(log, 10)
    worker = window_worker(log, book(), SETTINGS, TOPICS, clock)
    work(worker)
    worker.drain()  # a snapshot at 10
    fill(log, 20, start=10)
    clock.sleep(5 * 86_400)
    fill(log, 80, start=20)
    worker = window_worker(log, book(), StreamSettings(snapshot="90 days"), TOPICS, clock)
    work(worker)
    told = window_ends(log)[-100:]
    worker.consumer.leave()
    clock.sleep(3 * 86_400)
    log.tidy()  # from 20 on it is there still
    worker = window_worker(log, book(), SETTINGS, TOPICS, clock)
    assert "deleted before it could be replayed" in capsys.readouterr().err
    fill(log, 160, start=80)
    work(worker)
    ends = window_ends(log)
    assert [end for end in ends if told[0] < end <= told[-1]] == [
        end for end in told if end > told[0]
    ]
    assert ends[-1] == "2025-09-06 00:29:45"
