"""What is so for a while is logged seldom: no line for each try, and none for each short rest."""

from __future__ import annotations

from typing import Any

import pytest

from energyguard import telemetry
from energyguard.clock import ManualClock
from energyguard.errors import DiskFull, Unavailable
from energyguard.telemetry import Condition
from tests.waiting import until


class Lines(list[str]):
    """A log that keeps its lines."""

    def warning(self, event: str, **fields: Any) -> None:
        self.append(f"{event} for {fields['for_s']} s" if "for_s" in fields else event)

    def info(self, event: str) -> None:
        self.append(event)


def condition(lines: Lines, clock: ManualClock) -> Condition:
    return Condition(lines, "away", "there", clock)


def test_what_lasts_is_logged_ever_more_seldom() -> None:
    lines, clock = Lines(), ManualClock()
    away = condition(lines, clock)
    for _ in range(24 * 3_600 // 2):
        away.begin(DiskFull("no room"))
        clock.sleep(2)
    minutes = [1, 3, 7, 15, 31, 63, 127, 255, 511, 871, 1231]
    assert lines == ["away", *(f"away for {n * 60} s" for n in minutes)]
    away.end()
    assert lines[-1] == "there"


def test_each_kind_of_error_is_logged_once_whatever_their_order() -> None:
    lines, clock = Lines(), ManualClock()
    away = condition(lines, clock)
    for _ in range(5):
        away.begin(DiskFull("no room"))
        away.begin(Unavailable("gone"))
    assert lines == ["away", "away"]


def test_what_comes_and_goes_is_one_condition(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry, "RESTED_S", 0.05)
    lines, clock = Lines(), ManualClock()
    away = condition(lines, clock)
    for _ in range(100):
        away.begin(DiskFull("no room"))
        away.end()
    assert lines == ["away", "there", "away"]
    until(lambda: lines[-1] == "there", "its end, when it has rested")
    clock.sleep(1)
    away.begin(DiskFull("no room"))
    away.end()
    assert lines[-4:] == ["away", "there", "away", "there"]
