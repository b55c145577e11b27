"""Labelled faults of floors: each can be seen where its label says, and nowhere else."""

from __future__ import annotations

import io
import json
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from energyguard.domains.building.faults import KINDS, chosen_kinds
from energyguard.domains.building.feed import write_json
from energyguard.domains.building.floors import Building, BuildingRun, new_counters
from energyguard.domains.building.load_shape import DayLoad
from energyguard.domains.building.readings import FloorValues
from energyguard.errors import ConfigError
from energyguard.simulators.truth import read_truth

MONDAY_MS = 1_757_289_600_000  # 2025-09-08T00:00:00Z
WEEKS = 12
TICKS = WEEKS * 7 * 2_880
TIMES = MONDAY_MS + 30_000 * np.arange(TICKS)
FLOORS = 4
LOAD = DayLoad(np.arange(1, FLOORS + 1), 1, "UTC", "IT")


def values_of(*kinds: str) -> tuple[Building, FloorValues]:
    building = Building(floors=FLOORS, faults=kinds, faults_per_week=1)
    return building, building.values(TIMES, new_counters(FLOORS))[0]


CLEAN = Building(floors=FLOORS).values(TIMES, new_counters(FLOORS))[0]


def labelled(building: Building) -> np.ndarray:
    """Where labels say that something is wrong: T × F."""
    inside = np.zeros((TICKS, FLOORS), bool)
    for span in building.spans(MONDAY_MS, int(TIMES[-1]) + 1):
        inside[(span.from_ms <= TIMES) & (span.to_ms > TIMES), int(span.device[1:]) - 1] = True
    return inside


@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_is_where_its_label_says(kind: str) -> None:
    building, found = values_of(kind)
    inside = labelled(building)
    spans = building.spans(MONDAY_MS, int(TIMES[-1]) + 1)
    assert {span.kind for span in spans} == {kind}
    assert WEEKS * FLOORS - FLOORS <= len(spans) <= (WEEKS + 1) * FLOORS
    assert (found.time_ms != CLEAN.time_ms).any(axis=None) == (kind == "clock_skew")
    outside = ~inside
    assert (np.abs(found.watt - CLEAN.watt)[outside] <= 1).all()  # rounded to whole Wh by the hour
    assert (np.abs(found.decivolt - CLEAN.decivolt)[outside] <= 1).all()
    assert (found.time_ms == CLEAN.time_ms)[outside].all()
    assert found.is_sent[outside].all()


def changed(kind: str) -> tuple[FloorValues, np.ndarray, np.ndarray]:
    """With faults of a kind: what is sent, where they are, and the W that they add."""
    building, found = values_of(kind)
    return found, labelled(building), found.watt - CLEAN.watt


@pytest.mark.parametrize(("kind", "low", "high"), [("surge", 6, 12), ("night_use", 10, 20)])
def test_loads_are_sized_by_the_spread_of_the_moment(kind: str, low: float, high: float) -> None:
    _, inside, more = changed(kind)
    size = more / (1000 * LOAD.spread_kw(TIMES // 1000))
    assert low - 0.1 < size[inside].min() < low + 2
    assert high - 3 < size[inside].max() < high + 0.1


@pytest.mark.parametrize(("kind", "low", "high"), [("stuck_on", 3, 6), ("leak", 1, 2.5)])
def test_lasting_loads_are_sized_by_a_working_hour(kind: str, low: float, high: float) -> None:
    found, inside, more = changed(kind)
    size = more / (1000 * LOAD.working_spread_kw)
    assert low - 0.1 < size[inside].min() < size[inside].max() < high + 0.1
    assert (
        np.abs(np.cumsum(found.watt * 30 / 3600, axis=0) + new_counters(4) - found.wh) < 1
    ).all()


def test_night_use_is_at_night_and_what_sticks_begins_by_day() -> None:
    for kind, low, high in (("night_use", 23, 27), ("stuck_on", 10, 16)):
        for span in values_of(kind)[0].spans(MONDAY_MS, int(TIMES[-1])):
            hour = span.from_ms / 3_600_000 % 24
            assert low <= hour < high or low <= hour + 24 < high


def test_less_supply() -> None:
    found, inside, _ = changed("dropout")
    assert ((found.watt / CLEAN.watt)[inside] < 0.11).all()
    found, inside, _ = changed("phase_loss")
    assert (found.watt / CLEAN.watt)[inside] == pytest.approx(2 / 3, abs=0.01)
    assert (found.decivolt / CLEAN.decivolt)[inside] == pytest.approx(2 / 3, abs=0.01)
    found, inside, more = changed("voltage_dip")
    lost = 1 - (found.decivolt / CLEAN.decivolt)[inside]
    assert 0.115 < lost.min() < lost.max() < 0.405
    assert (more == 0).all()
    assert (found.milliampere > 1.1 * CLEAN.milliampere)[inside].all()


def test_a_frozen_meter_says_the_last_reading_before_and_the_counter_goes_on() -> None:
    building, found = values_of("frozen")
    for span in building.spans(MONDAY_MS, int(TIMES[-1])):
        floor = int(span.device[1:]) - 1
        rows = np.flatnonzero((span.from_ms <= TIMES) & (span.to_ms > TIMES))
        if rows.size and rows[0]:
            assert np.unique(found.watt[rows, floor]).size == 1
            assert np.unique(found.milliampere[rows, floor]).size == 1
    assert (found.wh == CLEAN.wh).all()
    assert (found.decivolt == CLEAN.decivolt).all()


def test_counters_fall_where_they_are_said_to() -> None:
    for kind in ("counter_reset", "rollover"):
        found, inside, more = changed(kind)
        step = np.diff(found.wh, axis=0, prepend=[new_counters(FLOORS)])
        fell = step != found.added_wh
        assert (fell == inside).all()
        assert (more == 0).all()
        if kind == "counter_reset":
            assert (found.wh[fell] == found.added_wh[fell]).all()
        else:
            lost = found.added_wh[fell] - step[fell]
            assert set(np.unique(lost).tolist()) <= {1_000 * 10**power for power in range(8)}
            assert found.wh.min() >= 0


def test_a_gap_sends_nothing_and_counts_on() -> None:
    found, inside, _ = changed("gap")
    assert (found.is_sent == ~inside).all()
    assert (found.wh == CLEAN.wh).all()


def test_a_wrong_clock_is_minutes_ahead_or_behind() -> None:
    found, inside, _ = changed("clock_skew")
    minutes = (found.time_ms - CLEAN.time_ms)[inside] / 60_000
    assert 3 <= np.abs(minutes).min() <= np.abs(minutes).max() <= 30
    assert minutes.min() < 0 < minutes.max()


def test_a_floor_has_one_fault_at_a_time_and_as_many_as_asked_for() -> None:
    building = Building(floors=FLOORS, faults=tuple(KINDS), faults_per_week=7)
    spans = building.spans(MONDAY_MS, int(TIMES[-1]) + 1)
    assert len(spans) == pytest.approx(WEEKS * 7 * FLOORS, abs=2 * FLOORS)
    assert {span.kind for span in spans} == set(KINDS)
    for number in range(1, FLOORS + 1):
        mine = [span for span in spans if span.device == f"p{number}"]
        assert all(a.to_ms < b.from_ms for a, b in pairwise(mine))


def test_kinds_are_chosen_by_name() -> None:
    assert chosen_kinds("all") == tuple(KINDS)
    assert chosen_kinds(" surge, gap,") == ("surge", "gap")
    assert chosen_kinds("") == ()
    with pytest.raises(ConfigError, match=r"'rust'.*there are: all, or surge"):
        chosen_kinds("gap,rust")
    with pytest.raises(ConfigError, match="plain"):
        Building(shape="plain", faults=("gap",))


def test_the_ground_truth_is_written_beside_the_readings(tmp_path: Path) -> None:
    truth, out = tmp_path / "truth.csv", io.BytesIO()
    building = Building(faults=("surge",), faults_per_week=7)
    run = BuildingRun(building=building, start_ms=MONDAY_MS, ticks=2 * 2_880, truth=truth)
    write_json(run, out, Event())
    spans = read_truth(truth)
    assert spans == building.spans(MONDAY_MS, MONDAY_MS + 2 * 86_400_000)
    assert truth.read_text().startswith("device,kind,from,to\np")
    (first, *_) = spans
    rows = [json.loads(line) for line in out.getvalue().splitlines()]
    mine = {
        round(datetime.fromisoformat(row["timestamp"]).timestamp() * 1000): row["sensore2_kw"]
        for row in rows
        if f"p{row['piano']}" == first.device
    }
    during = [kw for ms, kw in mine.items() if first.from_ms <= ms < first.to_ms]
    before = [kw for ms, kw in mine.items() if first.from_ms - 600_000 <= ms < first.from_ms]
    assert during
    assert min(during) > max(before)
    write_json(run, io.BytesIO(), Event())
    assert read_truth(truth) == spans  # each once
