"""What is sent times a scale counts; it is folded as it was sent, and from an event time on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energyguard.ledger.bounds import BoundedEntries, parts_in, window_bounds
from energyguard.ledger.channels import EnergyChannel
from energyguard.ledger.entries import Entries, EntryKind
from energyguard.ledger.scales import Scale
from tests.ledger.folding import (
    HOUR,
    INTERVAL,
    KWH,
    MINUTE,
    MONDAY,
    POWER,
    REGISTER,
    Row,
    bounds,
    folded,
    kinds,
    ledger_of,
    take,
    total,
)
from tests.thorough import examples

CT = (Scale(0, 40, 1),)
PULSES = (Scale(0, 1, 800),)
QUARTER = 15 * MINUTE
EXCHANGED = (Scale(0, 40, 1), Scale(MONDAY + 3 * QUARTER - 1, 60, 1))
VALUES = st.lists(st.integers(0, 2_000), min_size=2, max_size=30)


@pytest.mark.parametrize(
    ("values", "kinds_", "raw"),
    [
        ([7.4, 7.5, 0, 0, 0.1, 0.2], "fdrddd", 0.3),
        (["9998.41", "9999.65", "0.83", "2.10"], "fdOd", 3.69),
        ([51.2, 51.3, 0, 0, 51.5, 51.6], "fdDDdd", 0.4),
        ([315.6, 315.7, 315.6, 315.7], "fdDd", 0.1),
    ],
)
def test_a_register_shows_what_it_shows_and_counts_times_its_scale(
    values: list[float | str], kinds_: str, raw: float
) -> None:
    """Resets, rollovers, dips and the last digit are those of what the meter shows."""
    channel = REGISTER._replace(scales=CT, largest_power_w=400_000)
    rows = folded(channel, values)
    assert (kinds(rows), total(rows)) == (kinds_, round(raw * 40, 9))
    digits = folded(channel._replace(rollover=10**4 * KWH), values)
    assert total(digits) == round(raw * 40, 9)


def test_pulses_of_a_counter() -> None:
    rows = folded(REGISTER._replace(scales=PULSES), [120_000, 120_400, 121_200, 0, 800])
    assert (kinds(rows), total(rows)) == ("fddrd", 2.5)


def test_intervals_and_powers_are_scaled_too() -> None:
    assert total(folded(INTERVAL._replace(scales=CT), [0.5, 0.25, -0.25, 0.5])) == 40.0
    rows = folded(POWER._replace(scales=CT), [1.0, 1.0, 1.0, 1.0], HOUR)
    assert total(rows) == 160.0
    assert total(folded(INTERVAL._replace(scales=CT, sign="export"), [0.5] * 4)) == -80.0


def test_what_is_plausible_is_real_power() -> None:
    """100 kW: 2.5 of what is sent, behind 40; what it would need is said in real watts."""
    for channel, step in ((POWER, HOUR), (INTERVAL, HOUR)):
        rows = folded(channel._replace(scales=CT), [2.5, 2.5, 2.6, 2.5], step)
        assert kinds(rows).count("g") == 1
        (glitch,) = (row for row in rows if row[7] == EntryKind.GLITCH)
        assert glitch[9] == 104_000
    register = REGISTER._replace(scales=CT)
    assert kinds(folded(register, [100, 102.5, 105.0, 107.5], HOUR)) == "fddd"
    assert kinds(folded(register, [100, 102.5, 125.0, 127.5], HOUR)) == "fdsd"
    assert bounds(folded(register, [100, 102.5, 125.0, 127.5], HOUR))[1] == 300.0


def test_each_reading_counts_by_the_scale_of_its_time() -> None:
    """A transformer was exchanged between the third and the fourth reading; nothing is cut."""
    rows = folded(REGISTER._replace(scales=EXCHANGED), [100, 100.1, 100.2, 100.3, 100.4])
    assert (kinds(rows), total(rows)) == ("fdddd", 4 + 4 + 6 + 6)
    assert [row[5] // KWH for row in rows] == [0, 4, 4, 4, 6], "at least, over the change"
    assert [row[6] // KWH for row in rows] == [0, 4, 4, 6, 6]
    assert total(folded(INTERVAL._replace(scales=EXCHANGED), [0.1] * 5)) == 24.0
    since = (Scale(0, 1, 1), EXCHANGED[0]._replace(from_ms=MONDAY + QUARTER))
    assert total(folded(INTERVAL._replace(scales=since), [0.1] * 3)) == 8.1


@settings(max_examples=examples(20, 60), deadline=None)
@given(
    VALUES,
    st.sampled_from([CT, PULSES, EXCHANGED, (*EXCHANGED, Scale(MONDAY + 9 * QUARTER, 1, 3))]),
    st.sampled_from([REGISTER, REGISTER._replace(rollover=10**3 * KWH), INTERVAL, POWER]),
    st.lists(st.integers(1, 29), max_size=4),
)
def test_cuts_and_restarts_change_nothing(
    values: list[int], scales: tuple[Scale, ...], channel: EnergyChannel, cuts: list[int]
) -> None:
    channel = channel._replace(scales=scales)
    cuts = sorted({cut for cut in cuts if cut < len(values)})
    whole = folded(channel, values)
    assert folded(channel, values, cuts=cuts) == whole
    rows: dict[tuple[int, int], Row] = {}
    ledger = ledger_of(channel)
    for n, value in enumerate(values):
        if n in cuts:
            saved, ledger = ledger.snapshot(), ledger_of(channel)
            ledger.restore(saved)
        elif n % 3 == 0:
            ledger = ledger.of(np.array([0]))
        zero, time = np.zeros(1, np.int64), np.array([MONDAY + n * QUARTER])
        take(ledger, rows, ledger.fold(zero, time, np.array([value * KWH])))
    take(ledger, rows, ledger.end())
    assert [rows[identity] for identity in sorted(rows)] == whole


@settings(max_examples=examples(13, 40), deadline=None)
@given(VALUES)
def test_a_scale_of_1_is_none(values: list[int]) -> None:
    for channel in (REGISTER, INTERVAL, POWER):
        assert folded(channel._replace(scales=(Scale(0, 1, 1),)), values) == folded(channel, values)


def test_the_smallest_step_in_bounds_is_a_real_one() -> None:
    channel = REGISTER._replace(scales=CT, resolution=10**7)
    entries = Entries(*np.array(folded(channel, [100, 100.1, 100.2]), np.int64).T)
    ends = np.array([MONDAY + 2 * QUARTER])
    entry = BoundedEntries.of(entries)
    window = window_bounds(entry, parts_in(entry, ends, 2 * QUARTER), channel, 1, 2 * QUARTER)
    assert window.energy[0] == 8 * KWH
    assert window.high[0] - window.energy[0] == 4 * 10**8  # 0.01 × 40


def test_amounts_are_rounded_to_the_nearest_and_never_overflow() -> None:
    third = Scale(0, 1, 3)
    assert third.of(np.array([1, 2, -1, -2, 5])).tolist() == [0, 1, 0, -1, 2]
    half = Scale(0, 1, 2)
    assert half.of(np.array([1, -1, 3])).tolist() == [1, -1, 2]
    assert Scale(0, 10**9, 1).of(np.array([2**62, -(2**62), 3])).tolist() == [
        2**62, -(2**62), 3 * 10**9,
    ]  # fmt: skip
