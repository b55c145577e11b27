"""Chargers beside others whose time has ended: the last signal of an input ends its sessions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from energyguard.clock import ManualClock
from energyguard.domains.charging.model import Signal
from energyguard.domains.charging.sessions.operator import SessionOperator
from energyguard.domains.charging.sessions.stage import session_worker
from energyguard.domains.charging.topics import FULL_SESSIONS, TRANSACTION_PROFIT
from energyguard.settings.charging import ChargingSettings
from energyguard.stream.time.witnesses import Witnesses
from tests.domains.charging.test_late_signals import REAL, Sink, case
from tests.domains.charging.test_session_worker import (
    NOON,
    STREAM,
    opened,
    quiet,
    send,
    told_in,
    work,
)
from tests.domains.charging.test_sessions import arrive, connect, disconnect, leave, start, stop

NOW_MS = (NOON + 500 * 86_400) * 1_000
"""Long after the signals: they are of the past."""
REAL_TIME = ChargingSettings(hour="1h", before="10m", after="6m")


def neighbours(some: list[Signal]) -> list[Signal]:
    """Cars at chargers of the same partition and of another one, which left before."""
    first = min(one.second for one in some)
    found = []
    for charger in ("charger-107", "charger-207", "charger-15"):
        came = replace(arrive(0), charger=charger, second=first - 9_000)
        found += [came, replace(leave(0), charger=charger, second=first - 7_500)]
    return found


@pytest.mark.parametrize("order", ["file", "reversed", "7 parts"])
@pytest.mark.parametrize(
    ("name", "bills", "stays"),
    [
        ("s08_tariff_change", [(44.0, 13.2)], 1),
        ("s11_no_parking_sensor", [(11.0, 5.5)] * 3, 3),
        ("s13_7_4kw", [(7.4, 3.7)], 1),
    ],
)
def test_the_last_signal_of_an_input_ends_its_sessions(
    tmp_path: Path, name: str, bills: list[tuple[float, float]], stays: int, order: str
) -> None:
    some = case(name)
    mixed = [*neighbours(some), *some]
    parts = {
        "file": [mixed],
        "reversed": [[one] for one in reversed(mixed)],
        "7 parts": [mixed[i::7] for i in range(7)],
    }
    clock = ManualClock(NOW_MS)
    with opened(tmp_path / "log.db", clock) as log:
        worker = session_worker(log, REAL_TIME, STREAM, clock)
        for part in parts[order]:
            send(log, sorted(part, key=lambda one: one.second))
            work(worker)
        quiet(clock, 30, worker)
        paid = [json.loads(value or b"") for _, value, _ in told_in(log, TRANSACTION_PROFIT.name)]
        assert [(one["total_energy_delivered"], one["profit"]) for one in paid] == bills
        mine = [key for key, _, _ in told_in(log, FULL_SESSIONS.name) if key == b"charger-7"]
        assert len(mine) == stays


def test_a_clock_ahead_of_all_clocks_moves_nobody(tmp_path: Path) -> None:
    """The time of its signals has not been: it is no pause that is over."""
    clock = ManualClock((NOON + 100) * 1_000)
    with opened(tmp_path / "log.db", clock) as log:
        worker = session_worker(log, REAL_TIME, STREAM, clock)
        ahead = replace(arrive(8_000), charger="charger-101")
        send(log, [arrive(0), connect(5), start(10), ahead, replace(ahead, second=NOON + 8_100)])
        work(worker)
        quiet(clock, 60, worker)
        (task,) = (t for t in worker.stage.tasks.values() if t.operator.newest is not None)
        assert task.operator.newest == NOON + 10
        assert not told_in(log, TRANSACTION_PROFIT.name)


def test_what_comes_late_to_a_session_that_ended_with_its_input_restates_it() -> None:
    sink, sessions = Sink(), SessionOperator(REAL, witnesses=Witnesses.NONE, restates=True)
    whole = [connect(0), start(10), stop(1_810), disconnect(1_820)]
    sink.take(sessions.process([*whole[:2], whole[3]]))
    sink.take(sessions.advance(NOON + 1_820))
    sink.take(sessions.end_unseen())
    assert len(sink.of("stay")) == 1
    assert sink.bills() == [(round(22 * 1_810 / 3_600, 9), 608)]  # until it was unplugged
    sink.take(sessions.process([whole[2]]))
    assert sink.bills() == [(11.0, 605)]
    assert len(sink.of("stay")) == 1  # restated, and not written as a new one
    again = SessionOperator(REAL, witnesses=Witnesses.NONE, restates=True)
    again.restore({k: v for k, v in sessions.snapshot().items() if v is not None})
    assert again.end_unseen() == []
