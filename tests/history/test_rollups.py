"""Roll-ups of every kind of channel against a plain reference, in any order of arrival."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest

from energyguard.history import reading_buckets
from energyguard.history.chdb import ChdbHistory
from energyguard.history.rollups import RollUps
from tests.history.made import SCHEMA, T0, readings

LEVELS = {"rollup_1m": 60, "rollup_15m": 900, "rollup_1h": 3600, "rollup_1d": 86_400}
Row = tuple[str, str, int, int]  # device, channel, ms after T0, value


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChdbHistory]:
    opened = ChdbHistory(tmp_path_factory.mktemp("rollups"))
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def empty(history: ChdbHistory) -> None:
    for table in ("readings", *LEVELS):
        history.execute(f"TRUNCATE TABLE {table}")


def stored(history: ChdbHistory, table: str) -> object:
    text = history.ask(
        f"SELECT device, channel, toUnixTimestamp(bucket), kwh, counted FROM {table} FINAL",
        "TSV",
        {},
    ).decode()
    cells = (line.split("\t") for line in text.splitlines())
    return {(d, c, int(b)): (int(k), int(n)) for d, c, b, k, n in cells}


def keep(history: ChdbHistory, rollups: RollUps, rows: list[Row], first: int) -> None:
    table = pa.concat_tables(
        readings([(d, ms, v)], c, first + i) for i, (d, c, ms, v) in enumerate(rows)
    ).cast(SCHEMA)
    history.insert("readings", table)
    rollups.mark("readings", table)


def test_a_register_counts_what_it_gained_while_it_was_silent(history: ChdbHistory) -> None:
    rollups = RollUps(history)
    day = 86_400_000
    for i, (ms, value) in enumerate([(0, 100), (9 * day, 700), (4 * day, 300)]):
        keep(history, rollups, [("A", "energy_register_kwh", ms, value)], first=i)
        rollups.settle()
    days = history.query(
        "series", device="A", channel="energy_register_kwh",
        start_ms=T0 - day, end_ms=T0 + 20 * day, step_ms=day,
    )  # fmt: skip
    assert [round(v * 1e9) for v in days["value"].to_pylist()] == [50] * 4 + [80] * 5 + [0]


def test_a_device_with_a_register_and_a_power_counts_once(history: ChdbHistory) -> None:
    rollups = RollUps(history)
    rows = [("A", "energy_register_kwh", i * 60_000, i * 10**9) for i in range(5)]
    rows += [("A", "power_kw", i * 60_000, 60 * 10**9) for i in range(5)]
    rows += [("A", "temperature_c", i * 60_000, 20 * 10**9) for i in range(5)]
    rows += [("B", "current_a", 0, 10**9), ("B", "power_kw", 0, 0)]
    keep(history, rollups, rows, first=0)
    rollups.settle()
    span = {"start_ms": T0 - 86_400_000, "end_ms": T0 + 86_400_000}
    assert history.query("top", by="kwh", n=3, without="", **span)["kwh"].to_pylist() == [4.0, 0.0]
    assert history.query("totals", **span)["kwh"].to_pylist() == [4.0]
    hours = {"zone": "UTC", "step_ms": 3_600_000, "by": "kwh", "n": 3, "without": ""}
    heat = history.query("heatmap", **hours, **span)
    assert sum(heat["kwh"].to_pylist()) == 4.0
    for device, kwh in (("", [4.0]), ("A", [4.0]), ("B", [0.0])):
        steps = history.query("energy", device=device, step_ms=86_400_000, **span)
        assert steps["kwh"].to_pylist() == kwh, device


def test_rankings_leave_out_what_they_are_asked_to(history: ChdbHistory) -> None:
    rollups = RollUps(history)
    keep(history, rollups, [("A", "energy_kwh", 0, 5), ("B", "energy_kwh", 0, 3)], first=0)
    rollups.settle()
    span = {"start_ms": T0 - 86_400_000, "end_ms": T0 + 86_400_000, "by": "kwh", "n": 1}
    for without, first in (("", "A"), ('["A"]', "B")):
        top = history.query("top", without=without, **span)
        heat = history.query("heatmap", zone="UTC", step_ms=3_600_000, without=without, **span)
        assert top["device"].to_pylist() == heat["device"].to_pylist() == [first]


def test_a_power_beside_a_level_counts(history: ChdbHistory) -> None:
    rollups = RollUps(history)
    keep(history, rollups, [("A", "current_a", 0, 5), ("A", "power_kw", 0, 60 * 10**9)], first=0)
    rollups.settle()
    span = {"start_ms": T0 - 86_400_000, "end_ms": T0 + 86_400_000}
    assert history.query("totals", **span)["kwh"].to_pylist() == [15.0]  # held for 15 min
    assert history.query("top", by="kwh", n=1, without="", **span)["kwh"].to_pylist() == [15.0]


def test_a_wrong_clock_does_not_disturb_the_others(history: ChdbHistory) -> None:
    rollups = RollUps(history)
    rows = [("A", "energy_kwh", i * 15_000, 5) for i in range(8)]
    rows += [("B", "energy_kwh", i * 15_000, 7) for i in range(8)]
    years = [("B", "energy_kwh", y * 31_536_000_000, 7) for y in (-20, 30, 60)]
    keep(history, rollups, rows + years, first=0)
    rollups.settle()
    found = stored(history, "rollup_1d")
    assert isinstance(found, dict)
    day = T0 // 86_400_000 * 86_400
    assert found["A", "energy_kwh", day] == (8 * 5, 8)
    assert found["B", "energy_kwh", day] == (8 * 7, 8)
    assert sum(nano for nano, _ in found.values()) == 8 * 5 + 11 * 7


def test_a_run_has_no_more_readings_than_are_folded_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading_buckets, "RUN_READINGS", 2_000)
    days = [day for day in range(20_000, 20_012) for _ in range(7)]
    of = [f"H{n % 7}" for n in range(len(days))]
    at = [day * 86_400_000 for day in days]
    columns = [of, ["energy_kwh"] * len(of), days, at, at, [96] * len(of)]
    marked = pa.table(columns, ["device", "channel", "day", "lo_ms", "hi_ms", "rows"])
    runs = [*reading_buckets._runs(marked)]
    assert [run["rows"].to_pylist() for run in runs] == [[96 * 2] * 7] * 6
    assert [run["lo_ms"][0].as_py() // 86_400_000 for run in runs] == [*range(20_000, 20_012, 2)]


def test_of_a_second_channel_of_which_only_quarters_are_there_nothing_is_in_a_sum_of_everything(
    history: ChdbHistory, monkeypatch: pytest.MonkeyPatch
) -> None:
    rollups = RollUps(history)
    quarter = {"borders": f"{T0},{T0 + 900_000}", "devices": "", "without": "", "apart": "no"}
    keep(history, rollups, [("two", "energy_kwh", ms, 3) for ms in (0, 60_000)], first=0)
    rollups.settle()
    keep(history, rollups, [("two", "power_kw", ms, 10**9) for ms in (0, 60_000)], first=9)
    with monkeypatch.context() as before_hours:
        before_hours.setattr(reading_buckets.ReadingBuckets, "_coarser", lambda *_: None)
        rollups.settle()
    used = {"device": "", "start_ms": T0, "nano": 6, "readings": 2}
    assert history.query("consumption", **quarter).to_pylist() == [used]
    rollups.mark_range(T0, T0 + 60_000)
    rollups.settle()
    history.execute("TRUNCATE TABLE sent_channels")  # a version before had none
    RollUps(history)
    assert history.query("consumption", **quarter).to_pylist() == [used]
