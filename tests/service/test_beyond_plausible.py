"""A meter that is larger than what is plausible of all is told from readings that were wrong."""

from __future__ import annotations

import pyarrow as pa
import pytest

from energyguard.cli.run.doctor_log import _meters
from energyguard.history.energy import folded
from energyguard.model.quantities import to_nano
from energyguard.service.beyond_plausible import BeyondPlausible, beyond_plausible, like_register
from energyguard.settings.tree import Settings
from energyguard.testing import MemoryLog
from tests.ledger.folding import DAY, MINUTE, MONDAY
from tests.service.made import send


def entries_of(channel: str, values: list[float]) -> pa.Table:
    """As the history answers, of readings 15 minutes apart."""
    many = len(values)
    rows = pa.table(
        {
            "name": [channel] * many,
            "ms": [MONDAY + n * 15 * MINUTE for n in range(many)],
            "nano": [to_nano(value) for value in values],
            "sequence": [0] * many,
            "version": [many - n for n in range(many)],
            "facts": [""] * many,
            "topic": ["meter_readings"] * many,
            "kept": [0] * many,
            "wrong": [0] * many,
            "is_set": [0] * many,
        }
    )
    bound = {"device": "hall", "start_ms": str(MONDAY), "end_ms": str(MONDAY + DAY)}
    return folded.entries(rows, bound)


@pytest.mark.parametrize(
    ("channel", "values", "readings"),
    [
        ("energy_register_kwh", [1000 + 30 * n for n in range(12)], 11),
        ("energy_kwh", [30.0] * 12, 12),
        ("power_kw", [120.0] * 12, 12),
    ],
)
def test_what_a_large_meter_needs_is_said(channel: str, values: list[float], readings: int) -> None:
    found = beyond_plausible(entries_of(channel, values))
    assert found is not None
    assert (found.channel, found.readings) == (channel, readings)
    assert found.needed_kw == pytest.approx(120.0)
    assert found.proposed_kw == 480


@pytest.mark.parametrize(
    ("channel", "values"),
    [
        ("energy_register_kwh", [1000 + 2 * n for n in range(12)]),  # nothing is odd
        ("energy_register_kwh", [1.0, 2.0, 900.0, 3.0, 4.0, 0.0, 5.0, 800.0, 6.0, 7.0]),
        ("energy_register_kwh", [5000.0, 5001.0, *(100 + 2 * n for n in range(10))]),  # swapped
        ("power_kw", [1.0, 5000.0, 1.0, 1.0]),
        ("energy_kwh", []),
    ],
)
def test_readings_that_were_wrong_are_none_of_a_large_meter(
    channel: str, values: list[float]
) -> None:
    assert beyond_plausible(entries_of(channel, values)) is None


@pytest.mark.parametrize(("needed", "proposed"), [(0.4, 2), (120.0, 480), (333.0, 1_400)])
def test_what_is_proposed_leaves_room(needed: float, proposed: int) -> None:
    assert BeyondPlausible("power_kw", 3, needed).proposed_kw == proposed


@pytest.mark.parametrize(
    ("channel", "values"),
    [
        ("energy_register_kwh", [1000 + 30.0 * n for n in range(12)]),
        ("energy_kwh", [30.0] * 12),
        ("power_kw", [120.0] * 12),
    ],
)
def test_doctor_names_a_large_meter_by_the_newest_readings(
    channel: str, values: list[float]
) -> None:
    log = MemoryLog()
    assert _meters(log, Settings()).todo == ""
    for n, value in enumerate(values):
        send(log, ("hall", n * 900, value), ("home", n * 900, 0.01 * n), channel=channel)
    found = _meters(log, Settings())
    assert "plausible: hall needs about 120 kW (max_power_kw, such as 480)" in found.found
    assert "home" not in found.found
    assert found.todo


def test_energies_that_rise_for_a_day_are_like_a_register() -> None:
    shown = [0.1 * n for n in range(96)]
    assert like_register(entries_of("energy_kwh", shown))
    assert not like_register(entries_of("energy_register_kwh", shown))
    assert not like_register(entries_of("energy_kwh", [*shown[:90], 0.0]))
    assert not like_register(entries_of("energy_kwh", []))
