"""Averages of powers by event time: what they say, and that nothing but the readings decides."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest

from energyguard.codecs.records import pack
from energyguard.edge.averaging.averages import Averaged, AverageLimits, AverageOperator
from energyguard.errors import ConfigError
from energyguard.model.readings import EMPTY, ReadingBatch, Verdict, batch_from, batch_of
from energyguard.settings.edge import EdgeSettings
from energyguard.settings.tree import StreamSettings

NOON = 1_757_160_000_000
KW = 10**9
Row = tuple[str, str, int, int]
"""Device, channel, ms since noon, 1e-9 of the unit."""


def readings(rows: Sequence[Row], first: int = 0) -> ReadingBatch:
    if not rows:
        return batch_from(EMPTY)
    device, channel, time, value = map(list, zip(*rows, strict=True))
    batch = batch_of(device, pa.array(channel), [NOON + t for t in time], value)
    return batch_from(batch, NOON, np.arange(first, first + len(rows)))


def powers(*kw: tuple[float, float], device: str = "H1") -> list[Row]:
    """Of one device: (second, kW) each."""
    return [(device, "power_kw", round(s * 1000), round(p * KW)) for s, p in kw]


def rows_of(outcomes: Iterable[Averaged]) -> list[Row]:
    """What goes on, by device, time and channel."""
    found = [
        (row["device"], row["channel"], round(row["time"].timestamp() * 1000) - NOON, row["value"])
        for outcome in outcomes
        for batch in outcome.going_on
        for row in batch.to_pylist()
    ]
    return sorted(found, key=lambda row: (row[0], row[2], row[1]))


def averaged(rows: Sequence[Row], **limits: int) -> list[Row]:
    operator = AverageOperator(AverageLimits(**limits))
    return rows_of([operator.process(readings(rows)), operator.end()])


def of(rows: Iterable[Row], channel: str) -> list[tuple[int, int]]:
    return [(time, value) for _, name, time, value in rows if name == channel]


def test_a_mean_is_weighted_by_time_and_stands_at_the_beginning() -> None:
    found = averaged(powers((0, 1), (1, 2), (4, 6), (5, 0), (10, 0)))
    assert of(found, "power_kw")[:2] == [(0, (1 + 2 * 3 + 6) * KW // 5), (5000, 0)]
    assert of(found, "energy_kwh")[0] == (0, 13 * KW // 3600)
    assert of(found, "export_kwh") == of(found, "covered_s") == []


def test_a_power_holds_over_intervals_up_to_the_longest_gap() -> None:
    found = averaged(powers((0, 2), (15, 0), (15.001, 0)))
    assert of(found, "power_kw")[:3] == [(t, 2 * KW) for t in (0, 5000, 10_000)]


def test_a_longer_gap_says_nothing_not_even_of_its_beginning() -> None:
    found = averaged(powers((0, 2), (2, 2), (17.5, 2), (20, 0)))
    assert of(found, "power_kw") == [(0, 2 * KW), (15_000, 2 * KW)]
    assert of(found, "covered_s") == [(0, 2 * KW), (15_000, 25 * KW // 10)]
    energy = sum(value for _, value in of(found, "energy_kwh"))
    assert energy == 2 * KW * 4500 // 3_600_000


def test_import_export_and_net_are_kept_apart() -> None:
    found = averaged(powers((0, 3), (2, -2), (5, 0), (6, 0)))
    assert of(found, "power_kw")[0] == (0, (3 * 2 - 2 * 3) * KW // 5)
    assert of(found, "energy_kwh")[0] == (0, 6 * KW // 3600)
    assert of(found, "export_kwh") == [(0, 6 * KW // 3600)]


def test_the_sum_of_a_days_energies_is_exact_whatever_it_was_cut_into() -> None:
    rows = powers(*((2 * i, (i * 37 % 1001) / 7) for i in range(2000)))
    true = sum(Fraction(value * 2, 3600) for _, _, _, value in rows[:-1])
    energy = sum(value for _, value in of(averaged(rows), "energy_kwh"))
    assert true - 1 < energy <= true


def test_a_device_with_a_register_gets_no_energy_from_its_power_from_then_on() -> None:
    register = ("H1", "energy_register_kwh", 7000, 5 * KW)
    found = averaged([*powers((0, 1), (4, 1), (6, 1)), register, *powers((9, 1), (16, 1))])
    assert [time for time, _ in of(found, "energy_kwh")] == [0]
    assert [time for time, _ in of(found, "power_kw")] == [0, 5000, 10_000, 15_000]
    assert of(found, "energy_register_kwh") == [(7000, 5 * KW)]


def test_a_device_that_tells_its_energy_is_not_counted_twice() -> None:
    told = [("H1", "energy_kwh", 1000 * s, 77) for s in range(0, 20, 2)]
    found = averaged([*told, *powers(*((s, 1) for s in range(0, 20, 2)))])
    assert of(found, "energy_kwh") == [(1000 * s, 77) for s in range(0, 20, 2)]


def test_every_other_channel_passes_as_it_is() -> None:
    rows: list[Row] = [("H1", "voltage_v", t, 230 * KW + t) for t in (5, 3, 9)]
    assert averaged(rows) == [rows[1], rows[0], rows[2]]


def test_readings_out_of_order_within_the_lateness_count_in_their_place() -> None:
    rows = powers((0, 1), (2, 2), (4, 3), (6, 4), (8, 1), (10, 1), (20, 1))
    swapped = [rows[i] for i in (1, 0, 3, 2, 4, 5, 6)]
    assert averaged(swapped) == averaged(rows)


def test_a_reading_that_comes_late_into_a_gap_bridges_it() -> None:
    limits = {"average_ms": 1000, "longest_gap_ms": 3000, "lateness_ms": 3000}
    operator = AverageOperator(AverageLimits(**limits))
    parts = [operator.process(readings(powers(row))) for row in ((0, 1), (5, 1), (2.5, 1))]
    in_order = averaged(powers((0, 1), (2.5, 1), (5, 1)), **limits)
    assert rows_of([*parts, operator.end()]) == in_order
    assert [time for time, _ in of(in_order, "power_kw")] == [0, 1000, 2000, 3000, 4000]


def test_a_mean_is_rounded() -> None:
    found = averaged([("H1", "power_kw", t, v) for t, v in ((0, 3), (2500, 2), (5000, 0))])
    assert of(found, "power_kw") == [(0, 3)]


def test_what_is_too_late_goes_on_as_a_single_reading() -> None:
    operator = AverageOperator()
    first = operator.process(readings(powers((0, 1), (2, 1), (5, 1), (9, 1))))
    assert of(rows_of([first]), "power_kw") == [(0, KW)]
    late = operator.process(readings(powers((3, 7))))
    assert rows_of([late]) == powers((3, 7))
    assert late.counts == {Verdict.LATE: 1}


def test_duplicates_are_set_apart_and_told_from_conflicts() -> None:
    operator = AverageOperator()
    found = operator.process(readings(powers((0, 1), (2, 1), (2, 1), (2, 5))))
    again = operator.process(readings(powers((0, 1), (2, 6))))
    assert found.counts == {
        Verdict.ACCEPTED: 2, Verdict.DUPLICATE: 1, Verdict.CONFLICTING: 1,
    }  # fmt: skip
    assert again.counts == {Verdict.DUPLICATE: 1, Verdict.CONFLICTING: 1}
    apart = {verdict: len(batch) for verdict, batch in again.apart}
    assert apart == again.counts
    assert of(rows_of([operator.end()]), "power_kw") == [(0, KW)]


def test_a_wrong_clock_is_set_apart_and_moves_no_time() -> None:
    rows = powers((0, 1), (2, 1), (90_000, 9), (4, 1), (6, 1), (8, 1))
    operator = AverageOperator()
    found = operator.process(readings(rows))
    assert [(v, len(b)) for v, b in found.apart] == [(Verdict.AHEAD, 1)]
    assert of(rows_of([found]), "power_kw") == [(0, KW)]


def test_after_a_long_pause_the_second_power_is_believed_with_the_first() -> None:
    rows = powers((0, 1), (2, 1), (90_000, 2), (90_002, 2), (90_005, 2), (90_010, 2))
    found = averaged(rows)
    assert of(found, "power_kw") == [(0, KW), (90_000_000, 2 * KW), (90_005_000, 2 * KW)]


def test_a_wall_clock_that_is_ahead_of_its_append_is_set_apart() -> None:
    operator = AverageOperator(is_wall=True)
    found = operator.process(readings(powers((0, 1), (301, 1), (2, 1), (8, 1))))
    assert [(v, len(b)) for v, b in found.apart] == [(Verdict.AHEAD, 1)]


def test_a_device_that_was_away_is_averaged_in_its_own_time() -> None:
    away = powers(*((2 * i, 3) for i in range(100)), device="H1")
    others = powers(*((2 * i, 1) for i in range(2000)), device="H2")
    found = averaged([*others, *away])
    assert [row for row in found if row[0] == "H1"] == [
        row for row in averaged(away) if row[0] == "H1"
    ]


def test_what_is_quiet_is_closed_and_goes_on_when_it_comes_back() -> None:
    operator = AverageOperator()
    first = operator.process(readings(powers((0, 1), (2, 1), (6, 1), (7, 1))))
    closed = operator.advance(NOON + 7000)
    assert of(rows_of([first, closed]), "power_kw") == [(0, KW), (5000, KW)]
    assert of(rows_of([closed]), "covered_s") == [(5000, 2 * KW)]
    back = operator.process(readings(powers((9, 1), (12, 1), (19, 1))))
    assert of(rows_of([back]), "power_kw") == [(9000, KW), (10_000, KW)]  # the late one alone
    assert back.counts == {Verdict.LATE: 1, Verdict.ACCEPTED: 2}


def test_names_begin_with_the_prefix() -> None:
    operator = AverageOperator(prefix="north-")
    rows: list[Row] = [*powers((0, 1), (5, 1), (9, 1)), ("H1", "voltage_v", 0, 1)]
    found = rows_of([operator.process(readings(rows))])
    assert {row[0] for row in found} == {"north-H1"}


def test_an_average_of_more_than_a_minute_is_refused() -> None:
    for wrong in ("61s", "0s"):
        with pytest.raises(ConfigError, match=r"edge\.average"):
            AverageLimits.of(EdgeSettings(average=wrong), StreamSettings())


def test_the_greatest_powers_do_not_overflow() -> None:
    found = averaged(powers(*((s, 100_000) for s in range(0, 300, 10))), average_ms=60_000)
    assert {value for _, value in of(found, "power_kw")} == {100_000 * KW}
    energy = sum(value for _, value in of(found, "energy_kwh"))
    assert energy == 100_000 * KW * 290 // 3600


class Home:
    """A made day of a home: seeded powers with jitter, gaps, feed-in and perhaps a register."""

    def __init__(self, chance: random.Random, name: str) -> None:
        self.rows: list[Row] = []
        time, has_register, register = chance.randrange(5000), chance.random() < 0.5, 0
        for _ in range(chance.randrange(40, 160)):
            power = chance.randrange(-2 * KW, 9 * KW)
            self.rows.append((name, "power_kw", time, power))
            if has_register:
                register += max(power, 0)
                self.rows.append((name, "energy_register_kwh", time, register))
            gap = chance.choice([0, 0, 0, 0, 0, 9000, 14_000, 31_000, 5_000_000])
            time += chance.randrange(300, 2900) + (gap if chance.random() < 0.1 else 0)


def shuffled(chance: random.Random, rows: list[Row], lateness_ms: int) -> list[Row]:
    """In another order, each at most the lateness behind a later one; some twice."""
    again = [row for row in rows if row[1] == "power_kw" and chance.random() < 0.1]
    latest = lateness_ms - 1
    keyed = [(row[2] + chance.choice([0, 0, latest, latest // 2]), row) for row in rows + again]
    return [row for _, row in sorted(keyed, key=lambda pair: pair[0])]


def packed(outcomes: Iterable[Averaged]) -> bytes:
    rows = rows_of(outcomes)
    device, channel, time, value = map(list, zip(*rows, strict=True))
    batch = batch_of(device, pa.array(channel), time, value)
    return b"".join(data for _, data in pack(batch, 1))


@pytest.mark.parametrize("seed", range(60))
def test_any_batching_restarts_and_order_within_the_lateness_give_the_same_bytes(
    seed: int,
) -> None:
    chance = random.Random(seed)
    homes = [Home(chance, f"H{i}") for i in range(chance.randrange(1, 5))]
    limits = AverageLimits(
        chance.choice([1000, 5000, 60_000]),
        chance.choice([3000, 15_000, 40_000]),
        chance.choice([1, 1000, 4000, 20_000]),
    )
    in_order = sorted((row for home in homes for row in home.rows), key=lambda row: row[2])
    whole = AverageOperator(limits)
    expected = packed([whole.process(readings(in_order)), whole.end()])
    operator, found = AverageOperator(limits), []
    rows, start = shuffled(chance, in_order, limits.lateness_ms), 0
    while start < len(rows):
        stop = start + chance.choice([1, 2, 7, 40, 1000])
        found.append(operator.process(readings(rows[start:stop], start)))
        start = stop
        if chance.random() < 0.2:
            parts = {name: data or b"" for name, data in operator.snapshot().items()}
            operator = AverageOperator(limits)
            operator.restore(parts)
    assert packed([*found, operator.end()]) == expected
    assert not any(Verdict.LATE in one.counts for one in found)


@pytest.mark.parametrize("seed", range(20))
def test_made_homes_with_gaps_get_no_energy_that_was_not_there(seed: int) -> None:
    home = Home(random.Random(seed), "H1")
    rows = [row for row in home.rows if row[1] == "power_kw"]
    found = averaged(rows)
    drawn = fed = Fraction(0)
    for (_, _, time, value), (_, _, until, _) in pairwise(rows):
        if until - time <= 15_000:
            drawn += Fraction(max(value, 0) * (until - time), 3_600_000)
            fed += Fraction(max(-value, 0) * (until - time), 3_600_000)
    assert drawn - 1 < sum(value for _, value in of(found, "energy_kwh")) <= drawn
    assert fed - 1 < sum(value for _, value in of(found, "export_kwh")) <= fed
