"""How fast means and sums change, in either direction."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from msgspec import UNSET

from energyguard.errors import ConfigError
from energyguard.model.alerts import State
from energyguard.rules.kinds.rate import RateRule
from energyguard.rules.rule import Observation
from energyguard.rules.windowed import BASIS_WORDS
from tests.rules.lives import Row, events, rule_of, told

RATE = """
kind = "rate"
id = "r"
channels = ["temperature_c"]
window = "1 minute"
slide = "30 seconds"
raise_above = "60"
clear_at = "30"
"""


def degrees(second: int) -> float:
    """20 °C, from 3 to 5 minutes 2 °C a minute up, and from 8 to 9 minutes 3 °C down."""
    return 20 + 2 * min(max(second - 180, 0), 120) / 60 - 3 * min(max(second - 480, 0), 60) / 60


ROWS: list[Row] = [("T", "temperature_c", second, degrees(second)) for second in range(0, 720, 10)]


@pytest.mark.parametrize(
    ("direction", "expected"),
    [
        ("up", [("firing", 270), ("resolved", 390)]),
        ("down", [("firing", 540), ("resolved", 630)]),
        ("either", [("firing", 270), ("resolved", 390), ("firing", 540), ("resolved", 630)]),
    ],
)
def test_a_change_of_the_mean(
    tmp_path: Path, direction: str, expected: list[tuple[str, int]]
) -> None:
    found = events([rule_of(tmp_path, f'{RATE}direction = "{direction}"\n')], ROWS)
    assert [(state, second) for _, state, second in told(found)] == expected


def test_its_alert_says_how_fast(tmp_path: Path) -> None:
    first = events([rule_of(tmp_path, RATE)], ROWS)[0]
    assert (first.unit, first.expected) == ("°C per hour", 60 * 10**9)
    assert first.about == (
        "T changes by 100 °C per hour between means of 1 minute, 40 more than 60, "
        "since 2025-09-06 00:04:30 UTC"
    )
    assert first.observed == pytest.approx(100 * 10**9)
    quick = rule_of(
        tmp_path, RATE.replace('"60"', '"1.5"').replace('"30"\n', '"1.5"\n') + 'per = "1m"'
    )
    assert events([quick], ROWS)[0].unit == "°C per minute"


def test_a_pause_is_no_change(tmp_path: Path) -> None:
    """Sums that stop and come back: a window without all its readings is held against none."""
    text = RATE.replace("temperature_c", "energy_kwh").replace('"60"', '"3"')
    rule = rule_of(tmp_path, text.replace('"30"', '"3"'))
    rows: list[Row] = [
        ("H", "energy_kwh", second, 0.05) for second in range(0, 900, 15)
        if not 300 <= second < 500
    ]  # fmt: skip
    rows += [("other", "energy_kwh", second, 0.05) for second in range(1, 900, 15)]
    rows.sort(key=lambda row: row[2])
    assert told(events([rule], rows, lateness_s=60)) == []
    more = [(d, c, s, v * 3 if d == "H" and s >= 700 else v) for d, c, s, v in rows]
    assert told(events([rule], more, lateness_s=60))[0] == ("H", "firing", 720)


def test_faults(tmp_path: Path) -> None:
    def fault(old: str, new: str) -> str:
        with pytest.raises(ConfigError) as refused:
            rule_of(tmp_path, RATE.replace(old, new))
        return refused.value.faults[0].removeprefix(f"{tmp_path}/rules.toml:")

    assert fault('clear_at = "30"', 'clear_at = "70"') == "1: clear_at is above raise_above"
    assert fault('clear_at = "30"', 'per = "0s"') == "1: per must be longer than nothing"
    assert fault('clear_at = "30"', 'direction = "left"').startswith("9: direction: 'left'")
    assert fault('raise_above = "60"', "") == "1: raise_above is missing"
    assert fault('raise_above = "60"', 'raise_below = "60"').startswith(
        "8: no setting 'raise_below'"
    )


@pytest.mark.parametrize(
    ("direction", "basis", "changes"),
    [
        ("up", "low", [1, -8]), ("up", "high", [5, -3]),
        ("down", "low", [-5, 3]), ("down", "high", [-1, 8]),
        ("either", "low", [1, 3]), ("either", "high", [5, 8]),
    ],
)  # fmt: skip
def test_a_change_is_at_least_and_at_most_what_both_windows_allow(
    tmp_path: Path, direction: str, basis: str, changes: list[int]
) -> None:
    """From 2 to 4 kWh up to 5 to 7; and from 6 to 9 down to 1 to 3."""
    of_energy = RATE.replace("temperature_c", "energy_kwh")
    rule = rule_of(tmp_path, f'{of_energy}direction = "{direction}"\nbasis = "{basis}"\n')
    assert isinstance(rule, RateRule)
    now, before = {"low": [5, 1], "high": [7, 3]}, {"low": [2, 6], "high": [4, 9]}
    low, high = (lambda back, name=name: np.array((before if back else now)[name])
                 for name in ("low", "high"))  # fmt: skip
    assert rule.score_bounds(low, high).tolist() == changes
    assert basis in rule.text
    assert BASIS_WORDS[rule.goes_by] in rule.summary
    found = Observation("H1", State.FIRING, 90 * 10**9, 0)
    assert BASIS_WORDS[rule.goes_by] in rule.sentence(found)
    back, faults = rule.read_changes({"basis": "estimate"})
    assert faults == []
    assert rule.changed(back, {"basis": "estimate"}).basis is UNSET


def test_means_have_no_bounds(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="a mean has no bounds"):
        rule_of(tmp_path, f'{RATE}basis = "low"\n')
