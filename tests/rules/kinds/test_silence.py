"""Devices that send nothing for too long."""

from __future__ import annotations

from pathlib import Path

import pytest

from energyguard.errors import ConfigError
from energyguard.rules.kinds.silence import SilenceRule
from energyguard.rules.rule import LEFT
from tests.rules.lives import START, Row, events, fed, operator_of, rule_of, told

FIXED = 'kind = "silence"\nid = "r"\nlonger_than = "2 minutes"\n'
RHYTHM = 'kind = "silence"\nid = "r"\nrhythms = 10\nseverity = "critical"\n'


def meter(device: str, *spans: range) -> list[Row]:
    return [(device, "energy_kwh", second, 0.01) for span in spans for second in span]


ROWS = sorted(
    meter("A", range(0, 100, 15), range(400, 600, 15)) + meter("B", range(0, 600, 15)),
    key=lambda row: row[2],
)


def test_a_duration(tmp_path: Path) -> None:
    found = events([rule_of(tmp_path, FIXED)], ROWS)
    assert told(found) == [("A", "firing", 210), ("A", "resolved", 400)]
    first = next(event for event in found if event.rule == "r")
    assert first.about == "A has sent nothing for 2 minutes, since 2025-09-06 00:01:30 UTC"
    assert (first.observed, first.expected, first.unit) == (120 * 10**9, 120 * 10**9, "s")
    assert told(found, "silence") == [("A", "unknown", 390), ("A", "resolved", 400)]


def test_the_device_s_own_rhythm(tmp_path: Path) -> None:
    found = events([rule_of(tmp_path, RHYTHM)], ROWS)
    assert told(found) == [("A", "firing", 240), ("A", "resolved", 400)]
    assert {event.severity.value for event in found if event.rule == "r"} == {"critical"}


def test_a_rule_that_starts_later_knows_who_is_silent_and_one_that_ends_says_so(
    tmp_path: Path,
) -> None:
    operator = operator_of([])
    fed(operator, [row for row in ROWS if row[2] < 300])
    rule = rule_of(tmp_path, RHYTHM)
    assert operator.set_rules([rule]).events == []
    (silent,) = fed(operator, [("B", "energy_kwh", 300, 0.01)])
    assert (silent.device, silent.state.value, silent.since_ms) == ("A", "firing", START + 90_000)
    same = operator.set_rules([rule_of(tmp_path, RHYTHM.replace("10", "12"))]).events
    assert same == []
    (changed,) = operator.set_rules([rule_of(tmp_path, RHYTHM.replace("10", "100"))]).events
    assert (changed.id, changed.state.value) == (silent.id, "resolved")
    assert changed.reason == "the rule was changed"
    operator.set_rules([rule])
    fed(operator, [("B", "energy_kwh", 301, 0.01)])
    (stopped,) = operator.set_rules([]).events
    assert stopped.about == "A: the rule was stopped (r: silent for 10 usual steps)"


def test_what_differs_for_a_device(tmp_path: Path) -> None:
    """One is waited for longer, one by its rhythm, one counts as worse; whenever they come."""
    own = """
[rule.devices.C]
longer_than = "4 minutes"
[rule.devices.D]
rhythms = "10"
severity = "critical"
"""
    rule = rule_of(tmp_path, FIXED + own)
    quiet = [row for name in "CDE" for row in meter(name, range(0, 100, 15))]
    rows = sorted(ROWS + quiet, key=lambda row: row[2])
    found = events([rule], rows)
    firing = {event.device: event for event in found if event.state == "firing"}
    assert {name: (e.time_ms - START) // 1000 for name, e in firing.items()} == {
        "A": 210, "E": 210, "D": 240, "C": 330,
    }  # fmt: skip
    assert firing["C"].about.startswith("C has sent nothing for 4 minutes, since")
    assert firing["C"].expected == 240 * 10**9
    assert (firing["D"].severity, firing["E"].severity) == ("critical", "warning")


def test_a_device_that_comes_when_there_is_room_already_is_waited_for_as_its_own_limit_says(
    tmp_path: Path,
) -> None:
    own = '[rule.devices.d9]\nlonger_than = "1 hour"\n'
    operator = operator_of([rule_of(tmp_path, FIXED + own)])
    names = [f"d{n}" for n in range(10)]
    for first, stop in ((0, 8), (8, 9), (9, 10)):
        fed(operator, [(name, "energy_kwh", 0, 0.01) for name in names[first:stop]])
    found = fed(operator, [("d0", "energy_kwh", 600, 0.01)])
    assert [event.device for event in found if event.rule == "r"] == names[1:9]


def test_an_alert_ends_when_its_device_is_waited_for_longer_or_is_meant_no_more(
    tmp_path: Path,
) -> None:
    rule = rule_of(tmp_path, FIXED)
    assert isinstance(rule, SilenceRule)
    operator = operator_of([rule])
    quiet = [row for name in "CDE" for row in meter(name, range(0, 100, 15))]
    fed(operator, sorted(quiet + meter("B", range(0, 300, 15)), key=lambda row: row[2]))
    (ended,) = operator.set_rules([rule.differing("C", {"longer_than": "1 hour"})]).events
    assert (ended.device, ended.reason) == ("C", "the rule was changed")
    (ended,) = operator.set_rules([rule.with_fields(selector="id=[BCD]")]).events
    assert (ended.device, ended.reason) == ("E", LEFT)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('kind = "silence"\nid = "r"\n', "1: longer_than is missing"),
        ('kind = "silence"\nid = "silence"\nrhythms = 3\n', "1: id 'silence' is the product's own"),
        ('kind = "silence"\nid = "r"\nrhythms = 1\n', "1: rhythms: 1 is every pause"),
        ('kind = "silence"\nid = "r"\nrhythms = 2.5\n', "4: rhythms: not a whole number"),
        (FIXED + 'channels = ["energy_kwh"]\n', "5: no setting 'channels'"),
    ],
)
def test_faults(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(ConfigError) as refused:
        rule_of(tmp_path, text)
    assert refused.value.faults[0].startswith(f"{tmp_path}/rules.toml:{fault}")
