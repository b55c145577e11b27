"""The realistic day of a simulated building: its physics, its hours, its determinism."""

from __future__ import annotations

import json
from datetime import datetime
from itertools import pairwise
from math import gcd
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energyguard.clock import ManualClock
from energyguard.codecs.formats import decode
from energyguard.domains.building.counters import FILE
from energyguard.domains.building.feed import BuildingFeed
from energyguard.domains.building.floors import Building, BuildingRun, new_counters
from energyguard.domains.building.load_shape import Floats, Integers
from energyguard.domains.building.meters import power_factor
from energyguard.errors import ConfigError
from energyguard.log import Log
from energyguard.log.records import Headers
from energyguard.model.topics import BUILDING_READINGS
from tests.domains.conftest import StopAfter, records
from tests.thorough import examples

MONDAY_MS = 1_757_289_600_000  # 2025-09-08T00:00:00Z
DAY = 2_880  # ticks


def ticks(count: int, first: int = 0, seconds: int = 30) -> Integers:
    return MONDAY_MS + 1000 * seconds * np.arange(first, first + count)


def mean_kw(building: Building, day: int, hours: tuple[float, float] = (0, 24)) -> Floats:
    first, last = (int(hour * 120) for hour in hours)
    values, _ = building.values(ticks(last - first, day * DAY + first), new_counters(20))
    kw: Floats = values.watt.mean(axis=0) / 1000
    return kw


OFFICES = Building(floors=20)


@given(
    seed=st.integers(0, 50),
    seconds=st.sampled_from([1, 7, 30, 60, 450, 3_600, 5_000]),
    first=st.integers(0, 100_000),
    offset_ms=st.sampled_from([0, 7_500]),
)
@settings(max_examples=examples(10, 25), deadline=None)
def test_the_counter_is_the_integral_of_the_power(
    seed: int, seconds: int, first: int, offset_ms: int
) -> None:
    building = Building(floors=4, seed=seed, tick_seconds=seconds)
    time_ms = ticks(400, first, seconds) + offset_ms
    values, after = building.values(time_ms, (0, 0, 0, 0))
    integral_wh = np.cumsum(values.watt * seconds, axis=0) / 3600
    assert np.abs(values.wh - integral_wh).max() < 1
    assert after == tuple(values.wh[-1].tolist())
    assert values.added_wh.min() >= 0


def test_the_integral_is_exact_over_whole_blocks_however_long() -> None:
    values, _ = OFFICES.values(ticks(7 * DAY), (0,) * 20)
    assert (values.wh[-1] * 3600 == values.watt.sum(axis=0) * 30).all()
    assert 3600 // gcd(30, 3600) == 120  # an hour of ticks


def test_power_is_voltage_times_current_times_factor() -> None:
    values, _ = OFFICES.values(ticks(DAY), new_counters(20))
    volt, ampere = values.decivolt / 10, values.milliampere / 1000
    factor = power_factor(values.watt)
    assert np.abs(volt * ampere * factor - values.watt).max() < 0.0005 * 240 + 1e-6
    assert 0.85 < factor.min() < factor.max() < 0.98
    assert 220 < volt.min() < volt.max() < 240


def test_people_work_by_day_in_the_week_and_eat() -> None:
    night, morning, lunch = (mean_kw(OFFICES, 1, at) for at in ((1, 4), (10, 12), (12.6, 13.2)))
    assert (morning > 3 * night).all()
    assert (lunch < 0.9 * morning).all()
    assert (lunch > 2 * night).all()
    friday, saturday, sunday = (mean_kw(OFFICES, day) for day in (4, 5, 6))
    assert (saturday < 0.75 * friday).all()
    assert (sunday < saturday).all()


def test_nobody_works_on_a_holiday_of_the_country() -> None:
    days = (88, 89, 91)  # Fri 5, Sat 6 and Mon 8 December: Immaculate Conception
    friday, _, monday = (mean_kw(OFFICES, day) for day in days)
    assert (monday < 0.6 * friday).all()
    french = Building(floors=20, country="FR")
    assert (mean_kw(french, 91) > 0.8 * mean_kw(french, 88)).all()
    nowhere = Building(floors=20, country="")
    assert (mean_kw(nowhere, 91) > 0.8 * mean_kw(nowhere, 88)).all()
    with pytest.raises(ConfigError, match="'XX'"):
        Building(country="XX")


def test_people_work_by_the_clock_of_their_zone() -> None:
    rome = Building(floors=20, zone="Europe/Rome")
    at_six_utc, at_seven_utc = (6.0, 6.25), (7.0, 7.25)
    assert (mean_kw(rome, 1, at_six_utc) > 1.3 * mean_kw(OFFICES, 1, at_six_utc)).all()  # 8:00
    winter = 80  # 27 November, after the clocks went back
    usual = mean_kw(rome, 1, at_six_utc) - mean_kw(rome, 1, (1, 2))
    later = mean_kw(rome, winter, at_seven_utc) - mean_kw(rome, winter, (1, 2))
    assert np.median(later / usual) == pytest.approx(1, abs=0.3)


def test_winter_and_summer_take_more_than_spring() -> None:
    kw = {day: mean_kw(OFFICES, day).mean() for day in (-60, 35, 126)}  # July, October, January
    assert kw[-60] > 1.05 * kw[35]
    assert kw[126] > 1.05 * kw[35]


def test_floors_differ_and_more_floors_change_none() -> None:
    few, _ = Building(floors=3).values(ticks(100), new_counters(3))
    many, _ = Building(floors=50).values(ticks(100), new_counters(50))
    for column, wider in zip(few, many, strict=True):
        assert (column == wider[:, :3]).all()
    assert np.unique(many.watt.mean(axis=0)).size == 50
    assert new_counters(7) == (10**6, 800_000, 600_000, 400_000, 200_000, 200_000, 200_000)


@given(cuts=st.lists(st.integers(1, 399), max_size=6), seed=st.integers(0, 5))
@settings(max_examples=20, deadline=None)
def test_batches_change_nothing(cuts: list[int], seed: int) -> None:
    building = Building(seed=seed, faults=("surge", "counter_reset", "gap"), faults_per_week=7)
    morning = 1_200
    whole, end = building.messages(ticks(400, morning), new_counters())
    pieces, wh = list[bytes](), new_counters()
    places = [0, *sorted(set(cuts)), 400]
    for first, last in pairwise(places):
        messages, wh = building.messages(ticks(last - first, morning + first), wh)
        pieces += messages
    assert (pieces, wh) == (whole, end)


@pytest.mark.parametrize("has_delta", [False, True])
def test_bulk_readings_are_those_of_the_messages(has_delta: bool) -> None:
    building = Building(
        floors=4, faults=("gap", "clock_skew"), faults_per_week=7, seed=4, has_delta=has_delta
    )
    messages, _ = building.messages(ticks(DAY), new_counters(4))
    lines = b"\n".join(messages)
    _, found = decode(lines, "json")
    assert not found.refused
    made = [row for batch in building.batches(MONDAY_MS, DAY) for row in batch.to_pylist()]
    assert sorted(map(repr, made)) == sorted(map(repr, found.batch.to_pylist()))
    assert len(messages) < 4 * DAY
    assert (b"delta_kwh" in lines) == has_delta


def test_delta_is_what_the_counter_rose_by() -> None:
    messages, _ = Building(has_delta=True).messages(ticks(50), new_counters())
    first = [json.loads(message) for message in messages if b'"piano":1,' in message]
    before = 1000.0
    for row in first:
        assert row["delta_kwh"] == pytest.approx(row["sensore1_kwh"] - before)
        before = row["sensore1_kwh"]


def all_records(log: Log) -> list[tuple[bytes | None, bytes | None, Headers]]:
    return records(log, BUILDING_READINGS.name)


def run_feed(log: Log, folder: Path, count: int, **building: object) -> BuildingFeed:
    clock = ManualClock(MONDAY_MS)
    run = BuildingRun(
        building=Building(**building),  # type: ignore[arg-type]
        start_ms=MONDAY_MS,
        ticks=count,
        speedup=float("inf"),
    )
    feed = BuildingFeed(run, log, folder, StopAfter(clock, 1e9), clock)
    feed.play()
    return feed


def test_floors_that_come_and_go_keep_their_counters(log: Log, tmp_path: Path) -> None:
    five = run_feed(log, tmp_path, 10, floors=5)
    run_feed(log, tmp_path, 20, floors=2)
    again = run_feed(log, tmp_path, 21, floors=6)
    for before, now in zip(five.wh[2:], again.wh[2:5], strict=True):
        assert 0 <= now - before < 100
    assert again.wh[5] - new_counters(6)[5] < 100
    assert json.loads((tmp_path / FILE).read_bytes())["wh"] == list(again.wh)


def test_a_gap_is_counted_over_a_restart_without_the_file(log: Log, tmp_path: Path) -> None:
    faults = {"faults": ("gap",), "faults_per_week": 7.0, "seed": 3, "floors": 6}
    building = Building(**faults)  # type: ignore[arg-type]
    (gap, *_) = building.spans(MONDAY_MS, MONDAY_MS + 86_400_000)
    middle = (gap.from_ms + gap.to_ms) // 2
    count = (middle - MONDAY_MS) // 30_000
    before = run_feed(log, tmp_path, count, **faults)
    (tmp_path / FILE).unlink()
    after = run_feed(log, tmp_path, count, **faults)
    assert after.wh == before.wh
    floors = [key for key, _, _ in all_records(log)]
    counts = {key: floors.count(key) for key in set(floors)}
    assert counts[gap.device.encode()] < max(counts.values()) == count


def test_a_clock_that_is_ahead_on_purpose_is_not_followed(log: Log, tmp_path: Path) -> None:
    building = Building(faults=("clock_skew",), faults_per_week=7.0, seed=2)
    spans = building.spans(MONDAY_MS, MONDAY_MS + 7 * 86_400_000)
    starts = (np.array([span.from_ms // 30_000 * 30_000 + 60_000]) for span in spans)
    start_ms = next(
        int(at[0])
        for at in starts
        if (building.values(at, new_counters())[0].time_ms - at).max() > 15 * 60_000
    )
    for seconds in (0, 600, 1_200):  # started three times
        clock = ManualClock(start_ms + 1000 * seconds)
        BuildingFeed(
            BuildingRun(building=building), log, tmp_path, StopAfter(clock, 599), clock
        ).play()
    ticks_ms = sorted({int(dict(headers)["tick"]) for _, _, headers in all_records(log)})
    assert ticks_ms == [start_ms + 30_000 * tick for tick in range(60)]
    stamps = [json.loads(value)["timestamp"] for _, value, _ in all_records(log) if value]
    newest_ms = datetime.fromisoformat(max(stamps)).timestamp() * 1000
    assert newest_ms >= ticks_ms[-1] + 15 * 60_000
