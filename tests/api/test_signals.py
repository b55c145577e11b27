"""Signals of chargers over the service, and what dead letters come to that are taken in again."""

from __future__ import annotations

from pathlib import Path
from threading import Event, Thread

import pytest

from energyguard.domains.charging.sessions.stage import session_worker
from energyguard.domains.charging.topics import IMPORTED, SIGNALS
from energyguard.errors import Conflict
from energyguard.log import EARLIEST, LATEST, Records
from energyguard.model.topics import DEAD_LETTERS
from energyguard.service.intake import judgement
from energyguard.service.service import EnergyService
from energyguard.settings.charging import ChargingSettings
from energyguard.settings.tree import StreamSettings
from energyguard.testing import MemoryLog

CASES = Path(__file__).parents[1] / "cases" / "charging"
BASE = (CASES / "s00_base.jsonl").read_bytes()


def count(log: MemoryLog, topic: str) -> int:
    return sum(log.positions(topic, LATEST).values())


@pytest.mark.parametrize("shape", [None, "signal"])
def test_signals_are_taken_as_readings_are(
    log: MemoryLog, service: EnergyService, shape: str | None
) -> None:
    receipt = service.take_readings(BASE + b'{"charger_id":"c-1"}\n', shape)
    assert (receipt.accepted, receipt.malformed) == (6, 1)
    assert (receipt.topic, receipt.shape) == (SIGNALS.name, "signal")
    assert [row.row for row in receipt.refused] == [7]
    (letter,) = service.dead_letters()
    assert (letter.topic, letter.shape, letter.source) == (SIGNALS.name, "signal", "api")


def test_a_key_is_taken_once(log: MemoryLog, service: EnergyService) -> None:
    first, again = (service.take_readings(BASE, None, "api", "key") for _ in range(2))
    assert first == again
    assert sum(len(part) for part in read(log, SIGNALS.name)) == 6
    with pytest.raises(Conflict):
        service.take_readings(BASE + b"\n{}", None, "api", "key")


def read(log: MemoryLog, topic: str) -> list[list[bytes | None]]:
    found = log.read(dict(log.positions(topic, EARLIEST)), 1_000, 0)
    return [list(part.values) for part in found]


def test_what_is_too_late_again_is_not_accepted(log: MemoryLog, service: EnergyService) -> None:
    stop = Event()

    def work() -> None:
        worker = session_worker(log, ChargingSettings(), StreamSettings())
        while not stop.is_set():
            worker.step(0.02)
        worker.drain()

    thread = Thread(target=work)
    thread.start()
    try:
        lines = (CASES / "s07_offline_queue.jsonl").read_bytes().splitlines()
        for line in lines:  # charger-8 and charger-7, apart: each by its own clock
            service.take_readings(
                line.replace(b"11:30", b"10:50")
            )  # no jump that waits for a witness
        late = BASE.replace(b"charger-7", b"charger-8").replace(b"2024-05-19 10", b"2024-04-08 10")
        service.take_readings(late)
        for _ in range(200):
            if count(log, DEAD_LETTERS.name) == 6:
                break
            stop.wait(0.05)
        assert count(log, DEAD_LETTERS.name) == 6
        receipt = service.replay_dead_letters()
        assert (receipt.accepted, receipt.late, receipt.unjudged) == (0, 6, 0)
    finally:
        stop.set()
        thread.join(10)


def test_without_a_worker_nobody_has_judged(
    log: MemoryLog, service: EnergyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judgement, "WAIT_S", 0.1)
    header = tuple(
        (name, text.encode())
        for name, text in {
            "verdict": "late", "field": "timestamp", "reason": "late", "row": "1",
            "source": "x", "topic": SIGNALS.name, "shape": "signal",
        }.items()
    )  # fmt: skip
    line = BASE.splitlines()[0]
    log.append(DEAD_LETTERS.name, Records([None], [line], [header]))
    receipt = service.replay_dead_letters()
    assert (receipt.accepted, receipt.late, receipt.unjudged) == (1, 0, 1)


def test_rows_of_exports_are_left(log: MemoryLog, service: EnergyService) -> None:
    header = tuple(
        (name, text.encode())
        for name, text in {
            "verdict": "malformed", "field": "end", "reason": "open end", "row": "2",
            "source": "file:x.csv", "topic": IMPORTED.name, "shape": "charging-session",
        }.items()
    )  # fmt: skip
    log.append(DEAD_LETTERS.name, Records([None], [b"1,CP1"], [header]))
    receipt = service.replay_dead_letters()
    assert (receipt.accepted, receipt.left) == (0, 1)
