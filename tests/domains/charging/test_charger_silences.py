"""Chargers that fall silent are alerts like any device, each by its own pauses."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec.structs import replace

from energyguard.clock import ManualClock
from energyguard.domains.charging.model import ChargerSilence, Signal
from energyguard.domains.charging.records.stations import Charger
from energyguard.domains.charging.sessions.operator import SessionOperator
from energyguard.domains.charging.sessions.stage import session_worker
from energyguard.log import Records
from energyguard.model.topics import ALERTS
from energyguard.settings.charging import ChargingSettings
from tests.domains.charging.test_session_worker import (
    STREAM,
    opened,
    quiet,
    send,
    told_in,
    work,
)
from tests.domains.charging.test_sessions import NOON, arrive, leave

HOUR, DAY = 3_600, 86_400


def silences(operator: SessionOperator, *signals: Signal, until: int = 0) -> list[tuple[int, bool]]:
    found = operator.process(signals) + (operator.advance(NOON + until) if until else [])
    return [(one.second - NOON, one.is_silent) for one in found if isinstance(one, ChargerSilence)]


def test_a_charger_is_waited_for_by_its_own_pauses() -> None:
    operator = SessionOperator(silent_s=DAY, restates=True)
    assert silences(operator, arrive(0), leave(100), until=DAY) == []
    assert silences(operator, until=DAY + 100) == [(DAY + 100, True)]
    assert silences(operator, until=2 * DAY) == []
    back = silences(operator, arrive(3 * DAY), leave(3 * DAY + 9), until=3 * DAY + 60)
    assert back == [(3 * DAY, False)]
    # its pause was nearly three days: it is waited for three times that
    assert silences(operator, until=10 * DAY) == []
    parts = {k: v for k, v in operator.snapshot().items() if v is not None}
    again = SessionOperator(silent_s=DAY, restates=True)
    again.restore(parts)
    late = 3 * DAY + 9 + 3 * (3 * DAY - 100)
    assert silences(again, until=late - 1) == []
    assert silences(again, until=late) == [(late, True)]
    assert silences(again, arrive(late - 50)) == [(late - 50, False)]  # of a queue


def test_a_signal_is_no_silence_of_its_own_charger() -> None:
    """Nobody was there who knew what time it was meanwhile."""
    operator = SessionOperator(silent_s=DAY)
    far = [arrive(2 * DAY + step) for step in range(0, 50, 10)]
    assert silences(operator, arrive(0), leave(100), *far, until=2 * DAY + 90) == []


def test_it_is_an_alert_under_its_name_in_the_catalogue(tmp_path: Path) -> None:
    clock = ManualClock(NOON * 1000)
    charging = ChargingSettings(silent="30s")
    listed = Charger(charger="charger-1", station="s", topic="charger-station-signals", network="n")
    with opened(tmp_path / "log.db", clock) as log:
        log.append("energyguard.chargers", Records([b"charger-1"], [msgspec.json.encode(listed)]))
        worker = session_worker(log, charging, STREAM, clock)
        send(log, [arrive(0), leave(2)])
        work(worker)
        quiet(clock, 60, worker)
        send(log, [replace(arrive(0), second=clock.now_ms() // 1000)])
        work(worker)
        quiet(clock, 15, worker)
        events = [msgspec.json.decode(value or b"") for _, value, _ in told_in(log, ALERTS.name)]
    assert [(e["state"], e["device"], e["rule"]) for e in events] == [
        ("unknown", "charger:n/charger-1", "silence"),
        ("resolved", "charger:n/charger-1", "silence"),
    ]
    assert events[0]["since_ms"] == (NOON + 2) * 1000
    assert events[0]["time_ms"] == (NOON + 32) * 1000
    assert events[0]["id"] == events[1]["id"]
