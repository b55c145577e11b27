"""Sums and means below a level: only windows that are complete say anything."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from energyguard.errors import ConfigError
from energyguard.model.alerts import Severity, State
from energyguard.rules.kinds import rule_from
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.rules.rule import Observation
from energyguard.rules.toml import table_of
from tests.rules.lives import Row, events, rule_of, told

BELOW = """
id = "r"
channels = ["energy_kwh"]
window = "1 minute"
slide = "30 seconds"
raise_below = "0.1"
clear_at = "0.2"
"""


def meter(device: str, seconds: range, kwh: float) -> list[Row]:
    return [(device, "energy_kwh", second, kwh) for second in seconds]


def test_too_little_is_raised_and_cleared(tmp_path: Path) -> None:
    rows = meter("H1", range(0, 180, 15), 0.06)
    rows += meter("H1", range(180, 300, 15), 0.01) + meter("H1", range(300, 500, 15), 0.06)
    found = events([rule_of(tmp_path, BELOW)], rows, lateness_s=60)
    assert told(found) == [("H1", "firing", 240), ("H1", "resolved", 360)]
    assert found[0].about == (
        "H1 fell below 0.1 kWh in 1 minute: 0.04, 0.06 less, since 2025-09-06 00:04:00 UTC"
    )
    assert (found[0].observed, found[0].expected, found[0].peak) == (
        40_000_000, 100_000_000, 40_000_000,
    )  # fmt: skip
    assert found[1].about == "H1 is back at or above 0.2 kWh in 1 minute"


def test_no_data_is_not_zero_use(tmp_path: Path) -> None:
    """H1 pauses, H2 loses a reading now and then, H3 sends once, H4 never sends energy."""
    rows = meter("H1", range(0, 180, 15), 0.06) + meter("H1", range(400, 520, 15), 0.06)
    rows += [row for i, row in enumerate(meter("H2", range(1, 520, 15), 0.02)) if i % 3]
    rows += meter("H3", range(7, 8), 0.0)
    rows += [("H4", "power_kw", second, 0.0) for second in range(0, 520, 15)]
    rows += meter("H5", range(3, 520, 15), 0.06)
    rows.sort(key=lambda row: row[2])
    assert told(events([rule_of(tmp_path, BELOW)], rows, lateness_s=60)) == []
    loose = rule_of(tmp_path, BELOW + 'longest_gap = "30 seconds"\n')
    found = told(events([loose], rows, lateness_s=60))
    assert {device for device, _, _ in found} == {"H2"}


def test_a_window_within_a_pause_says_nothing_of_it(tmp_path: Path) -> None:
    """What was below before a pause stays so over it: only a complete window ends it."""
    rows = meter("H1", range(0, 120, 15), 0.01) + meter("H1", range(300, 500, 15), 0.06)
    rows += meter("H2", range(2, 500, 15), 0.06)
    rows.sort(key=lambda row: row[2])
    found = told(events([rule_of(tmp_path, BELOW)], rows, lateness_s=60))
    assert found == [("H1", "firing", 60), ("H1", "resolved", 360)]


def test_readings_out_of_order_complete_a_window(tmp_path: Path) -> None:
    rows = meter("H1", range(0, 300, 15), 0.01) + meter("H2", range(2, 400, 15), 0.06)
    rows.sort(key=lambda row: row[2])
    first, second = rows[10], rows[13]
    rows[10], rows[13] = second, first
    found = events([rule_of(tmp_path, BELOW)], rows, lateness_s=60)
    assert told(found)[0] == ("H1", "firing", 60)


@pytest.mark.parametrize(("channel", "worth"), [("temperature_c", 5.0), ("power_kw", 0.3)])
def test_of_a_level_or_a_power(tmp_path: Path, channel: str, worth: float) -> None:
    text = BELOW.replace("energy_kwh", channel).replace('"0.1"', f'"{worth}"')
    text = text.replace('"0.2"', f'"{worth}"')
    # A minute of 18 kW is 0.3 kWh.
    low, high = (2.0, 9.0) if channel == "temperature_c" else (6.0, 36.0)
    rows: list[Row] = [
        ("T", channel, s, high if s < 120 or s >= 240 else low) for s in range(0, 400, 10)
    ]
    rows += [("other", channel, s, high) for s in range(1, 400, 10)]
    rows = [row for row in sorted(rows, key=lambda row: row[2]) if row[0] != "T" or row[2] < 330]
    found = told(events([rule_of(tmp_path, text)], rows, until_s=700))
    assert found == [("T", "firing", 180), ("T", "resolved", 270)]


def test_a_rule_of_today_is_encoded_as_it_was() -> None:
    rule = ThresholdRule(
        id="r", channels=("energy_kwh",), window_ms=60_000, slide_ms=15_000,
        raise_above=50_000_000, clear_at=50_000_000, mode="demo", threshold="0.05",
        severity=Severity.INFO,
    )  # fmt: skip
    encoded = (
        b'{"id":"r","channels":["energy_kwh"],"window_ms":60000,"slide_ms":15000,'
        b'"raise_above":50000000,"clear_at":50000000,"dwell_ms":0,"severity":"info",'
        b'"mode":"demo","threshold":"0.05","about":""}'
    )
    assert msgspec.json.encode(rule) == encoded
    assert rule_from(msgspec.json.decode(encoded)) == rule


def test_faults(tmp_path: Path) -> None:
    def fault(more: str, text: str = BELOW) -> str:
        with pytest.raises(ConfigError) as refused:
            rule_of(tmp_path, text + more)
        return refused.value.faults[0].removeprefix(f"{tmp_path}/rules.toml:")

    assert fault('raise_above = "1"\n') == "1: raise_above and raise_below: a rule has one of them"
    assert fault("", BELOW.replace("0.2", "0.05")) == "1: clear_at is below raise_below"
    above = BELOW.replace("raise_below", "raise_above").replace('"0.2"', '"0"')
    assert "only a rule with raise_below" in fault('longest_gap = "1 minute"\n', above)
    assert fault("", BELOW.replace('raise_below = "0.1"', "")) == "1: raise_above is missing"
    assert fault('longest_gap = "soon"\n').startswith("9: longest_gap: not a duration")


SURE = """
id = "r"
channels = ["energy_kwh"]
window = "15 minutes"
slide = "15 minutes"
raise_above = "1"
basis = "low"
"""


@pytest.mark.parametrize(
    ("basis", "words"),
    [("low", ", by what is certain at least"), ("high", ", by what is possible at most")],
)
def test_a_rule_says_by_which_number_it_goes(tmp_path: Path, basis: str, words: str) -> None:
    rule = rule_of(tmp_path, SURE.replace("low", basis))
    assert isinstance(rule, ThresholdRule)
    assert rule.summary == f"Raises above 1 kWh in 15 minutes{words}; looks every 15 minutes."
    found = Observation("H1", State.FIRING, 2 * 10**9, 0)
    assert rule.sentence(found) == f"H1 passed 1 kWh in 15 minutes{words}"
    assert rule.text == f"{basis} kwh>1 over 15 minutes"
    assert rule.engines == frozenset()
    assert rule.may_raise_early is (basis == "low")
    assert rule_from(msgspec.json.decode(msgspec.json.encode(rule))) == rule
    assert table_of(rule)["basis"] == basis
    plain = rule_of(tmp_path, SURE.replace('"low"', '"estimate"'))
    for back in ("estimate", ""):
        new, faults = rule.read_changes({"basis": back})
        assert faults == []
        assert rule.changed(new, {"basis": back}) == plain
    assert {rule.scored, rule.meaning}.isdisjoint({plain.scored, plain.meaning})  # type: ignore[attr-defined]


def test_means_have_no_bounds(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="a mean has no bounds; only sums go by low or high"):
        rule_of(tmp_path, SURE.replace("energy_kwh", "temperature_c"))


FED_IN = """
id = "r"
channels = ["energy_kwh"]
window = "1 minute"
slide = "30 seconds"
"""


def test_what_is_fed_in_has_limits_of_both_sides(tmp_path: Path) -> None:
    """More than 0.1 kWh fed in within a minute, or less than that; and no data is neither."""
    rows = meter("H1", range(0, 180, 15), -0.04) + meter("H1", range(180, 360, 15), -0.01)
    rows += meter("H2", range(0, 15, 15), -0.04) + meter("clock", range(0, 500, 15), -1.0)
    rows.sort(key=lambda row: row[2])
    much = rule_of(tmp_path, FED_IN + 'raise_below = "-0.1"\nclear_at = "-0.05"\n')
    of_h1 = [event for event in told(events([much], rows, lateness_s=60)) if event[0] == "H1"]
    assert of_h1 == [("H1", "firing", 60), ("H1", "resolved", 240)]
    little = rule_of(tmp_path, FED_IN + 'raise_above = "-0.1"\n')
    assert told(events([little], rows, lateness_s=60)) == [("H1", "firing", 240)]


def test_limits_below_0_that_make_no_sense(tmp_path: Path) -> None:
    def fault(more: str) -> str:
        with pytest.raises(ConfigError) as refused:
            rule_of(tmp_path, FED_IN + more)
        return refused.value.faults[0].removeprefix(f"{tmp_path}/rules.toml:")

    never_ends = fault('raise_above = "0.1"\nclear_at = "-0.2"\n')
    assert never_ends == "1: clear_at is below 0 kWh: the alert would never end"
    other_side = fault('raise_above = "0.1"\n[rule.devices.H1]\nraise_above = "-0.1"\n')
    assert other_side == "1: H1: raise_above is on the other side of 0: write a rule of its own"


@pytest.mark.parametrize(
    ("channel", "level", "window_ms", "is_refused"),
    [
        ("energy_kwh", 2_500_000, 900_000, False),
        ("energy_kwh", 2_500_001, 900_000, True),
        ("energy_kwh", -(10**9), 900_000, True),
        ("energy_kwh", 10**9, 366 * 86_400_000, False),
        ("power_kw", 10_000_001, 60_000, True),
        ("temperature_c", 10_000_001, 60_000, False),
    ],
)
def test_a_level_that_no_power_reaches_is_refused(
    channel: str, level: int, window_ms: int, is_refused: bool
) -> None:
    nano = level * 10**9
    rule = ThresholdRule(
        id="r", channels=(channel,), window_ms=window_ms, slide_ms=60_000, raise_above=nano,
        clear_at=nano,
    )  # fmt: skip
    beyond = "raise_above is more than 10,000,000 kW give: nothing ever is"
    assert (beyond in rule.validate()) == is_refused
