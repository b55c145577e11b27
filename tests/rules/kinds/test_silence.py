"""Devices that send nothing for too long."""

from __future__ import annotations

from pathlib import Path

import pytest

from energyguard.errors import ConfigError
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
