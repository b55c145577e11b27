"""Sums and means below a level: only windows that are complete say anything."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from energyguard.errors import ConfigError
from energyguard.model.alerts import Severity
from energyguard.rules.kinds import rule_from
from energyguard.rules.kinds.threshold import ThresholdRule
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
