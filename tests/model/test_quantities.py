"""Durations as people write them."""

from __future__ import annotations

import pytest

from energyguard.model.quantities import parse_duration, spell_duration

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
UNITS = {
    1: ("ms", "millisecond", "milliseconds"),
    SECOND: ("s", "sec", "secs", "second", "seconds"),
    MINUTE: ("m", "min", "mins", "minute", "minutes", "MIN"),
    HOUR: ("h", "hour", "hours"),
    DAY: ("d", "day", "days"),
}


@pytest.mark.parametrize(("ms", "unit"), [(ms, unit) for ms in UNITS for unit in UNITS[ms]])
def test_every_unit_is_as_long_as_it_says(ms: int, unit: str) -> None:
    assert parse_duration(f"3{unit}") == parse_duration(f" 3 {unit} ") == 3 * ms


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("PT15M", 15 * MINUTE),
        ("P2DT3H4M5S", 2 * DAY + 3 * HOUR + 4 * MINUTE + 5 * SECOND),
        ("pt1s", SECOND),
        ("366 days", 366 * DAY),
    ],
)
def test_iso_and_the_longest(text: str, ms: int) -> None:
    assert parse_duration(text) == ms


@pytest.mark.parametrize("text", ["", "15", "P", "1.5h", "-1s", "3 weeks", "367 days", "P367D"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"duration|year"):
        parse_duration(text)


@pytest.mark.parametrize("ms", [SECOND, 15 * MINUTE, HOUR, 2 * DAY])
def test_what_is_spelled_is_read_again(ms: int) -> None:
    assert parse_duration(spell_duration(ms)) == ms
