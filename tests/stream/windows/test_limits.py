"""Limits that change while the detector runs: which reading is the first to be judged by them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from energyguard.clock import ManualClock
from energyguard.log import Records
from energyguard.log.sqlite.log import SqliteLog
from energyguard.model.topics import BUILDING_READINGS, RULES
from energyguard.records.floor_alerts import METRICS
from energyguard.records.floors import floor_json
from energyguard.rules.registry import RuleBook, open_book
from energyguard.settings.tree import StreamSettings
from energyguard.stream.runtime.worker import Worker
from energyguard.stream.windows.detector import detector_worker
from tests.stream.test_worker import work
from tests.stream.windows.test_detector import alerts_of

USE = [metric.rule for metric in METRICS]
SETTINGS = StreamSettings(snapshot="1s", idle="1h")
NAMES = {"power_kw": 10**9, "current_a": 10**9, "voltage_v": 10**9, "energy_register_kwh": 10**9}


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteLog]:
    opened = SqliteLog(tmp_path / "log.db", ManualClock(1_757_160_000_000))
    yield opened
    opened.close()


def send(log: SqliteLog, minute: int, kw: float, floor: int = 1) -> None:
    """A floor's message, as system A's senders write it."""
    nano = {
        "energy_register_kwh": 1000 * 10**9 + minute * 10**6,
        "power_kw": round(kw * 1e9),
        "current_a": 20 * 10**9,
        "voltage_v": 230 * 10**9,
    }
    text = floor_json(floor, f"2025-09-06T12:{minute:02}:00+00:00", nano)
    log.append(BUILDING_READINGS.name, Records([b"p%d" % floor], [text]))


def change(log: SqliteLog, book: RuleBook, device: str = "p1", **fields: str) -> None:
    """As whoever changes a rule: another process, with a book of its own."""
    key, value = book.changing("floor-kw", None, device, **fields)
    book.apply(key, value)
    log.append(RULES.name, Records([key.encode()], [value]))


def detector(log: SqliteLog, clock: ManualClock) -> Worker[Any, Any]:
    topics = [BUILDING_READINGS.name]
    return detector_worker(log, open_book([], USE), SETTINGS, topics, clock)


def found(log: SqliteLog) -> list[tuple[str, str, float]]:
    """Device, state and limit of the alerts of the rule."""
    return [
        (event.device, event.state.value, event.expected / 1e9)
        for event in alerts_of(log, "floor-kw")
    ]


def test_the_reading_right_after_a_change_is_judged_by_it(log: SqliteLog) -> None:
    """Within the same second, and the same batch as others: only what comes after is."""
    clock = ManualClock(10**12)
    worker, book = detector(log, clock), open_book([], USE)
    send(log, 0, 6.0)
    work(worker)
    change(log, book, raise_above="5")
    send(log, 1, 6.0)
    send(log, 1, 6.0, floor=2)
    worker.step()  # no second is over
    assert found(log) == [("p1", "firing", 5.0)]
    change(log, book, raise_above="7")
    send(log, 2, 6.5)
    send(log, 3, 7.5)
    worker.step()
    assert found(log)[1:] == [("p1", "resolved", 5.0), ("p1", "firing", 7.0)]


@pytest.mark.parametrize("clean", [True, False])
def test_a_restart_between_a_change_and_its_effect(log: SqliteLog, clean: bool) -> None:
    clock = ManualClock(10**12)
    worker, book = detector(log, clock), open_book([], USE)
    send(log, 0, 6.0)
    work(worker)
    change(log, book, raise_above="5")
    (worker.drain if clean else worker.consumer.leave)()
    send(log, 1, 6.0)
    worker = detector(log, clock)
    work(worker)
    assert found(log) == [("p1", "firing", 5.0)]
    worker.consumer.leave()  # killed: what it did is done again, muted
    change(log, book, raise_above="9")
    again = detector(log, clock)
    send(log, 2, 8.0)
    work(again)
    assert found(log) == [("p1", "firing", 5.0), ("p1", "resolved", 5.0)]
    again.drain()


def test_a_replay_judges_by_what_was_in_force_then(log: SqliteLog) -> None:
    """Without any snapshot: decisions are in the log, at their places."""
    clock = ManualClock(10**12)
    worker, book = detector(log, clock), open_book([], USE)
    for minute, limit in enumerate(("5", "8", "5", "8")):
        change(log, book, raise_above=limit)
        send(log, minute, 6.0)
        worker.step()
    before = found(log)
    assert [state for _, state, _ in before] == ["firing", "resolved", "firing", "resolved"]
    worker.consumer.leave()
    later = detector(log, clock)
    work(later)
    (task,) = (task for task in later.tasks.values() if task.operator.devices)
    assert found(log) == before
    assert not any(state.episodes for state in task.operator.values.states)
