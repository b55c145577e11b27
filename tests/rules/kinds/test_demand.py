"""The mean power of the running period, forecast to its end: when it is told, and what is said."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from energyguard.errors import ConfigError
from energyguard.model.channels import EnergyDefaults
from energyguard.model.quantities import to_nano
from energyguard.rules.kinds.demand import DemandRule
from energyguard.rules.rule import SiteCalendar
from tests.rules.lives import Row, events, fed, operator_of, rule_of, told

RULE = 'kind = "demand"\nid = "r"\nchannels = ["power_kw"]\nraise_above = 250\n'
STEP_S, PERIOD_S = 60, 900


def powers(*kw: float, device: str = "main") -> list[Row]:
    """The power of each minute, from the start of a quarter of an hour on."""
    return [(device, "power_kw", n * STEP_S, value) for n, value in enumerate(kw)]


def registers(rows: Sequence[Row]) -> list[Row]:
    """The same as a register: what a minute had is there when it is over."""
    total, found = 1_000.0, [(rows[0][0], "energy_register_kwh", 0, 1_000.0)]
    for device, _, second, kw in rows:
        total = round(total + kw / 60, 6)
        found.append((device, "energy_register_kwh", second + STEP_S, total))
    return found


def intervals(rows: Sequence[Row]) -> list[Row]:
    return [(device, "energy_kwh", second, round(kw / 60, 6)) for device, _, second, kw in rows]


HIGH = powers(*[200] * 15, *[240] * 9, *[290] * 6, *[200] * 20)
"""From its ninth minute on the second quarter has more: 260 kW in the mean."""


def test_it_says_at_this_pace_how_much_to_shed_and_in_what_time(tmp_path: Path) -> None:
    found = events([rule_of(tmp_path, RULE)], HIGH)
    assert told(found) == [("main", "firing", 24 * 60), ("main", "resolved", 31 * 60)]
    first = found[0]
    assert (first.observed, first.expected) == (to_nano(260), to_nano(250))
    assert (first.unit, first.peak) == ("kW", to_nano(260))
    # 9 minutes of 240 kW have come; the other 6 may have 265 kW, and have 290.
    assert first.about == "main: at this pace 260 kW, limit 250 kW: shed 25 kW in 6 min"
    assert found[1].about == "main: at this pace 200 kW, within the limit of 250 kW"


def test_a_pace_that_falls_ends_it_within_the_quarter(tmp_path: Path) -> None:
    rows = powers(*[240] * 5, *[300] * 3, *[100] * 7, *[200] * 3)
    found = events([rule_of(tmp_path, RULE)], rows)
    assert told(found) == [("main", "firing", 5 * 60), ("main", "resolved", 8 * 60)]


def test_what_is_lost_says_so(tmp_path: Path) -> None:
    rows = powers(*[200] * 15, *[100] * 3, *[480] * 14)
    found = events([rule_of(tmp_path, RULE.replace("250", "300"))], rows)
    assert found[0].about.endswith("limit 300 kW: shed 130 kW in 12 min")
    rule = rule_of(tmp_path, RULE.replace("250", "300") + 'longer_than = "9 minutes"\n')
    assert events([rule], rows)[-1].about == (
        "main: at this pace 404 kW, limit 300 kW: passed in 3 min, whatever is switched off"
    )


@pytest.mark.parametrize("made", [registers, intervals])
def test_registers_and_intervals_are_forecast_like_powers(tmp_path: Path, made: object) -> None:
    rows = made(HIGH)  # type: ignore[operator]
    rule = rule_of(tmp_path, RULE.replace("power_kw", rows[0][1]))
    found = events([rule], rows)
    assert [state for _, state, _ in told(found)] == ["firing", "resolved"]
    assert abs(found[0].observed - to_nano(260)) < to_nano(5)
    assert 24 * 60 <= told(found)[0][2] <= 26 * 60


def test_what_a_register_feeds_in_is_no_demand(tmp_path: Path) -> None:
    rule = rule_of(tmp_path, RULE.replace("power_kw", "energy_register_kwh"))
    for device, states in (("main", ["firing"]), ("main/export", [])):
        rows = registers(powers(*[300] * 30, device=device))
        assert [state for _, state, _ in told(events([rule], rows))] == states


def test_a_register_that_is_wrong_for_a_moment_raises_nothing(tmp_path: Path) -> None:
    rows = registers(powers(*[200] * 60))
    rows[20] = (*rows[20][:3], 90_000.0)
    rows[41] = (*rows[41][:3], round(rows[41][3] - 500, 3))
    rule = rule_of(tmp_path, RULE.replace("power_kw", "energy_register_kwh"))
    assert events([rule], rows) == []


def test_a_power_that_no_meter_has_raises_nothing(tmp_path: Path) -> None:
    rows = powers(*[200] * 20)
    rows[7] = (*rows[7][:3], 500_000.0)
    assert events([rule_of(tmp_path, RULE)], rows) == []


def test_a_meter_of_quarters_of_an_hour_is_told_when_they_are_over(tmp_path: Path) -> None:
    rows = [("main", "energy_kwh", n * PERIOD_S, kwh) for n, kwh in enumerate([50.0] * 4 + [65.5])]
    found = events([rule_of(tmp_path, RULE.replace("power_kw", "energy_kwh"))], rows)
    assert told(found) == [("main", "firing", 4 * PERIOD_S)]
    assert found[0].about.startswith("main: at this pace 262 kW, limit 250 kW, since ")


def test_each_device_has_its_limit_and_periods_are_as_long_as_the_contract_s(
    tmp_path: Path,
) -> None:
    own = '[rule.devices.small]\nraise_above = "100"\nclear_at = "100"\n'
    rows = sorted(
        [*powers(*[150] * 20), *powers(*[150] * 20, device="small")], key=lambda row: row[2]
    )
    found = fed(operator_of([rule_of(tmp_path, RULE + own)]), rows)
    assert {event.device for event in found} == {"small"}
    assert found[0].expected == to_nano(100)
    hourly = rule_of(tmp_path, RULE + 'period = "1 hour"\n')
    found = events([hourly], powers(*[240] * 50, *[400] * 10, *[200] * 5))
    assert told(found) == [("main", "firing", 50 * 60), ("main", "resolved", 61 * 60)]
    assert events([hourly], powers(*[200] * 10, *[260] * 10, *[200] * 50)) == []


def test_hours_are_those_of_the_clock_of_the_site(tmp_path: Path) -> None:
    """In Kolkata an hour begins at half past of UTC."""
    text = RULE + 'period = "1 hour"\n'
    rows = powers(*[200] * 30, *[200] * 40, *[500] * 21)
    here = rule_of(tmp_path, text).at_site(SiteCalendar("Asia/Kolkata", (), EnergyDefaults()))
    (first, *_) = events([here], rows)
    assert first.about == "main: at this pace 300 kW, limit 250 kW: shed 150 kW in 20 min"
    assert isinstance(here, DemandRule)
    assert here.clock.zone == "Asia/Kolkata"


def test_a_changed_limit_keeps_what_came_in_the_period(tmp_path: Path) -> None:
    low, high = (rule_of(tmp_path, RULE.replace("250", kw)) for kw in ("220", "250"))
    operator = operator_of([high])
    rows = powers(*[230] * 8)
    assert fed(operator, rows) == []
    operator.set_rules([low])
    (first, *_) = fed(operator, powers(*[230] * 10)[8:])
    assert first.about == "main: at this pace 230 kW, limit 220 kW: shed 21.4 kW in 7 min"


def faults(folder: Path, text: str) -> str:
    with pytest.raises(ConfigError) as refused:
        rule_of(folder, text)
    return str(refused.value)


def test_what_makes_it_unusable(tmp_path: Path) -> None:
    assert "voltage_v: no energy" in faults(tmp_path, RULE.replace("power_kw", "voltage_v"))
    assert "raise_above is not above 0 kW" in faults(tmp_path, RULE.replace("250", "0"))
    assert "clear_at is not above 0" in faults(tmp_path, RULE + "clear_at = 251\n")
    assert "is no part of an hour" in faults(tmp_path, RULE + 'period = "25 minutes"\n')
    own = '[rule.devices.a]\nperiod = "1 hour"\n'
    assert "a: cannot change 'period'" in faults(tmp_path, RULE + own)
    assert "zone: " in faults(tmp_path, RULE + 'zone = "Nowhere/Here"\n')
    sums = faults(tmp_path, RULE + 'selector = "id=site/home"\n')
    assert "sends nothing itself: name the meter of its connection" in sums
    rule = rule_of(tmp_path, RULE)
    assert (rule.text, rule.engines) == ("demand>250 kW in 15 minutes", frozenset())
    assert rule.summary == (
        "Raises when the mean power of the running 15 minutes is forecast to be above 250 kW."
    )
