"""Readings that count only in windows that are still open are noted: others are told afterwards."""

from __future__ import annotations

import pytest

from energyguard.model.channels import CHANNELS, Kind
from energyguard.model.readings import Verdict, batch_from, batch_of
from energyguard.rules.kinds.threshold import ThresholdRule
from energyguard.stream.time.trusted import ClockLimits
from energyguard.stream.windows.limits import WindowLimits
from energyguard.stream.windows.operator import WindowOperator
from tests.stream.windows.test_windows import START

MINUTE = 60_000
LIMITS = WindowLimits(ClockLimits(lateness_ms=5 * MINUTE))


def noted(channel: str, minutes: list[int]) -> list[tuple[Verdict, int]]:
    """The readings that are kept apart, of a meter that sends at these minutes: verdict, minute."""
    rule = ThresholdRule(
        id="r", channels=(channel,), window_ms=15 * MINUTE, slide_ms=MINUTE,
        raise_above=2**62, clear_at=2**62,
    )  # fmt: skip
    operator = WindowOperator("energy_readings", [rule], LIMITS)
    rises = CHANNELS[channel].kind is Kind.REGISTER
    found = []
    for minute in minutes:
        value = (minute if rises else 1) * 10_000_000
        batch = batch_from(batch_of(["A"], channel, [START + minute * MINUTE], [value]))
        for verdict, some in operator.process(batch).apart:
            found += [(verdict, (int(ms) - START) // MINUTE) for ms in some.time]
    return found


@pytest.mark.parametrize("channel", ["energy_kwh", "energy_register_kwh", "power_kw"])
def test_who_comes_behind_a_closed_window_is_noted(channel: str) -> None:
    regular = list(range(60))
    assert noted(channel, regular) == []
    for back, verdict in ((3, None), (8, Verdict.ACCEPTED), (30, Verdict.LATE)):
        one = 59 - back
        mixed = [*(m for m in regular if m != one), one]
        assert noted(channel, mixed) == ([(verdict, one)] if verdict else [])


def test_a_register_between_two_readings_changes_the_time_before_it() -> None:
    """At 54 windows are closed to 54; the entry that the reading cuts in two began at 53."""
    mixed = [*(m for m in range(60) if m != 54), 54]
    assert noted("energy_kwh", mixed) == []
    assert noted("energy_register_kwh", mixed) == [(Verdict.ACCEPTED, 54)]
