"""Entries and bounds of a device, as somebody asks for them."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from energyguard.history.chdb import ChdbHistory
from energyguard.history.energy.energy_channels import describe
from energyguard.history.rollups import RollUps
from energyguard.ledger.channels import EnergyChannel
from energyguard.model.channels import Kind
from energyguard.model.quantities import to_nano
from tests.history.energy.test_window_sums import HOUR, MINUTE
from tests.history.made import T0, readings

NET_METERING = Path(__file__).parents[2] / "cases" / "meters" / "case48_net_metering.csv"
ROWS = [
    (i * 15 * MINUTE, value)
    for i, value in enumerate(
        [100_000, 100_500, 101_000, 0, 101_500, 102_000, 102_500, 103_000, 103_500, 104_000]
    )
]


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChdbHistory]:
    opened = ChdbHistory(tmp_path_factory.mktemp("folded"))
    rows = readings([("P", ms, value * 10**6) for ms, value in ROWS], "energy_register_kwh")
    opened.insert("readings", rows)
    rollups = RollUps(opened)
    rollups.mark("readings", rows)
    rollups.settle()
    yield opened
    opened.close()


def test_each_entry_says_why_it_is_what_it_is(history: ChdbHistory) -> None:
    rows = history.query("entries", device="P", start_ms=T0, end_ms=T0 + 3 * HOUR).to_pylist()
    assert [row["kind"] for row in rows[:4]] == ["first", "difference", "difference", "dip"]
    assert "101.5" in rows[3]["why"]
    assert rows[3]["value"] == 0.0
    assert sum(row["kwh"] for row in rows) == pytest.approx(4.0)
    assert {row["channel"] for row in rows} == {"energy_register_kwh"}


def test_what_lies_in_a_range_adds_up_to_its_energy(history: ChdbHistory) -> None:
    span = {"start_ms": T0 + 20 * MINUTE, "end_ms": T0 + 80 * MINUTE}
    inside = sum(history.query("entries", device="P", **span)["inside"].to_pylist())
    [window] = history.query(
        "window_sums", device="P", window_ms=HOUR, slide_ms=20 * MINUTE, **span
    )["kwh"].to_pylist()
    assert inside == pytest.approx(window, abs=3e-9)


def test_bounds_hold_the_estimate_and_grow_where_nothing_is_known(history: ChdbHistory) -> None:
    rows = history.query(
        "bounds", device="P", start_ms=T0 - HOUR, end_ms=T0 + 3 * HOUR, step_ms=HOUR
    ).to_pylist()
    assert all(row["low"] <= row["kwh"] <= row["high"] for row in rows)
    covered = {int(row["time"].timestamp() * 1000) - T0: row["covered_ms"] for row in rows}
    assert sum(covered.values()) == 9 * 15 * MINUTE
    nothing = rows[0]
    assert (nothing["kwh"], nothing["low"]) == (0.0, 0.0)
    assert nothing["high"] == pytest.approx(100.0)  # 100 kW for an hour


def test_what_is_said_of_a_channel_counts(history: ChdbHistory) -> None:
    span = {"start_ms": T0 - HOUR, "end_ms": T0, "step_ms": HOUR}
    of = ("P", "energy_register_kwh")
    describe(history, {of: EnergyChannel(Kind.REGISTER, largest_power_w=20_000)})
    assert history.query("bounds", device="P", **span)["high"].to_pylist() == [20.0]
    describe(history, {of: None})
    assert history.query("bounds", device="P", **span)["high"].to_pylist() == [100.0]


@pytest.mark.parametrize("order", ["in order", "reversed", "shuffled"])
def test_what_is_fed_in_counts_against_what_is_drawn(history: ChdbHistory, order: str) -> None:
    rows = net_metering(order)
    if order == "reversed":
        rows.reverse()
    elif order == "shuffled":
        random.Random(48).shuffle(rows)
    rollups = RollUps(history)
    for first in range(0, len(rows), 4):  # in six bodies
        table = readings(rows[first : first + 4], first=first)
        history.insert("readings", table)
        rollups.mark("readings", table)
        rollups.settle()
    start = T0 + min(ms for _, ms, _ in rows)
    span = {"start_ms": start, "end_ms": start + 24 * HOUR, "step_ms": 24 * HOUR}
    [day] = history.query("bounds", device=order, **span).to_pylist()
    assert (day["kwh"], day["import_kwh"], day["export_kwh"]) == (-1.5, 7.5, 9.0)
    assert day["low"] <= day["kwh"] <= day["high"]
    assert day["covered_ms"] == 24 * HOUR
    [net] = history.query("energy", device=order, **span)["kwh"].to_pylist()
    assert net == -1.5
    span["step_ms"] = HOUR
    hours = history.query("energy", device=order, **span)["kwh"].to_pylist()
    assert (hours.count(0.5), hours.count(-1.0)) == (15, 9)


def net_metering(device: str) -> list[tuple[str, int, int]]:
    """A day of a home with panels: 15 hours of 0.5 kWh drawn, 9 of 1 kWh fed in."""
    with NET_METERING.open(newline="") as file:
        return [
            (
                device,
                int(datetime.fromisoformat(row["timestamp"]).timestamp() * 1000) - T0,
                to_nano(row["energy_kwh"]),
            )
            for row in csv.DictReader(file)
        ]


def test_a_device_that_is_not_known_has_no_entries(history: ChdbHistory) -> None:
    assert history.query("entries", device="Q", start_ms=T0, end_ms=T0 + HOUR).num_rows == 0


def test_an_entry_says_what_its_reason_is_made_of(history: ChdbHistory) -> None:
    rows = history.query("entries", device="P", start_ms=T0, end_ms=T0 + 3 * HOUR).to_pylist()
    [dip] = [row for row in rows if row["evidence"] != "plain"]
    assert (dip["evidence"], dip["number"]) == ("returned", 101_500 * 10**6)
    assert dip["after_ms"] == 15 * MINUTE
    assert dip["why"] == "returned 101.5 kWh after 15 minutes"


def test_bounds_between_any_borders_end_with_what_should_be_known(history: ChdbHistory) -> None:
    borders = [T0, T0 + 50 * MINUTE, T0 + 140 * MINUTE]
    asked = {"device": "P", "start_ms": borders[0], "borders": ",".join(map(str, borders))}
    first, last = history.query("bounds_between", **asked, end_ms=borders[-1]).to_pylist()
    assert first["kwh"] + last["kwh"] == pytest.approx(4.0)
    assert first["low"] <= first["kwh"] <= first["high"]
    assert last["end"].timestamp() * 1000 == T0 + 135 * MINUTE  # its newest reading
    assert (first["covered_ms"], last["covered_ms"]) == (50 * MINUTE, 85 * MINUTE)
    assert last["high"] < 100.0  # nothing is missing
    asked["start_ms"], asked["borders"] = T0 - HOUR, f"{T0 - HOUR},{T0 + 50 * MINUTE}"
    [new] = history.query("bounds_between", **asked, end_ms=T0 + 50 * MINUTE).to_pylist()
    assert new["start"].timestamp() * 1000 == T0  # before its first reading nothing is missing
    asked["start_ms"] = T0
    borders[-1] = T0 + 9 * HOUR
    asked["borders"] = ",".join(map(str, borders))
    _, last = history.query("bounds_between", **asked, end_ms=borders[-1]).to_pylist()
    assert last["end"].timestamp() * 1000 == borders[-1]  # it is silent
    assert last["high"] > 600.0


def test_a_reading_says_where_it_lies_in_the_log(history: ChdbHistory) -> None:
    [row] = history.query("reading_places", device="P", time_ms=T0 + 30 * MINUTE).to_pylist()
    assert (row["topic"], row["place"], row["value"]) == ("energy_readings", 2, 101_000 * 10**6)
    assert not history.query("reading_places", device="P", time_ms=T0 + MINUTE).num_rows
