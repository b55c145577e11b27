"""Rules about some devices, and what differs for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from energyguard.errors import ConfigError
from energyguard.model.quantities import to_nano
from energyguard.rules.kinds.state import StateRule
from energyguard.rules.rule import Rule
from tests.rules.lives import Row, events, fed, operator_of, rule_of, told

FLOORS = """
kind = "state"
id = "r"
channels = ["power_kw"]
selector = "id=p[1-9]*"
raise_above = "11"
"""
OVERRIDES = """
[rule.devices.p2]
raise_above = "20"
clear_at = "18"
[rule.devices.p3]
longer_than = "1 minute"
"""


def kw(device: str, *of: tuple[int, float]) -> list[Row]:
    return [(device, "power_kw", second, value) for second, value in of]


def merged(*parts: list[Row]) -> list[Row]:
    return sorted((row for part in parts for row in part), key=lambda row: row[2])


def state_rule(rule: Rule) -> StateRule:
    assert isinstance(rule, StateRule)
    return rule


def test_only_the_devices_that_are_selected(tmp_path: Path) -> None:
    readings = merged(
        kw("p1", (0, 11), (30, 11.5), (60, 11)),
        kw("p12", (1, 30), (31, 2)),
        kw("pump", (2, 99)),
        kw("H001", (3, 99)),
    )
    found = events([rule_of(tmp_path, FLOORS)], readings)
    assert told(found) == [
        ("p12", "firing", 1), ("p1", "firing", 30), ("p12", "resolved", 31), ("p1", "resolved", 60),
    ]  # fmt: skip


def test_what_differs_for_a_device(tmp_path: Path) -> None:
    """Its level, where it clears, how long it waits; and its alert says its own limit."""
    readings = merged(
        kw("p1", (0, 15), (90, 11)),
        kw("p2", (1, 15), (31, 21), (61, 19), (91, 18)),
        kw("p3", (2, 15), (32, 15), (95, 15), (99, 11)),
    )
    found = events([rule_of(tmp_path, FLOORS + OVERRIDES)], readings)
    assert told(found) == [
        ("p1", "firing", 0), ("p3", "pending", 2), ("p2", "firing", 31), ("p1", "resolved", 90),
        ("p3", "firing", 62), ("p2", "resolved", 91), ("p3", "resolved", 99),
    ]  # fmt: skip
    (raised,) = (event for event in found if event.device == "p2" and event.state == "firing")
    assert raised.expected == to_nano("20")
    assert raised.about.startswith("p2: 21 kW is above 20 kW, by 1 kW")


def test_a_device_that_comes_later_has_its_own_limit_too(tmp_path: Path) -> None:
    operator = operator_of([rule_of(tmp_path, FLOORS + OVERRIDES)])
    assert [e.device for e in fed(operator, kw("p1", (0, 12)))] == ["p1"]
    assert [e.device for e in fed(operator, kw("p2", (1, 12)) + kw("p4", (2, 12)))] == ["p4"]


def test_an_alert_ends_when_its_device_is_allowed_more(tmp_path: Path) -> None:
    rule = state_rule(rule_of(tmp_path, FLOORS))
    operator = operator_of([rule])
    fed(operator, merged(kw("p1", (0, 12)), kw("p2", (1, 12)), kw("p5", (2, 12))))
    (ended,) = operator.set_rules([rule.differing("p2", {"raise_above": "13"})]).events
    assert (ended.device, ended.reason) == ("p2", "the rule was changed")
    assert ended.about == "p2: the rule was changed (r: kW>13)"
    (ended,) = operator.set_rules([rule.with_fields(selector="id=p[12]")]).events
    assert (ended.device, ended.state) == ("p5", "resolved")
    assert [e.device for e in fed(operator, kw("p2", (10, 12)))] == ["p2"]  # by all's limit again
    assert fed(operator, kw("p5", (11, 99))) == []


def test_overrides_are_kept_and_taken_away(tmp_path: Path) -> None:
    rule = state_rule(rule_of(tmp_path, FLOORS + OVERRIDES))
    assert state_rule(rule.of("p2")).clear_at == to_nano("18")
    assert state_rule(rule.of("p1")) == rule
    less = rule.differing("p2", {}).differing("p3", {})
    assert less == rule_of(tmp_path, FLOORS)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('[rule.devices.p1]\nraise = "1"', "p1: cannot change 'raise'; can: raise_above, "),
        ('[rule.devices.p1]\nraise_above = "high"', "p1: raise_above: "),
        ('[rule.devices.p1]\nraise_above = "nan"', "p1: raise_above: "),
        ('[rule.devices.p1]\nraise_above = "9"\nclear_at = "10"', "p1: clear_at is above raise_"),
        ('[rule.devices.p1]\nraise_below = "9"', "p1: raise_above and raise_below"),
        ('devices = "p1"', "devices: a table for each device is wanted"),
        ('selector = "p1"', "selector: 'p1': write it as id=PATTERN"),
        ('selector = "site=home"', "selector: 'site=home': write it as id=PATTERN"),
    ],
)
def test_faults(tmp_path: Path, text: str, fault: str) -> None:
    given = FLOORS.replace('selector = "id=p[1-9]*"\n', "") + text
    with pytest.raises(ConfigError) as refused:
        rule_of(tmp_path, given)
    assert fault in refused.value.faults[0]
