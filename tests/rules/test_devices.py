"""Rules about some devices, and what differs for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from energyguard.catalogue.revisions import PlacesFrom
from energyguard.errors import ConfigError
from energyguard.model.quantities import to_nano
from energyguard.model.selector import DeviceFacts
from energyguard.rules.kinds.state import StateRule
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.rules.rule import LEFT, Rule
from tests.rules.lives import START, Row, events, fed, operator_of, rule_of, told

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


SUMS = """
id = "r"
channels = ["energy_kwh"]
window = "1 minute"
slide = "15 seconds"
raise_above = "2"
selector = "id=H*"
[rule.devices.H2]
raise_above = "3"
[rule.devices.H3]
dwell = "30 seconds"
"""


def kwh(device: str, of: float, seconds: range) -> list[Row]:
    return [(device, "energy_kwh", second, of) for second in seconds]


def test_windows_hold_a_device_to_its_own_limit(tmp_path: Path) -> None:
    """Its alert and its record of energy_alerts say the limit that it has."""
    rule = rule_of(tmp_path, SUMS)
    seconds = range(0, 600, 15)  # what a device's windows come to is told when its rhythm is known
    readings = merged(
        kwh("H1", 0.6, seconds),
        kwh("H2", 0.6, seconds),
        kwh("H3", 0.6, seconds),
        kwh("H4", 0.8, seconds),
        kwh("K1", 9, seconds),
    )
    found = told(events([rule], readings))
    assert found == [
        ("H4", "firing", 30), ("H1", "firing", 45), ("H3", "pending", 45), ("H3", "firing", 75),
    ]  # fmt: skip
    operator = operator_of([rule])
    more = merged(kwh("H1", 0.6, seconds), kwh("H2", 0.8, seconds), kwh("K1", 9, seconds))
    found_now = {e.device: e for e in fed(operator, more) if e.state == "firing"}
    assert {*found_now} == {"H1", "H2"}
    assert (found_now["H1"].expected, found_now["H2"].expected) == (to_nano("2"), to_nano("3"))
    assert found_now["H2"].about == "H2 passed 3 kWh in 1 minute"
    outcome = operator.advance(START + 600_000)
    texts = {
        (some.rule.text, outcome.devices[key]) for some in outcome.breaches for key in some.key
    }
    assert texts == {("kwh>2 over 1 minute", "H1"), ("kwh>3 over 1 minute", "H2")}


def test_an_override_that_changes_leaves_the_other_alerts_alone(tmp_path: Path) -> None:
    rule = rule_of(tmp_path, SUMS)
    assert isinstance(rule, ThresholdRule)
    operator = operator_of([rule])
    seconds = range(0, 120, 15)
    fed(operator, merged(kwh("H1", 0.9, seconds), kwh("H2", 0.9, seconds)))
    more = rule.differing("H1", {"raise_above": "9"})
    (ended,) = operator.set_rules([more]).events
    assert (ended.device, ended.reason) == ("H1", "the rule was changed")
    (ended,) = operator.set_rules([more.with_fields(selector="id=H1")]).events
    assert (ended.device, ended.reason) == ("H2", LEFT)


def test_windows_are_the_same_for_all_devices(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="H3: cannot change 'window'; can: raise_above"):
        rule_of(tmp_path, SUMS + 'window = "2 minutes"')


def stands(revision: int, time_ms: int) -> PlacesFrom:
    """At odd revisions p1 is at home, at even ones p2."""
    at_home = f"p{2 - revision % 2}"
    return PlacesFrom(lambda name: DeviceFacts(name, ("home",) if name == at_home else ()))


def test_values_and_silences_go_by_where_devices_stand(tmp_path: Path) -> None:
    level = rule_of(tmp_path, FLOORS.replace("id=p[1-9]*", "site=home"))
    gone = rule_of(
        tmp_path, 'kind = "silence"\nid = "g"\nlonger_than = "1m"\nselector = "site=home"'
    )
    operator = operator_of([level, gone], places_at=stands)
    assert fed(operator, kw("p1", (0, 12)) + kw("p2", (1, 12)) + kw("p3", (2, 1))) == []
    assert operator.place(1).events == []  # values that were there before say nothing
    assert [e.device for e in fed(operator, kw("p1", (3, 12)) + kw("p2", (4, 12)))] == ["p1"]
    found = fed(operator, kw("p3", (90, 1)))
    assert [(e.rule, e.device, e.state) for e in found if e.rule == "g"] == [("g", "p1", "firing")]
    parts = {name: part for name, part in operator.snapshot().items() if part}
    operator = operator_of([level, gone], places_at=stands)
    operator.restore(parts)
    moved = [(e.rule, e.device, e.state, e.reason) for e in operator.place(2).events]
    left = "it is none of the rule's devices any more"
    assert sorted(moved) == [
        ("g", "p1", "resolved", left), ("g", "p2", "firing", ""), ("r", "p1", "resolved", left),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('[rule.devices.p1]\nraise = "1"', "p1: cannot change 'raise'; can: raise_above, "),
        ('[rule.devices.p1]\nraise_above = "high"', "p1: raise_above: "),
        ('[rule.devices.p1]\nraise_above = "nan"', "p1: raise_above: "),
        ('[rule.devices.p1]\nraise_above = "9"\nclear_at = "10"', "p1: clear_at is above raise_"),
        ('[rule.devices.p1]\nraise_below = "9"', "p1: raise_above and raise_below"),
        ('devices = "p1"', "devices: a table for each device is wanted"),
        ('selector = "p1"', "selector: 'p1' is no part of a selector; write id=…, site=…"),
        ('selector = "floor=2"', "selector: 'floor=2' is no part of a selector"),
        ('selector = " "', "selector: it is empty"),
    ],
)
def test_faults(tmp_path: Path, text: str, fault: str) -> None:
    given = FLOORS.replace('selector = "id=p[1-9]*"\n', "") + text
    with pytest.raises(ConfigError) as refused:
        rule_of(tmp_path, given)
    assert fault in refused.value.faults[0]
