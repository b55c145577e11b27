"""Registers: each case is a kind of fault, with its right total and what it is called."""

import pytest

from energyguard.ledger.channels import EnergyChannel
from energyguard.ledger.entries import EntryKind
from energyguard.ledger.evidence import Evidence, sentence
from energyguard.model.channels import Kind
from tests.ledger.folding import (
    HOUR,
    KWH,
    MINUTE,
    MONDAY,
    REGISTER,
    Row,
    bounds,
    folded,
    kinds,
    total,
)  # fmt: skip

# what it is, values, step, total, kinds (f first, d difference, D dip, g glitch, r reset, s swap)
CASES: tuple[tuple[str, list[float], int | list[int], float, str], ...] = (
    ("a zero after a reboot (case01)", [412.730, 412.737, 0, 412.746, 412.750],
     [0, 10_000, 20_000, 23_000, 33_000], 0.020, "fdDdd"),
    ("a last digit that flickers (case02)", [315.6, 315.7, 315.6, 315.7, 315.6, 315.7, 315.8],
     MINUTE, 0.2, "fdDdDdd"),
    ("a rollover", [9998.41, 9999.65, 0.83, 2.10], 15 * MINUTE, 3.69, "fdOd"),
    ("a swap", [640.20, 640.45, 12880.00, 12880.30, 12880.60], 15 * MINUTE, 0.85, "fdsdd"),
    ("a dip", [88.31, 88.34, 38.37, 88.40, 88.43], 15 * MINUTE, 0.12, "fdDdd"),
    ("a zero twice", [51.2, 51.3, 0, 0, 51.5, 51.6], 15 * MINUTE, 0.4, "fdDDdd"),
    ("two faults side by side", [70.00, 70.10, 0, 170.20, 70.30, 70.40], 15 * MINUTE, 0.4,
     "fdDgdd"),
    ("a reset to zero", [7.4, 7.5, 0, 0, 0.1, 0.2], 15 * MINUTE, 0.3, "fdrddd"),
    ("a value restored", [300.00, 300.40, 299.10, 299.50, 299.90], 15 * MINUTE, 1.2, "fdsdd"),
    ("a misread that may be", [500.00, 500.02, 505.90, 500.05, 500.07], 15 * MINUTE, 0.07,
     "fdgdd"),
    ("a wrong first reading", [0, 412.73, 412.74, 412.75], 10_000, 0.02, "Dfdd"),
    ("a small counter's zero", [1.60, 0, 2.06, 2.50], HOUR, 0.90, "fDdd"),
    ("two days without a reading", [10.0, 10.5, 59.5, 60.0],
     [0, 30 * MINUTE, 49 * HOUR + 30 * MINUTE, 50 * HOUR], 50.0, "fdGd"),
    ("two lines (case76)", [10, 13], 901_000, 3.0, "fd"),
)  # fmt: skip


@pytest.mark.parametrize(("values", "step", "energy", "found"), [case[1:] for case in CASES],
                         ids=[case[0] for case in CASES])  # fmt: skip
def test_case(values: list[float], step: int | list[int], energy: float, found: str) -> None:
    whole = folded(REGISTER, values, step)
    assert (total(whole), kinds(whole)) == (energy, found)
    assert folded(REGISTER, values, step, cuts=range(1, len(values))) == whole, "in any batches"
    low, high = bounds(whole)
    assert low <= energy <= high


def test_a_swap_and_a_reset_are_as_large_as_the_largest_power_allows() -> None:
    swap = folded(REGISTER, [640.20, 640.45, 12880.00, 12880.30, 12880.60])
    assert bounds(swap) == (0.85, 25.85)
    reset = folded(REGISTER, [7.4, 7.5, 0.05, 0.1, 0.2])
    assert bounds(reset) == (0.25, 25.25)


def test_what_is_believed_is_withdrawn_when_it_turns_out_wrong() -> None:
    values = [500.00, 500.02, 505.90, 500.05, 500.07]
    assert total(folded(REGISTER, values[:3], ended=False)) == 5.90
    in_doubt = folded(REGISTER, values[:4], ended=False)
    assert (total(in_doubt), len(in_doubt)) == (5.90, 3)
    assert total(folded(REGISTER, values, ended=False)) == 0.07


def test_what_settles_a_doubt_and_what_does_not_yet() -> None:
    midnight = folded(
        REGISTER, [8.90, 9.20, 0.15, 0.30], 30 * MINUTE, MONDAY - 45 * MINUTE, ended=False
    )
    assert len(midnight) == 4, "a reset at midnight is believed with the next reading"
    swap = [640.20, 640.45, 12880.00, 12880.30]
    assert kinds(folded(REGISTER, swap)) == "fdsd", "two that rise are rather a meter than glitches"
    assert len(folded(REGISTER, swap, ended=False)) == 2
    restored = [300.00, 300.40, 299.10, 299.50, 299.50]
    assert kinds(folded(REGISTER, restored[:4])) == "fdsd"
    assert kinds(folded(REGISTER, [300.00, 300.40, 299.10, 299.10, 300.50])) == "fdDDd"


def test_a_net_register_counts_both_ways_where_that_is_said() -> None:
    channel = REGISTER._replace(largest_export_w=20_000)
    rows = folded(channel, [40.0, 40.3, 39.8, 39.9])
    energies = [row[4] / KWH for row in rows]
    assert energies == [0, 0.3, -0.5, 0.1]


def test_a_reset_at_a_midnight_is_likelier() -> None:
    rows = folded(REGISTER, [8.90, 9.20, 0.15, 0.30], 30 * MINUTE, MONDAY - 45 * MINUTE)
    assert (total(rows), kinds(rows)) == (0.60, "fdrd")
    assert rows[2][8] == Evidence.MIDNIGHT
    berlin = REGISTER._replace(zone="Europe/Berlin")
    rows = folded(berlin, [8.90, 9.20, 0.15, 0.30], 30 * MINUTE, MONDAY - 105 * MINUTE)
    assert rows[2][8] == Evidence.MIDNIGHT


DAILY = REGISTER._replace(resets_daily=True)


def test_a_counter_of_today_loses_nothing_of_its_first_step() -> None:
    rows = folded(DAILY, [0.2, 0.5, 0.9], HOUR, MONDAY + HOUR)
    assert total(rows) == 0.9
    assert rows[0][2:5] == (MONDAY, MONDAY + HOUR, 0.2 * KWH)


def test_a_counter_of_today_begins_again_at_midnight() -> None:
    times = [0, HOUR, 2 * HOUR, 3 * HOUR]
    rows = folded(DAILY, [9.0, 9.2, 0.15, 0.30], times, MONDAY - 90 * MINUTE)
    assert total(rows[1:]) == 0.50
    assert rows[2][2:5] == (MONDAY, MONDAY + 30 * MINUTE, 0.15 * KWH)
    small = folded(DAILY, [1.60, 0, 2.06, 2.50], HOUR, MONDAY - 30 * MINUTE)
    assert total(small[1:]) == 2.50, "the zero is a new day, not a dip"


def test_digits_that_are_given_say_where_a_register_begins_again() -> None:
    channel = REGISTER._replace(rollover=100 * KWH)
    rows = folded(channel, [99.2, 99.7, 0.1, 0.6, 0.9])
    assert (total(rows), kinds(rows)) == (1.7, "fdOdd")
    above = folded(channel, [50.0, 50.1, 120.0, 50.2, 50.3])
    assert (total(above), kinds(above)) == (0.3, "fdgdd")
    assert above[2][8:] == (Evidence.BEYOND, 100 * KWH)
    for cuts in ((), (1,), (1, 2)):
        first = folded(channel, [120.0, 50.1, 50.2], cuts=cuts)
        assert (total(first), kinds(first)) == (0.1, "gfd"), (
            "the first that it can show is the first"
        )


def test_what_is_in_doubt_at_the_end_is_open() -> None:
    rows = folded(REGISTER, [7.4, 7.5, 7.6, 0, 0])
    assert kinds(rows) == "fddDD"
    assert rows[-1][8] == Evidence.OPEN
    assert len(folded(REGISTER, [7.4, 7.5, 7.6, 0, 0], ended=False)) == 3


def test_of_two_registers_of_one_time_the_first_counts() -> None:
    rows = folded(REGISTER, [1.0, 1.5, 1.7, 2.0], [0, MINUTE, MINUTE, 2 * MINUTE])
    assert [row[4] / KWH for row in rows] == [0, 0.5, 0.5]


def said_of(rows: list[Row], kind: EntryKind) -> str:
    row = next(row for row in rows if row[7] == kind)
    return sentence(row[8], row[9], 3_000)


def test_entries_say_why() -> None:
    reboot = folded(REGISTER, CASES[0][1], CASES[0][2])
    assert said_of(reboot, EntryKind.DIP) == "returned 412.746 kWh after 3 seconds"
    rise = folded(REGISTER, [10.00, 10.11, 10.22, 11.575])
    assert sentence(rise[-1][8], rise[-1][9]).startswith("12.3 × the largest power")
    assert "100 kWh" in said_of(
        folded(REGISTER._replace(rollover=100 * KWH), [99.2, 99.7, 0.1, 0.6]), EntryKind.ROLLOVER
    )
    assert all(sentence(code, 1) or code == Evidence.PLAIN for code in Evidence)


def test_a_channel_of_a_level_has_no_ledger() -> None:
    with pytest.raises(ValueError, match="no energy"):
        folded(EnergyChannel(Kind.STATE), [1.0])
