"""Interval energies: their length, and their place in time."""

from typing import Any

import pytest

from energyguard.ledger.entries import EntryKind
from tests.ledger.folding import HOUR, INTERVAL, KWH, MINUTE, MONDAY, folded, total


def spans(values: list[float], step: int | list[int], **given: Any) -> list[tuple[float, float]]:
    """Begin and end of the entries, in minutes from the first stamp."""
    channel = INTERVAL._replace(**given)
    rows = folded(channel, values, step)
    one_by_one = folded(channel, values, step, cuts=range(1, len(values)))
    assert rows == one_by_one, "in any batches"
    return [((row[2] - MONDAY) / MINUTE, (row[3] - MONDAY) / MINUTE) for row in rows]


def test_half_hours_are_known_by_their_rhythm() -> None:
    assert spans([3.0] * 4, 30 * MINUTE) == [(0, 30), (30, 60), (60, 90), (90, 120)]
    assert len(folded(INTERVAL, [3.0] * 3, 30 * MINUTE, ended=False)) == 0
    assert len(folded(INTERVAL, [3.0] * 4, 30 * MINUTE, ended=False)) == 4


def test_a_length_near_a_usual_one_is_that() -> None:
    stamps = [0, 15 * MINUTE + 1_000, 30 * MINUTE + 3_000, 45 * MINUTE + 5_000]
    assert spans([1.0] * 4, stamps)[0] == (0, 15)
    assert spans([1.0] * 4, 28 * MINUTE + 40_000)[0] == (0, 30)
    assert spans([1.0] * 4, 7 * MINUTE)[0] == (0, 7)


def test_a_length_is_cut_by_a_reading_that_comes_clearly_before_its_end() -> None:
    stamps = [n * 30 * MINUTE for n in (0, 1, 2, 3)] + [105 * MINUTE, 135 * MINUTE]
    assert spans([1.0] * 6, stamps)[3:5] == [(90, 105), (105, 135)]


def test_what_is_missing_is_not_filled() -> None:
    stamps = [n * 30 * MINUTE for n in (0, 1, 2, 4, 5)]
    found = spans([1.0] * 5, stamps)
    assert sum(end - start for start, end in found) == 150
    assert found[3] == (120, 150)


def test_up_to_a_minute_an_interval_is_a_point_at_once() -> None:
    assert spans([0.01] * 2, 15_000) == [(0, 0), (0.25, 0.25)]
    assert len(folded(INTERVAL, [0.01] * 2, 15_000, ended=False)) == 2
    assert spans([0.01] * 2, 15_000, length_ms=60_000) == [(0, 0), (0.25, 0.25)]


def test_a_given_length_and_a_stamp_at_the_end() -> None:
    assert spans([1.0], 0, length_ms=30 * MINUTE) == [(0, 30)]
    ends = spans([1.0] * 3, [0, 30 * MINUTE, 45 * MINUTE], length_ms=30 * MINUTE, stamp_is_end=True)
    assert ends == [(-30, 0), (0, 30), (30, 45)]


def test_what_waits_at_the_end_counts() -> None:
    assert spans([1.0] * 2, HOUR) == [(0, 60), (60, 120)]
    assert spans([1.0], HOUR) == [(0, 0)]


def test_export_is_negative() -> None:
    rows = folded(INTERVAL, [0.5] * 15 + [-1] * 9, HOUR)
    energies = [row[4] / KWH for row in rows]
    assert sum(e for e in energies if e > 0) == 7.5
    assert sum(e for e in energies if e < 0) == -9


@pytest.mark.parametrize("value", [60.0, -60.0])
def test_more_than_the_largest_power_is_a_glitch(value: float) -> None:
    rows = folded(INTERVAL, [1.0, value, 1.0, 1.0], 30 * MINUTE)
    assert (total(rows), rows[1][7]) == (3.0, EntryKind.GLITCH)
    assert rows[1][9] == 120_000
    assert (
        total(folded(INTERVAL._replace(largest_power_w=150_000), [1.0, value], HOUR)) == 1 + value
    )


def test_a_day_of_another_zone_is_whole() -> None:
    assert total(folded(INTERVAL, [1.0] * 23, HOUR)) == 23


def test_of_one_time_they_add_up() -> None:
    stamps = [0, 0, 30 * MINUTE, 60 * MINUTE, 90 * MINUTE, 90 * MINUTE, 95 * MINUTE]
    values = [1.0, 0.5, 1.0, 1.0, 1.0, 0.25, 0.1]
    found = spans(values, stamps)
    assert len(found) == 5
    assert found[3] == (90, 95)
    assert total(folded(INTERVAL, values, stamps)) == pytest.approx(4.85)
