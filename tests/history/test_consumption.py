"""Energy between any borders: the same as from raw rows, from as few buckets as can be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from energyguard.history.chdb import ChdbHistory
from energyguard.history.planner import between
from energyguard.history.rollups import RollUps
from tests.history.energy.test_energy import used, whole
from tests.history.made import T0, readings

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


@given(st.lists(st.integers(0, 40 * 1440), min_size=2, max_size=12, unique=True))
def test_each_minute_between_borders_is_covered_once(minutes: list[int]) -> None:
    borders = [minute * 60 for minute in sorted(minutes)]
    pieces = sorted(
        (low, high, level.seconds)
        for level, found in between(borders).items()
        for low, high in found
    )
    at = borders[0]
    for low, high, seconds in pieces:
        assert low == at < high
        assert low % seconds == high % seconds == 0
        at = high
    assert at == borders[-1]
    for border in borders:
        assert all(border % seconds == 0 for low, high, seconds in pieces if low < border < high)


def test_whole_days_are_read_from_days_and_the_rest_from_hours_and_quarters() -> None:
    shift = 19 * HOUR // 1000 - 45 * 60
    plan = between([shift, shift + 3 * 86_400])
    assert {level.table: pieces for level, pieces in plan.items()} == {
        "rollup_1d": [(86_400, 3 * 86_400)],
        "rollup_1h": [(19 * 3600, 86_400), (3 * 86_400, 3 * 86_400 + 18 * 3600)],
        "rollup_15m": [(shift, 19 * 3600), (3 * 86_400 + 18 * 3600, 3 * 86_400 + shift)],
    }


def test_hours_of_a_zone_of_a_half_are_read_from_quarters() -> None:
    plan = between([1800 + hour * 3600 for hour in range(3)])
    assert {level.table: pieces for level, pieces in plan.items()} == {
        "rollup_15m": [(1800, 1800 + 2 * 3600)]
    }


ROWS = [
    (f"H{n}", ms, Random(n * 7 + ms).randrange(1, 10**9))
    for n in range(3)
    for ms in range(0, 4 * DAY, 7 * MINUTE * (n + 1))
]
CHANNELS = {"H0": "energy_kwh", "H1": "energy_kwh", "H2": "power_kw"}
ENTRIES = whole([(device, CHANNELS[device], ms, value) for device, ms, value in ROWS])


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChdbHistory]:
    opened = ChdbHistory(tmp_path_factory.mktemp("consumption"))
    rollups = RollUps(opened)
    both = readings([("H1", ms, 10**12) for ms in (0, DAY, 2 * DAY)], channel="power_kw")
    powers = readings([row for row in ROWS if row[0] == "H2"], channel="power_kw")
    for rows in (readings([row for row in ROWS if row[0] != "H2"]), powers, both):
        opened.insert("readings", rows)
        rollups.mark("readings", rows)
    rollups.settle()
    yield opened
    opened.close()


Answer = dict[tuple[str, int], tuple[int, int]]


def asked(
    history: ChdbHistory,
    borders: list[int],
    devices: str = "",
    apart: str = "yes",
    without: str = "",
) -> Answer:
    spelled = ",".join(str(T0 + border) for border in borders)
    given = {"devices": devices, "apart": apart, "without": without}
    rows = history.query("consumption", borders=spelled, **given)
    return {
        (row["device"], row["start_ms"] - T0): (row["nano"], row["readings"])
        for row in rows.to_pylist()
    }


def expected(borders: list[int], devices: tuple[str, ...] = ("H0", "H1", "H2")) -> Answer:
    found: Answer = {}
    for device in devices:
        for low, high in pairwise(borders):
            count = sum(d == device and low <= ms < high for d, ms, _ in ROWS)
            nano = used(ENTRIES[device, CHANNELS[device]], T0 + low, T0 + high)
            if nano or count:
                found[device, low] = (nano, count)
    return found


def together(apart: Answer, borders: list[int]) -> Answer:
    found: Answer = {}
    for low in borders[:-1]:
        rows = [row for key, row in apart.items() if key[1] == low]
        if rows:
            found["", low] = (sum(nano for nano, _ in rows), sum(count for _, count in rows))
    return found


@pytest.mark.parametrize(
    "borders",
    [
        [0, DAY, 2 * DAY],
        [-2 * HOUR, DAY - 2 * HOUR, 2 * DAY - HOUR, 3 * DAY - HOUR],
        [15 * MINUTE, DAY + 15 * MINUTE, DAY + 17 * MINUTE],
        [k * HOUR - 45 * MINUTE for k in range(60)],
        [k * DAY + 18 * HOUR + 30 * MINUTE for k in range(4)],
        [HOUR + MINUTE, DAY - 30 * MINUTE, 2 * DAY + 30 * MINUTE, 3 * DAY + 30 * MINUTE],
        [3 * DAY + k * HOUR + 15 * MINUTE for k in range(20)],  # nobody has two channels here
    ],
)
def test_steps_are_what_their_readings_add_up_to(history: ChdbHistory, borders: list[int]) -> None:
    apart = expected(borders)
    assert asked(history, borders) == apart
    assert asked(history, borders, apart="no") == together(apart, borders)


QUEER = "' covering(start_ms = {start_ms:Int64}, end_ms = {end_ms:Int64}, step_ms = 1) {a:String}"


def test_devices_are_asked_for_by_name_or_all_together(history: ChdbHistory) -> None:
    borders = [-2 * HOUR, DAY - 2 * HOUR, 2 * DAY - 2 * HOUR]
    many = [f"M{n}" for n in range(2000)]
    for others in (['no"one'], [QUEER], [r"\0"], many):
        assert asked(history, borders, json.dumps(["H2", *others])) == expected(borders, ("H2",))
        assert not asked(history, borders, json.dumps(others))
    assert not asked(history, borders, "[]")
    spelled = ",".join(str(T0 + border) for border in borders)
    ends = f"{T0 + borders[0]},{T0 + borders[-1]}"
    names = json.dumps(["H0", "H1", "H2", 'no"one'])
    rows = history.query("consumption_together", borders=spelled, ends=ends, devices=names)
    added = {("", row["start_ms"] - T0): (row["nano"], row["readings"]) for row in rows.to_pylist()}
    assert added == together(expected(borders), borders)
