"""A threshold on degrees."""

from __future__ import annotations

from pathlib import Path

from energyguard.codecs.seconds import text_of
from energyguard.domains.thermometer.dialect import message
from energyguard.rules.kinds.threshold import ThresholdRule
from tests.cli.conftest import Terminal


def test_it_is_too_warm(tmp_path: Path, terminal: Terminal) -> None:
    lines = tmp_path / "degrees.jsonl"
    start = 1_757_116_800
    lines.write_bytes(
        b"\n".join(
            message(text_of(start + i) or "", 30 if 100 <= i < 250 else 20) for i in range(400)
        )
    )
    told = terminal("evaluate", "--rule", "too-warm", lines).rows
    assert [(one["state"], one["time_ms"] // 1000 - start) for one in told] == [
        ("firing", 150),  # 28.33 °C in the mean of the minute
        ("resolved", 270),
    ]
    assert told[0]["about"] == "thermometer passed 28 °C in the mean of 1 minute"


def test_limits_that_nothing_ever_passes_are_faults() -> None:
    def faults(limit: int, window_ms: int = 60_000, *more: str) -> list[str]:
        rule = ThresholdRule(
            id="r",
            channels=("temperature_c", *more),
            window_ms=window_ms,
            slide_ms=60_000,
            raise_above=limit * 10**9,
            clear_at=limit * 10**9,
        )
        return rule.validate()

    assert faults(-18) == []
    assert faults(-274) == [
        "raise_above is below -273.15 °C: nothing ever is",
        "clear_at is below -273.15 °C: the alert would never end",
    ]
    assert faults(5, 30 * 86_400_000) == ["window '30 days' is too long for a mean"]
    assert faults(5, 60_000, "energy_kwh") == ["channels of different units: mean °C, kWh"]
    assert faults(5, 60_000, "voltage_v") == ["channels of different units: mean °C, mean V"]
