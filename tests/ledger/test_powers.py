"""Powers: each holds until the next reading, for no longer than its rhythm allows."""

from typing import Any

import pytest

from energyguard.ledger.entries import EntryKind
from tests.ledger.folding import HOUR, MINUTE, MONDAY, POWER, Row, folded, total


def held(values: list[float], step: int | list[int], **given: Any) -> list[Row]:
    channel = POWER._replace(**given)
    rows = folded(channel, values, step)
    assert rows == folded(channel, values, step, cuts=range(1, len(values))), "in any batches"
    return rows


def minutes(rows: list[Row]) -> list[tuple[float, float]]:
    return [((row[2] - MONDAY) / MINUTE, (row[3] - MONDAY) / MINUTE) for row in rows]


def test_a_power_of_each_hour_holds_an_hour() -> None:
    rows = held([1.5] * 4, HOUR)
    assert total(rows) == 6.0
    assert minutes(rows) == [(0, 60), (60, 120), (120, 180), (180, 240)]


def test_a_longer_silence_adds_nothing() -> None:
    rows = held([2.0] * 5, [n * MINUTE for n in (0, 5, 10, 15, 75)])
    assert total(rows) == pytest.approx(1.0, abs=1e-8)
    assert minutes(rows)[3:] == [(15, 25), (75, 80)]


def test_a_given_cadence_counts_at_once() -> None:
    assert minutes(held([2.0] * 2, 10 * MINUTE, cadence_ms=4 * MINUTE)) == [(0, 8), (10, 14)]
    assert minutes(held([2.0], 0)) == [(0, 15)]


def test_the_newest_has_an_entry_when_the_next_one_comes() -> None:
    assert len(folded(POWER, [1.0] * 6, MINUTE, ended=False)) == 5
    assert len(folded(POWER, [1.0] * 3, MINUTE, ended=False)) == 0


def test_what_is_not_plausible_is_as_if_it_were_not_there() -> None:
    rows = held([1.0, 1.0, 1.0, 1.0, 500.0, 1.0, -1.0], MINUTE)
    assert total(rows) == pytest.approx(5 / 60, abs=1e-8)
    assert rows[4][7] == EntryKind.GLITCH
    assert minutes(rows)[3] == (3, 5)


def test_of_one_time_the_last_counts() -> None:
    stamps = [n * MINUTE for n in (0, 1, 2, 3, 3, 4, 4)]
    rows = held([6.0, 6.0, 6.0, 60.0, 6.0, 60.0, 6.0], stamps)
    assert total(rows) == pytest.approx(0.5, abs=1e-8)


def test_a_power_that_cannot_be_leaves_nothing_beside_one_of_its_time_that_can() -> None:
    rows = held([6.0, 6.0, 6.0, 6.0, 600.0, 6.0], [n * MINUTE for n in (0, 1, 2, 3, 3, 4)])
    assert EntryKind.GLITCH not in {row[7] for row in rows}
    assert total(rows) == 0.5


def test_energies_are_floored_toward_zero() -> None:
    rows = held([1e-9] * 4 + [-1e-9] * 4, MINUTE)
    assert total(rows) == 0
