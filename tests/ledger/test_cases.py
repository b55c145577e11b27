"""Entries in the buckets of hours, quarters and days: what people look at comes out right."""

from datetime import date

import numpy as np
import pytest

from energyguard.ledger.spread import spread
from energyguard.model.calendar import CalendarSpan
from tests.ledger.folding import (
    DAY,
    HOUR,
    INTERVAL,
    KWH,
    MINUTE,
    MONDAY,
    POWER,
    REGISTER,
    Row,
    folded,
    total,
)  # fmt: skip


def buckets(rows: list[Row], step: int) -> list[float]:
    """kWh of each bucket from the first to the last that has any time of an entry."""
    columns = np.array(rows, np.int64).T
    parts = spread(columns[4], columns[2], columns[3], step)
    first = parts.bucket.min()
    sums = np.zeros(parts.bucket.max() - first + 1, np.int64)
    np.add.at(sums, parts.bucket - first, parts.energy)
    return [round(kwh, 9) for kwh in (sums / KWH).tolist()]


def test_a_register_of_each_hour_ten_seconds_past() -> None:
    rows = folded(REGISTER, [5000 + 6 * n for n in range(25)], HOUR, MONDAY + 10_000)
    assert total(rows) == 144
    assert buckets(rows, DAY) == pytest.approx([143.983333333, 0.016666667], abs=2e-9)
    assert buckets(rows, HOUR)[1:24] == pytest.approx([6.0] * 23, abs=2e-9)
    assert max(buckets(rows, 15 * MINUTE)) == pytest.approx(1.5, abs=2e-9)


def test_half_hours_are_quarters_of_half_as_much() -> None:
    rows = folded(INTERVAL, [2.5] * 8, 30 * MINUTE)
    assert buckets(rows, 15 * MINUTE) == [1.25] * 16


def test_a_day_of_23_hours() -> None:
    day = CalendarSpan.of("day", date(2026, 3, 29), "Europe/Berlin")
    rows = folded(INTERVAL, [1.0] * 23, HOUR, day.start_ms)
    assert (rows[-1][3], total(rows)) == (day.end_ms, 23)


def test_a_register_of_each_quarter_that_is_not_on_time() -> None:
    chance = np.random.default_rng(55)
    stamps = [n * 15 * MINUTE + int(chance.integers(3_000, 6_500)) for n in range(97)]
    rows = folded(REGISTER, [2000 + n / 4 for n in range(97)], stamps)
    quarters = buckets(rows, 15 * MINUTE)
    assert total(rows) == 24
    assert quarters[1:-1] == pytest.approx([0.25] * 95, abs=0.001)


def test_days_of_a_pause() -> None:
    times = [0, 30 * MINUTE, 49 * HOUR + 30 * MINUTE, 50 * HOUR]
    rows = folded(REGISTER, [10.0, 10.5, 59.5, 60.0], times, MONDAY + 8 * HOUR)
    assert buckets(rows, DAY) == [16.0, 24.0, 10.0]


def test_a_late_reading_makes_two_hours_of_what_was_spread_over_both() -> None:
    early = folded(REGISTER, [100.0, 104.0], 2 * HOUR)
    assert buckets(early, HOUR) == [2.0, 2.0]
    assert buckets(folded(REGISTER, [100.0, 103.0, 104.0], HOUR), HOUR) == [3.0, 1.0]


def test_best_quarter_of_two_lines() -> None:
    rows = folded(REGISTER, [10, 13], 15 * MINUTE + 1_000, MONDAY + 10 * HOUR)
    assert max(buckets(rows, 15 * MINUTE)) == pytest.approx(3 * 900 / 901, abs=2e-9)


def test_a_power_of_each_hour_has_no_holes() -> None:
    assert buckets(folded(POWER, [1.5] * 4, HOUR), 15 * MINUTE) == [0.375] * 16
