"""Roll-ups of every kind of channel against a plain reference, in any order of arrival."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator

import pyarrow as pa
import pytest

from energyguard.history.chdb import ChdbHistory
from energyguard.history.rollups import RollUps
from energyguard.model.channels import CHANNELS, MAX_GAP_MS, Kind
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


def reference(rows: list[Row]) -> dict[tuple[str, str, int], tuple[int, int]]:
    """Energy (in 1e-9 kWh, as sums over minutes) and readings per device, channel and minute."""
    first: dict[tuple[str, str, int], int] = {}
    for device, channel, ms, value in rows:  # the first in log order wins
        first.setdefault((device, channel, T0 + ms), value)
    chains: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for (device, channel, at), value in sorted(first.items()):
        chains[device, channel].append((at, value))
    energy: dict[tuple[str, str, int], int] = defaultdict(int)
    count: dict[tuple[str, str, int], int] = defaultdict(int)
    for (device, channel), chain in chains.items():
        kind = CHANNELS[channel].kind
        for i, (at, value) in enumerate(chain):
            count[device, channel, at // 60_000] += 1
            if kind is Kind.INTERVAL:
                energy[device, channel, at // 60_000] += value
            elif kind is Kind.REGISTER and i:
                gain = value - chain[i - 1][1]
                energy[device, channel, (at - 1) // 60_000] += max(gain, 0)
            elif kind is Kind.POWER:
                after = chain[i + 1][0] if i + 1 < len(chain) else at + MAX_GAP_MS
                until = min(after, at + MAX_GAP_MS)
                for minute in range(at // 60_000, (until - 1) // 60_000 + 1):
                    held = min(until, (minute + 1) * 60_000) - max(at, minute * 60_000)
                    energy[device, channel, minute] += value * held
    for key in energy:
        if CHANNELS[key[1]].kind is Kind.POWER:
            half = -1_800_000 if energy[key] < 0 else 1_800_000
            energy[key] = int((energy[key] + half) / 3_600_000)
    return {k: (energy.get(k, 0), count.get(k, 0)) for k in energy.keys() | count.keys()}


def coarse(minutes: dict[tuple[str, str, int], tuple[int, int]], seconds: int) -> object:
    sums: dict[tuple[str, str, int], list[int]] = defaultdict(lambda: [0, 0])
    for (device, channel, minute), (nano, n) in minutes.items():
        cell = sums[device, channel, minute * 60 // seconds * seconds]
        cell[0] += nano
        cell[1] += n
    return {k: tuple(v) for k, v in sums.items()}


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


def make(seed: int) -> list[Row]:
    """Readings of four homes and four kinds over some days: gaps, resets, repeats, conflicts."""
    rng = random.Random(seed)
    rows: list[Row] = []
    for device in ("A", "B", "C", "D"):
        for channel in ("energy_kwh", "energy_register_kwh", "power_kw", "temperature_c"):
            ms, register = rng.randrange(10**8), rng.randrange(10**12)
            for _ in range(60):
                ms += rng.choice([1000, 15_000, 60_000, 60_000 - ms % 60_000, 600_000, 10**7])
                register = rng.randrange(10**9) if rng.random() < 0.05 else register + 10**7
                value = register if "register" in channel else rng.randrange(-(10**9), 10**9)
                rows.append((device, channel, ms, value))
    rows += rng.choices(rows, k=30)  # the same again
    rows += [(d, c, ms, v + 1) for d, c, ms, v in rng.choices(rows, k=30)]  # conflicts
    return rows


@pytest.mark.parametrize(
    "seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 12))]
)
def test_any_order_and_any_batches_give_what_the_reference_gives(
    history: ChdbHistory, seed: int
) -> None:
    rng = random.Random(-seed)
    rows = make(seed)
    if seed % 2:
        rng.shuffle(rows)
    rollups = RollUps(history)
    cuts = sorted(rng.sample(range(len(rows)), 5))
    batches = list(zip([0, *cuts], [*cuts, len(rows)], strict=True))
    for low, high in [*batches, *rng.choices(batches, k=2)]:  # some batches come twice
        keep(history, rollups, rows[low:high], first=low)
        if rng.random() < 0.7:
            rollups.settle()
    rollups.settle()
    minutes = reference(rows)
    for table, seconds in LEVELS.items():
        assert stored(history, table) == coarse(minutes, seconds), table


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
    assert [round(v * 1e9) for v in days["value"].to_pylist()] == [0, 200, 0, 400, 0]


def test_a_device_with_a_register_and_a_power_counts_once(history: ChdbHistory) -> None:
    rollups = RollUps(history)
    rows = [("A", "energy_register_kwh", i * 60_000, i * 10**9) for i in range(5)]
    rows += [("A", "power_kw", i * 60_000, 60 * 10**9) for i in range(5)]
    rows += [("A", "temperature_c", i * 60_000, 20 * 10**9) for i in range(5)]
    rows += [("B", "current_a", 0, 10**9), ("B", "power_kw", 0, 0)]
    keep(history, rollups, rows, first=0)
    rollups.settle()
    span = {"start_ms": T0 - 86_400_000, "end_ms": T0 + 86_400_000}
    assert history.query("top", by="kwh", n=3, **span)["kwh"].to_pylist() == [4.0, 0.0]
    assert history.query("totals", **span)["kwh"].to_pylist() == [4.0]
    heat = history.query("heatmap", zone="UTC", step_ms=3_600_000, by="kwh", n=3, **span)
    assert sum(heat["kwh"].to_pylist()) == 4.0
    for device, kwh in (("", [4.0]), ("A", [4.0]), ("B", [0.0])):
        steps = history.query("energy", device=device, step_ms=86_400_000, **span)
        assert steps["kwh"].to_pylist() == kwh, device


def test_a_power_beside_a_level_counts(history: ChdbHistory) -> None:
    rollups = RollUps(history)
    keep(history, rollups, [("A", "current_a", 0, 5), ("A", "power_kw", 0, 60 * 10**9)], first=0)
    rollups.settle()
    span = {"start_ms": T0 - 86_400_000, "end_ms": T0 + 86_400_000}
    assert history.query("totals", **span)["kwh"].to_pylist() == [15.0]  # held for 15 min
    assert history.query("top", by="kwh", n=1, **span)["kwh"].to_pylist() == [15.0]


def test_a_wrong_clock_does_not_disturb_the_others(history: ChdbHistory) -> None:
    rollups = RollUps(history)
    rows = [("A", "energy_kwh", i * 15_000, 5) for i in range(8)]
    years = [("B", "energy_kwh", y * 31_536_000_000, 7) for y in range(-20, 60, 4)]
    keep(history, rollups, rows + years, first=0)
    rollups.settle()
    assert stored(history, "rollup_1d") == coarse(reference(rows + years), 86_400)
