"""How high a state may be, and how long it may last."""

from __future__ import annotations

from pathlib import Path

import pytest

from energyguard.errors import ConfigError
from energyguard.rules.kinds.state import StateRule, is_passed
from tests.rules.lives import Row, events, fed, operator_of, rule_of, told

HIGH = """
kind = "state"
id = "r"
channels = ["voltage_v"]
raise_above = "232"
clear_at = "230"
"""
LASTING = HIGH + 'longer_than = "1 minute"\n'


def volts(device: str, *of: tuple[int, float]) -> list[Row]:
    return [(device, "voltage_v", second, value) for second, value in of]


def others(stop: int) -> list[Row]:
    return volts("other", *((second, 225.0) for second in range(5, stop, 10)))


def merged(*parts: list[Row]) -> list[Row]:
    return sorted((row for part in parts for row in part), key=lambda row: row[2])


def test_at_once(tmp_path: Path) -> None:
    readings = volts("V", (0, 230), (20, 232), (40, 233.5), (60, 231), (80, 241), (100, 230))
    found = events([rule_of(tmp_path, HIGH)], merged(readings, others(200)))
    assert told(found) == [("V", "firing", 40), ("V", "resolved", 100)]
    assert found[0].about == "V: 233.5 V is above 232 V, by 1.5 V, since 2025-09-06 00:00:40 UTC"
    assert found[1].peak == 241 * 10**9
    assert found[1].about == "V: 230 V is back at 230 V"


def test_below(tmp_path: Path) -> None:
    text = HIGH.replace("above", "below").replace('"230"', '"233"')
    readings = volts("V", (0, 236), (20, 231), (40, 220), (60, 232.5), (80, 233))
    found = events([rule_of(tmp_path, text)], readings)
    assert told(found) == [("V", "firing", 20), ("V", "resolved", 80)]
    assert (found[0].observed, found[-1].peak) == (231 * 10**9, 220 * 10**9)


def test_only_if_it_lasts(tmp_path: Path) -> None:
    """It fires when others show that time has passed, or with its own next reading."""
    readings = volts("V", (0, 240), (30, 230), (60, 240), (90, 240), (150, 230))
    found = events([rule_of(tmp_path, LASTING)], merged(readings, others(200)))
    assert told(found) == [
        ("V", "pending", 0), ("V", "resolved", 30), ("V", "pending", 60), ("V", "firing", 120),
        ("V", "resolved", 150),
    ]  # fmt: skip
    alone = events([rule_of(tmp_path, LASTING)], readings)
    assert told(alone) == told(found)


def test_late_readings_say_nothing_of_now(tmp_path: Path) -> None:
    readings = [*volts("V", (60, 230), (20, 240), (80, 230)), *others(100)]
    assert told(events([rule_of(tmp_path, HIGH)], readings, lateness_s=600)) == []


def test_of_a_silent_device_nobody_knows(tmp_path: Path) -> None:
    readings = volts("V", *((second, 225.0) for second in range(0, 60, 10)), (60, 240.0))
    back = volts("V", (700, 241.0), (710, 225.0))
    found = events([rule_of(tmp_path, LASTING)], merged(readings, back, others(800)))
    assert told(found) == [
        ("V", "pending", 60), ("V", "firing", 120), ("V", "unknown", 360), ("V", "firing", 700),
        ("V", "resolved", 710),
    ]  # fmt: skip
    slow = rule_of(tmp_path, HIGH + 'longer_than = "8 minutes"\n')
    found = events([slow], merged(readings, back, others(800)))
    assert told(found) == [
        ("V", "pending", 60), ("V", "unknown", 360), ("V", "pending", 700), ("V", "firing", 540),
        ("V", "resolved", 710),
    ]  # fmt: skip


def test_a_changed_level_goes_on_or_ends(tmp_path: Path) -> None:
    operator = operator_of([rule_of(tmp_path, HIGH)])
    fed(operator, volts("V", (0, 235)) + volts("W", (1, 250)))
    higher = rule_of(tmp_path, HIGH.replace('"232"', '"245"').replace('"230"', '"240"'))
    (ended,) = operator.set_rules([higher]).events
    assert (ended.device, ended.reason) == ("V", "the rule was changed")
    (stopped,) = operator.set_rules([]).events
    assert (stopped.device, stopped.reason) == ("W", "the rule was stopped")


def test_a_state_of_a_machine_may_last_so_long() -> None:
    parked = StateRule(id="parked", state="parked", longer_than_ms=10_000)
    assert parked.last_allowed(100, per_s=1) == 110
    assert parked.text == "parked for longer than 10 seconds"
    assert (is_passed(1.0, 1.0), is_passed(1.0, 1.0000000000000002)) == (False, True)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (HIGH.replace("voltage_v", "energy_kwh"), "1: energy_kwh: no level; there are: power_kw"),
        (HIGH.replace('"230"', '"240"'), "1: clear_at is above raise_above"),
        (HIGH.replace('raise_above = "232"', ""), "1: raise_above is missing"),
        (HIGH.replace('channels = ["voltage_v"]', ""), "1: channels is missing"),
    ],
)
def test_faults(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(ConfigError) as refused:
        rule_of(tmp_path, text)
    assert refused.value.faults[0].startswith(f"{tmp_path}/rules.toml:{fault}")
