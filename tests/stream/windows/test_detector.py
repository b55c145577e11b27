"""The detector on a real log: positions, decisions and snapshots beside those of the worker."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from energyguard.clock import SYSTEM, Clock, ManualClock
from energyguard.codecs.records import pack
from energyguard.log import EARLIEST, LATEST, Log, Positions, Records
from energyguard.log.sqlite.log import SqliteLog
from energyguard.model.quantities import to_nano
from energyguard.model.readings import batch_of
from energyguard.model.topics import (
    ALERTS,
    DAY_MS,
    ENERGY_READINGS,
    PROGRESS,
    RULES,
    STATE,
    TIME,
)
from energyguard.records.alerts import AlertEvent
from energyguard.rules.kinds.profile import ProfileRule
from energyguard.rules.kinds.state import StateRule
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.rules.registry import RuleBook
from energyguard.settings.tree import StreamSettings
from energyguard.stream.runtime.worker import Worker
from energyguard.stream.windows.detector import detector_worker
from energyguard.stream.windows.stage import window_worker
from energyguard.topics import TOPICS
from tests.golden import older
from tests.stream.test_worker import read_all, work
from tests.stream.windows.test_windows import START

TOPIC: Final = ENERGY_READINGS.name
BEFORE_THE_DETECTOR: Final = "804b35d"  # when rules about values ran in the worker
SETTINGS = StreamSettings(snapshot="1s", idle="1h")
LEVEL = StateRule(
    id="volts", channels=("voltage_v",), raise_above=to_nano(232), clear_at=to_nano(230)
)
SUM = ThresholdRule(
    id="sums",
    channels=("energy_kwh",),
    window_ms=60_000,
    slide_ms=15_000,
    raise_above=10**8,
    clear_at=10**8,
)


def book(*rules: Any) -> RuleBook:
    rules = rules or (LEVEL, SUM)
    return RuleBook(rules, [rule.id for rule in rules])


def fill(log: Log, stop: int, start: int = 0, devices: int = 12) -> None:
    """Volts and energies, tick by tick: a tick's values are the same whoever asks."""
    rng = random.Random(2)
    names = [f"H{i:02d}" for i in range(devices)]
    for tick in range(stop):
        volts = [rng.choice([228.0, 231.0, 233.0]) for _ in names]
        energy = [rng.choice([0.01, 0.04]) for _ in names]
        if tick < start:
            continue
        channels = ["voltage_v"] * devices + ["energy_kwh"] * devices
        values = [to_nano(value) for value in volts + energy]
        times = [START + tick * 15_000] * 2 * devices
        packed = pack(batch_of(names * 2, channels, times, values), ENERGY_READINGS.partitions)
        values_of, partitions = [v for _, v in packed], [p for p, _ in packed]
        log.append(TOPIC, Records([None] * len(packed), values_of, partitions=partitions))


def alerts_of(log: Log, rule: str = "volts") -> list[AlertEvent]:
    """The events of a rule, by device; those of a device in the order of the log."""
    found = read_all(log, ALERTS.name)
    events = [
        msgspec.json.decode(value or b"", type=AlertEvent)
        for part in found.values()
        for _, value in part
    ]
    return sorted((e for e in events if e.rule == rule), key=lambda event: event.device)


def opened(path: Path, clock: Clock = SYSTEM) -> SqliteLog:
    return SqliteLog(path / "log.db", clock)


def _ends(log: Log) -> dict[str, Positions]:
    return {t.name: log.positions(t.name, LATEST) for t in TOPICS if not t.name.endswith("*")}


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[AlertEvent]:
    log = opened(tmp_path_factory.mktemp("undisturbed"))
    fill(log, 100)
    work(detector_worker(log, book(), SETTINGS, [TOPIC]))
    found = alerts_of(log)
    assert len(found) > 200
    assert {event.state.value for event in found} == {"firing", "resolved"}
    log.close()
    return found


@pytest.mark.parametrize("seed", range(3))
def test_it_goes_on_where_it_was_whatever_the_worker_does(
    tmp_path: Path, seed: int, expected: list[AlertEvent]
) -> None:
    """Both are stopped, killed and started anew, each by itself; neither loses or doubles."""
    rng, log, clock = random.Random(seed), opened(tmp_path), ManualClock(10**12)
    makers: tuple[Callable[..., Worker[Any, Any]], ...] = (window_worker, detector_worker)
    running: list[Worker[Any, Any] | None] = [None, None]
    settings = StreamSettings(snapshot="1s", idle="1h", poll_readings=60)
    for tick in range(0, 100, 10):
        fill(log, tick + 10, tick)
        for i, made in enumerate(makers):
            if running[i] is None and rng.random() < 0.7:
                running[i] = made(log, book(), settings, [TOPIC], clock)
            if (worker := running[i]) is not None:
                for _ in range(rng.randrange(4)):
                    clock.sleep(rng.choice([0, 2]))
                    worker.step()
                if rng.random() < 0.4:
                    (worker.drain if rng.random() < 0.5 else worker.consumer.leave)()
                    running[i] = None
    for i, made in enumerate(makers):
        work(running[i] or made(log, book(), settings, [TOPIC], clock))
    assert alerts_of(log) == expected
    assert alerts_of(log, "sums")
    log.close()


def test_it_writes_alerts_decisions_and_snapshots_and_no_more(tmp_path: Path) -> None:
    log = opened(tmp_path)
    fill(log, 40)
    fill(log, 20)  # doubled readings, which the worker counts and keeps
    log.append(TOPIC, Records([b"H00"], [b"no reading"]))
    before = _ends(log)
    worker = detector_worker(log, book(), SETTINGS, [TOPIC])
    work(worker)
    worker.drain()
    written = {name for name, end in _ends(log).items() if end != before[name]}
    assert written == {ALERTS.name, TIME.name, STATE.name}
    assert log.positions(TOPIC, "detector") == log.positions(TOPIC, LATEST)
    assert log.positions(TOPIC, "worker") == log.positions(TOPIC, EARLIEST)
    log.close()


def test_decisions_of_one_flow_are_none_of_the_other(tmp_path: Path) -> None:
    """Each is switched by its own decisions, at its own place, however far the other is."""
    log = opened(tmp_path)
    windows = window_worker(log, book(), SETTINGS, [TOPIC])
    fill(log, 30)
    work(windows)
    detector = detector_worker(log, book(), SETTINGS, [TOPIC])
    off = msgspec.json.encode({"rule": LEVEL, "active": False})
    work(detector)
    log.append(RULES.name, Records([b"volts"], [off]))
    for worker in (windows, detector):
        worker.consumer.poll(now=True)
        worker.stage.follow(worker.tasks.values(), worker.decisions)
        work(worker)
    ended = [event for event in alerts_of(log) if event.reason]
    assert ended
    assert {event.reason for event in ended} == {"the rule was stopped"}
    assert {rule.id for task in windows.tasks.values() for rule in task.operator.rules} == {"sums"}
    assert not any(task.operator.rules for task in detector.tasks.values())
    assert all(not event.reason for event in alerts_of(log, "sums"))
    (decided,) = read_all(log, TIME.name).values()
    for worker, owner in ((windows, b"energy_readings/"), (detector, b"detector/energy_readings/")):
        applied = {task.manifest.decided for task in worker.tasks.values()}
        assert len(applied) == len(worker.tasks)
        assert all((decided[serial][0] or b"").startswith(owner) for serial in applied)
    assert any(read_all(log, PROGRESS.name).values())  # the worker's
    log.close()


OLD_WORKER = """
import sys
from energyguard.log import open_log
from energyguard.rules.kinds.state import StateRule
from energyguard.rules.registry import RuleBook
from energyguard.settings.tree import StreamSettings
from energyguard.stream.windows.stage import window_worker

assert "{package}" in sys.modules["energyguard"].__file__
log = open_log("sqlite:///{path}")
rule = StateRule(
    id="volts", channels=("voltage_v",), raise_above=232 * 10**9, clear_at=230 * 10**9
)
settings = StreamSettings(snapshot="1s", idle="1h", poll_readings=100)
worker = window_worker(log, RuleBook([rule], ["volts"]), settings, ["energy_readings"])
while worker.step():
    pass
worker.{ends}()
log.close()
"""


@pytest.mark.each_value
@pytest.mark.parametrize("first", ["worker", "detector"])
@pytest.mark.parametrize("retained", [True, False], ids=["whole", "cut"])
def test_an_older_worker_s_alerts_go_on(
    tmp_path: Path, first: str, retained: bool, expected: list[AlertEvent]
) -> None:
    """Whoever starts first after it: none is lost, none is raised again."""
    package = older.package(tmp_path / "old", BEFORE_THE_DETECTOR)
    clock = ManualClock(SYSTEM.now_ms() - 8 * DAY_MS)
    log = opened(tmp_path, clock)
    fill(log, 52)
    clock.sleep(8 * DAY_MS / 1000)
    fill(log, 55, 52)
    text = OLD_WORKER.format(package=package, path=tmp_path / "log.db", ends="drain")
    run(package, text)
    told = alerts_of(log)
    opens = {event.id for event in told if event.state == "firing"}
    assert opens - {event.id for event in told if event.state == "resolved"}
    if not retained:  # the readings that began them are gone
        log.tidy()
        assert max(log.positions(TOPIC, EARLIEST).values()) == 52
    makers: Sequence[Any] = (window_worker, detector_worker)
    fill(log, 80, 55)
    for made in makers if first == "worker" else makers[::-1]:
        worker = made(log, book(), SETTINGS, [TOPIC])
        work(worker)
        worker.drain()
    fill(log, 100, 80)
    for made in makers:
        work(made(log, book(), SETTINGS, [TOPIC]))
    assert alerts_of(log) == expected
    log.close()


def run(package: Path, text: str) -> None:
    """A program of the older version."""
    environment = {**os.environ, "PYTHONPATH": str(package)}
    done = subprocess.run(
        [sys.executable, "-c", text], env=environment, cwd=package, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()


def test_profiles_outlive_snapshots_between_two_half_hours(tmp_path: Path) -> None:
    """A snapshot leaves out profiles that are as before: they stay those of the one before it."""
    usual = ProfileRule(
        id="usual", channels=("voltage_v",), sigmas=to_nano(4), clear_at=to_nano(2), needs=3
    )
    log, clock = opened(tmp_path), ManualClock(10**12)
    detector = detector_worker(log, book(usual), SETTINGS, [TOPIC], clock)
    for tick in range(2, 12, 2):  # all within one half-hour
        fill(log, tick, tick - 2)
        for _ in range(2 * ENERGY_READINGS.partitions):  # a partition's snapshot in a step
            clock.sleep(2)
            detector.step()
    detector.consumer.leave()
    fill(log, 14, 12)
    again = detector_worker(log, book(usual), SETTINGS, [TOPIC], clock)
    work(again)
    states = [state for task in again.tasks.values() for state in task.operator.values.states]
    assert sum(bool(state.scorer.save()) for state in states) > 1
    log.close()
