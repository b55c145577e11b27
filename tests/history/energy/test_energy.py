"""Energy in buckets: any order and any batches give what one fold of all readings gives."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest

from energyguard.history import reading_buckets
from energyguard.history.chdb import ChdbHistory
from energyguard.history.energy import energy_rollup, energy_writes
from energyguard.history.energy.energy_buckets import Readings
from energyguard.history.energy.energy_channels import plain
from energyguard.history.energy.energy_folds import entries_of
from energyguard.history.energy.energy_spans import REVISED
from energyguard.history.rollups import RollUps
from energyguard.ledger.entries import Entries
from tests.history.made import T0
from tests.history.test_rollups import LEVELS, Row, keep
from tests.thorough import examples

STEPS = {"A": 2_000, "B": 15_000, "C": 900_000, "D": 3_600_000, "E": 1_800_000}


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChdbHistory]:
    opened = ChdbHistory(tmp_path_factory.mktemp("energy"))
    yield opened
    opened.close()


@pytest.fixture(autouse=True)
def empty(history: ChdbHistory) -> None:
    for table in ("readings", "long_entries", *LEVELS):
        history.execute(f"TRUNCATE TABLE {table}")


def made(seed: int, number: int) -> list[Row]:
    """Devices with rhythms of their own, with gaps, jitter, and counters that begin again."""
    rng = random.Random(seed)
    rows: list[Row] = []
    for device, step in STEPS.items():
        for channel in ("energy_kwh", "energy_register_kwh", "power_kw"):
            ms, register = rng.randrange(10**7), rng.randrange(10**12)
            for _ in range(number):
                ms += step + rng.randrange(step // 50) + (rng.random() < 0.02) * 20 * step
                register = 10**6 if rng.random() < 0.01 else register + rng.randrange(10**7)
                value = register if "register" in channel else rng.randrange(10**8)
                rows.append((device, channel, ms, value))
    return rows


def whole(rows: list[Row]) -> dict[tuple[str, str], Entries]:
    """The entries of each device's channel, of all readings at once."""
    of: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for device, channel, ms, value in rows:
        of[device, channel].append((T0 + ms, value))
    found = {}
    for (device, channel), mine in of.items():
        times, values = (np.array(column, np.int64) for column in zip(*sorted(mine), strict=True))
        zeros = np.zeros(len(times), np.int64)
        readings = Readings(zeros, times, values, zeros)
        found[device, channel] = entries_of(readings, plain(channel))
    return found


def buckets(entries: Entries, width: int) -> dict[int, int]:
    """What entries come to in each bucket, slowly, in whole numbers of any size."""
    found: dict[int, int] = defaultdict(int)
    columns = (entries.start, entries.end, entries.energy)
    for start, end, energy in zip(*(column.tolist() for column in columns), strict=True):
        if start == end:
            found[start // width * width // 1000] += energy
            continue

        def until(time: int, start: int = start, end: int = end, energy: int = energy) -> int:
            whole = abs(energy) * (min(max(time, start), end) - start) // (end - start)
            return whole if energy >= 0 else -whole

        for bucket in range(start // width * width, end, width):
            found[bucket // 1000] += until(bucket + width) - until(bucket)
    return {bucket: nano for bucket, nano in found.items() if nano}


def used(entries: Entries, low: int, high: int) -> int:
    """The energy in [low, high), an entry after the other."""
    total = 0
    columns = (entries.start, entries.end, entries.energy)
    for start, end, energy in zip(*(column.tolist() for column in columns), strict=True):
        if start == end:
            total += energy if low <= start < high else 0
            continue
        before, after = (
            abs(energy) * (min(max(at, start), end) - start) // (end - start) for at in (low, high)
        )
        total += after - before if energy >= 0 else before - after
    return total


def stored(history: ChdbHistory, table: str) -> dict[tuple[str, str], dict[int, int]]:
    rows = history.answer(
        "SELECT toString(device) AS device, toString(channel) AS channel,"
        f" toInt64(toUnixTimestamp(bucket)) AS start, kwh FROM {table} FINAL WHERE kwh != 0",
        {},
    ).to_pylist()
    found: dict[tuple[str, str], dict[int, int]] = defaultdict(dict)
    for row in rows:
        found[row["device"], row["channel"]][row["start"]] = row["kwh"]
    return found


@pytest.mark.parametrize(
    ("seed", "min_whole"),
    [
        *((0, energy_writes.MIN_WHOLE), (1, 0), (4, 0)),
        *(
            pytest.param(seed, least, marks=pytest.mark.slow)
            for seed, least in ((1, energy_writes.MIN_WHOLE), (2, 0), (3, 0))
        ),
    ],
)
def test_any_order_and_any_batches_give_what_one_fold_gives(
    history: ChdbHistory, seed: int, min_whole: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(energy_writes, "MIN_WHOLE", min_whole)
    if seed == 4:  # few at a time: days by themselves, a device after the other
        monkeypatch.setattr(energy_rollup, "MAX_READINGS", 15)
        monkeypatch.setattr(reading_buckets, "RUN_READINGS", 15)
    rows, rng = made(seed, 40 if seed == 4 else examples(60, 150)), random.Random(seed)
    rows.sort(key=lambda row: row[2])
    if seed == 1:  # some come late
        rows.sort(key=lambda row: row[2] + (rng.random() < 0.05) * rng.randrange(10**8))
    if seed == 2:
        rows.reverse()
    if seed == 3:
        rng.shuffle(rows)
    rollups = RollUps(history)
    cuts = sorted(rng.sample(range(len(rows)), 8))
    for number, (low, high) in enumerate(zip([0, *cuts], [*cuts, len(rows)], strict=True)):
        keep(history, rollups, rows[low:high], first=low)
        if number == 6:
            rollups.settle()
            rollups = RollUps(history)  # another process goes on
        if number % 3:
            rollups.settle()
    rollups.settle()
    if seed == 4:  # and all of it anew
        rollups = RollUps(history)
        rollups.mark_range(T0, T0 + max(row[2] for row in rows))
        rollups.settle()
    entries = whole(rows)
    for table, seconds in list(LEVELS.items())[1:]:
        found = stored(history, table)
        for name, of_one in entries.items():
            assert found[name] == buckets(of_one, seconds * 1000), (table, name)
    low_ms, high_ms = T0 + 2 * 3_600_000, T0 + 3 * 3_600_000
    span = {"start_ms": low_ms, "end_ms": high_ms, "step_ms": 60_000}
    for (device, channel), of_one in entries.items():
        steps = history.query("series", device=device, channel=channel, **span).to_pylist()
        shown = {int(s["time"].timestamp()): round(s["value"] * 1e9) for s in steps if s["value"]}
        minutes = buckets(of_one, 60_000)
        assert shown == {m: n for m, n in minutes.items() if low_ms <= m * 1000 < high_ms}


def test_hours_and_days_are_the_same_whoever_makes_them(
    history: ChdbHistory, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = made(7, examples(60, 150))
    end_ms = T0 + max(row[2] for row in rows)
    rollups = RollUps(history)
    keep(history, rollups, rows, first=0)
    rollups.settle()

    def coarser() -> list[pa.Table]:
        return [
            history.answer(
                f"SELECT * FROM {table} FINAL WHERE counted > 0 OR kwh != 0"
                " ORDER BY device, channel, bucket",
                {},
            )
            for table in ("rollup_1h", "rollup_1d")
        ]

    by_engine = coarser()
    monkeypatch.setattr(energy_writes, "MIN_WHOLE", 0)
    for part in range(3):  # spans that begin and end within hours and days
        rollups = RollUps(history)
        rollups.mark_range(T0 + (end_ms - T0) * part // 3, T0 + (end_ms - T0) * (part + 1) // 3)
        rollups.settle()
        assert coarser() == by_engine, part


def test_hours_that_could_not_be_written_are_made_the_next_time(
    history: ChdbHistory, monkeypatch: pytest.MonkeyPatch
) -> None:
    rollups, hour = RollUps(history), 3_600_000
    rows = [("A", "energy_register_kwh", n * 5 * hour, n * 500) for n in range(5 + REVISED)]
    keep(history, rollups, rows[:4], first=0)
    rollups.settle()

    def full(*_: object) -> None:
        raise OSError("no room")

    keep(history, rollups, rows[4:-1], first=4)
    with monkeypatch.context() as fault, pytest.raises(OSError, match="no room"):
        fault.setattr(reading_buckets.ReadingBuckets, "_coarser", full)
        rollups.settle()
    rollups.settle()
    keep(history, rollups, rows[-1:], first=len(rows) - 1)
    rollups.settle()
    for table, seconds in list(LEVELS.items())[1:]:
        found = stored(history, table)["A", "energy_register_kwh"]
        assert found == buckets(whole(rows)["A", "energy_register_kwh"], seconds * 1000), table
