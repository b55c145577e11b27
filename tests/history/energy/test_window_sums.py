"""Sums of sliding windows: any window and slide, every kind of channel, against a slow oracle."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pyarrow as pa
import pytest

from energyguard.history.chdb import ChdbHistory
from energyguard.history.rollups import RollUps
from tests.history.energy.test_energy import used, whole
from tests.history.made import T0, readings

KWH = 1_000_000_000
MINUTE = 60_000
HOUR = 3_600_000
Reading = tuple[int, int]  # ms after T0, value


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChdbHistory]:
    opened = ChdbHistory(tmp_path_factory.mktemp("windows"))
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def empty(history: ChdbHistory) -> None:
    for table in ("readings", "long_entries", "rollup_1m", "rollup_15m", "rollup_1h", "rollup_1d"):
        history.execute(f"TRUNCATE TABLE {table}")


def put(history: ChdbHistory, channel: str, rows: list[Reading]) -> None:
    table = readings([("H1", ms, value) for ms, value in rows], channel)
    history.insert("readings", table)
    rollups = RollUps(history)
    rollups.mark("readings", table)
    rollups.settle()


def sums(
    history: ChdbHistory, start: int, end: int, window: int, slide: int
) -> dict[tuple[int, int], float]:
    """kWh by (start, end) of the window, in ms after T0."""
    rows = history.query(
        "window_sums", device="H1", start_ms=T0 + start, end_ms=T0 + end,
        window_ms=window, slide_ms=slide,
    )  # fmt: skip
    first, last = (rows[c].cast("int64").to_pylist() for c in ("window_start", "window_end"))
    spans = [(low - T0, high - T0) for low, high in zip(first, last, strict=True)]
    return dict(zip(spans, rows["kwh"].to_pylist(), strict=True))


@pytest.mark.parametrize("channel", ["energy_kwh", "energy_register_kwh", "power_kw"])
@pytest.mark.parametrize("seed", range(2))
def test_any_window_and_slide(history: ChdbHistory, channel: str, seed: int) -> None:
    chance = random.Random(seed)
    step = chance.choice([15_000, MINUTE, 15 * MINUTE, HOUR])
    at, register, rows = -30 * HOUR, 0, list[Reading]()
    while at < 6 * HOUR:
        at += chance.choice([step, step, step + 1, step * 30])
        register += chance.randrange(KWH) if chance.random() < 0.99 else -register
        rows.append((at, register if "register" in channel else chance.randrange(KWH)))
    put(history, channel, rows)
    entries = whole([("H1", channel, ms, value) for ms, value in rows])["H1", channel]
    for window, slide in [
        (15 * MINUTE, 15_000), (15 * MINUTE, 4 * MINUTE), (15 * MINUTE, 7 * MINUTE + 1),
        (MINUTE, 15 * MINUTE), (90_000, 59_000), (HOUR, 86_400),
    ]:  # fmt: skip
        start = chance.randrange(2 * HOUR)
        found = sums(history, start, 6 * HOUR, window, slide)
        assert found
        assert all((T0 + high) % slide == 0 and high - low == window for low, high in found)
        for (low, high), kwh in chance.sample(list(found.items()), min(len(found), 12)):
            assert kwh == pytest.approx(used(entries, T0 + low, T0 + high) / KWH, abs=1e-9), (
                low,
                high,
            )
        assert len(found) == (T0 + 6 * HOUR) // slide - -(-(T0 + start + window) // slide) + 1


def test_of_two_registers_of_one_moment_the_first_in_the_log_counts(history: ChdbHistory) -> None:
    """As in windows; what their sender numbers them is no matter, nor is which is lower."""
    registers = [(0, 0), (HOUR, 5 * KWH), (HOUR, 4 * KWH), (2 * HOUR, 6 * KWH)]
    rows = readings([("H1", *row) for row in registers], "energy_register_kwh")
    place = rows.schema.get_field_index("sequence")
    rows = rows.set_column(place, "sequence", pa.array([1, 3, 2, 4], pa.int64()))
    history.insert("readings", rows)
    rollups = RollUps(history)
    rollups.mark("readings", rows)
    rollups.settle()
    expected = [5.0, 1.0]
    assert list(sums(history, 0, 2 * HOUR, HOUR, HOUR).values()) == expected
    span = {"device": "H1", "start_ms": T0, "end_ms": T0 + 2 * HOUR}
    assert history.query("entries", **span)["kwh"].to_pylist() == [0.0, *expected]
    hours = history.query("series", channel="energy_register_kwh", step_ms=HOUR, **span)
    assert hours["value"].to_pylist() == expected


def test_a_quarter_hour_meter_does_not_dip(history: ChdbHistory) -> None:
    """A day in steps of four minutes, of a meter that sends each quarter of an hour."""
    put(history, "energy_kwh", [(i * 15 * MINUTE, KWH) for i in range(97)])
    found = sums(history, 0, 24 * HOUR, 15 * MINUTE, 4 * MINUTE)
    assert set(found.values()) == {1.0}


def test_a_register_that_was_read_long_ago(history: ChdbHistory) -> None:
    put(history, "energy_register_kwh", [(-90 * 24 * HOUR, 5 * KWH), (HOUR, 7 * KWH)])
    found = sums(history, 0, 2 * HOUR, HOUR, HOUR)
    hours = 90 * 24 + 1
    assert list(found.values()) == [pytest.approx(2.0 / hours, abs=1e-9), 0.0]


def test_a_device_of_several_channels_counts_once(history: ChdbHistory) -> None:
    """As in every other question: interval before register before power."""
    put(history, "energy_register_kwh", [(i * MINUTE, i * KWH) for i in range(60)])
    put(history, "power_kw", [(i * MINUTE, 60 * KWH) for i in range(60)])
    assert list(sums(history, 0, 30 * MINUTE, 10 * MINUTE, 10 * MINUTE).values()) == [10, 10, 10]


def test_a_device_that_is_not_known(history: ChdbHistory) -> None:
    assert set(sums(history, 0, HOUR, 10 * MINUTE, 10 * MINUTE).values()) == {0.0}


@pytest.mark.parametrize("length_ms", [0, -HOUR])
def test_a_range_of_no_length_has_no_rows(history: ChdbHistory, length_ms: int) -> None:
    """Nothing covers it, and the statement is one all the same."""
    span = {"start_ms": T0 + HOUR, "end_ms": T0 + HOUR + length_ms}
    rows = history.query("series", device="", channel="energy_kwh", step_ms=60_000, **span)
    assert rows.num_rows == 0
