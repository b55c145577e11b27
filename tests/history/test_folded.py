"""Entries and bounds of a device, as somebody asks for them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from energyguard.history.chdb import ChdbHistory
from energyguard.history.energy_channels import describe
from energyguard.history.rollups import RollUps
from energyguard.ledger.channels import EnergyChannel
from energyguard.model.channels import Kind
from tests.history.made import T0, readings
from tests.history.test_window_sums import HOUR, MINUTE

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


def test_a_device_that_is_not_known_has_no_entries(history: ChdbHistory) -> None:
    assert history.query("entries", device="Q", start_ms=T0, end_ms=T0 + HOUR).num_rows == 0
