"""A device is silent by its own rhythm: three usual steps, and ``stream.silent`` at least."""

from __future__ import annotations

import csv
import gzip
import random
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest

from energyguard.model.alerts import State
from energyguard.model.readings import ReadingBatch, batch_from, batch_of
from energyguard.records.alerts import AlertEvent
from energyguard.stream.windows.operator import WindowOperator
from energyguard.stream.windows.snapshot import dump, load
from tests.stream.test_windows import START, rule

CASES = Path(__file__).parents[1] / "cases" / "meters"
MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
Row = tuple[str, int]


def every(device: str, step_ms: int, until_ms: int, since_ms: int = 0) -> list[Row]:
    return [(device, START + t) for t in range(since_ms, until_ms, step_ms)]


def batch(rows: list[Row]) -> ReadingBatch:
    device, time = zip(*rows, strict=True)
    return batch_from(batch_of(device, "energy_kwh", time, [1] * len(rows)))


def silences(rows: list[Row], cuts: list[int] | None = None) -> list[AlertEvent]:
    """What a partition says of silences; at each cut a snapshot is restored."""
    windows = WindowOperator("replay.t", [rule(900_000, 10**15)])
    found: list[AlertEvent] = []
    kept: dict[str, bytes] = {}
    for a, b in pairwise([0, *(cuts or range(500, len(rows), 500)), len(rows)]):
        found += windows.process(batch(rows[a:b])).events
        if cuts is not None:
            saved = kept | windows.snapshot()
            kept = {name: data for name, data in saved.items() if data is not None}
            windows = WindowOperator("replay.t", [rule(900_000, 10**15)])
            windows.restore(kept)
    return [event for event in found if event.rule == "silence"]


def of(rows: list[Row], device: str) -> list[tuple[State, int]]:
    return [(e.state, e.time_ms - START) for e in silences(in_order(rows)) if e.device == device]


def in_order(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row[1], row[0]))


def test_slow_meters_among_fast_ones_are_not_silent() -> None:
    with gzip.open(CASES / "case57_slow_among_fast.csv.gz", "rt") as lines:
        table = list(csv.DictReader(lines))
    times = [datetime.fromisoformat(row["timestamp"]).timestamp() for row in table]
    rows = [(row["device"], int(s * 1000)) for row, s in zip(table, times, strict=True)]
    assert silences(rows) == []


@pytest.mark.parametrize("minutes", [15, 30, 60, 120, 1440])
def test_a_slow_meter_is_not_silent_between_its_readings(minutes: int) -> None:
    until = max(DAY_MS // 2, 5 * minutes * MINUTE_MS)
    rows = every("slow", minutes * MINUTE_MS, until) + every("fast", 5 * MINUTE_MS - 1, until)
    assert of(rows, "slow") == []


def test_an_outage_of_an_hourly_meter_is_noticed_after_three_hours() -> None:
    rows = every("hourly", HOUR_MS, 12 * HOUR_MS) + every("fast", MINUTE_MS, 20 * HOUR_MS)
    assert of(rows, "hourly") == [(State.UNKNOWN, 14 * HOUR_MS)]
    back = [*rows, ("hourly", START + 18 * HOUR_MS)]
    assert of(back, "hourly")[1:] == [(State.RESOLVED, 18 * HOUR_MS)]


def test_a_fast_device_is_silent_after_the_setting() -> None:
    rows = every("fast", 15_000, 600_000) + every("other", MINUTE_MS, HOUR_MS)
    assert of(rows, "fast") == [(State.UNKNOWN, 585_000 + 300_000)]


def test_a_pause_does_not_change_the_rhythm() -> None:
    rows = every("fast", 15_000, 600_000) + every("fast", 15_000, 2_700_000, 2_400_000)
    rows += every("other", MINUTE_MS, 2 * HOUR_MS)
    states = [state for state, _ in of(rows, "fast")]
    assert states == [State.UNKNOWN, State.RESOLVED, State.UNKNOWN]


@pytest.mark.parametrize("times", [1, 2])
def test_who_sent_once_or_twice_is_noticed_a_day_later(times: int) -> None:
    rows = every("new", 15_000, 15_000 * times) + every("other", 10 * MINUTE_MS, 30 * HOUR_MS)
    rows += every("third", 10 * MINUTE_MS, 30 * HOUR_MS)
    assert of(rows, "new") == [(State.UNKNOWN, 26 * HOUR_MS + 15_000 * (times - 1))]


def test_old_news_of_a_silent_device_leaves_its_silence_as_it_is() -> None:
    """The silence that ends is the one that began: one alert, not two."""
    rows = in_order(every("A", 15_000, 600_000) + every("B", MINUTE_MS, HOUR_MS))
    rows += [("A", START + 900_000), ("B", START + HOUR_MS), ("A", START + HOUR_MS + 1)]
    found = [(e.id, e.state) for e in silences(rows) if e.device == "A"]
    assert [state for _, state in found] == [State.UNKNOWN, State.RESOLVED]
    assert len({alert for alert, _ in found}) == 1


@pytest.mark.parametrize("seed", range(4))
def test_batch_borders_and_restarts_decide_nothing(seed: int) -> None:
    rng = random.Random(seed)
    rows: list[tuple[int, Row]] = []
    for device in range(5):
        time = START
        step = rng.choice([15_000, MINUTE_MS, 15 * MINUTE_MS, HOUR_MS])
        while time < START + 30 * HOUR_MS and len(rows) < 400 * (device + 1):
            time += step + rng.randrange(-2_000, 2_000)
            if rng.random() < 0.02:
                time += rng.choice([600_000, 4 * HOUR_MS])
            if rng.random() < 0.01:
                step = rng.choice([15_000, 10 * MINUTE_MS])
            late = rng.choice([0, 0, 0, rng.randrange(9 * MINUTE_MS), 2 * HOUR_MS])
            rows.append((time + late, (f"D{device}", time)))
    log = [row for _, row in sorted(rows)]
    whole = silences(log)
    assert len(whole) > 10
    for size in (1, 7, 60):
        places = range(1, len(log)) if size == 1 else sorted(rng.sample(range(1, len(log)), size))
        parts = silences(log, list(places)[:60])
        assert parts == whole


def test_a_snapshot_from_before_rhythms_were_known_is_read() -> None:
    windows = WindowOperator("replay.t", [rule(900_000, 10**15)])
    rows = in_order(every("A", 15_000, 600_000) + every("B", MINUTE_MS, HOUR_MS))
    windows.process(batch(rows))
    parts = {name: data or b"" for name, data in windows.snapshot().items()}
    names, heard, since, _ = load(parts["devices"])
    parts["devices"] = dump([names, heard, since > 0])
    later = WindowOperator("replay.t", [rule(900_000, 10**15)])
    later.restore(parts)
    back = [("A", HOUR_MS), *(("B", HOUR_MS + k * MINUTE_MS) for k in range(10))]
    events = later.process(batch([(device, START + time) for device, time in back])).events
    assert [(e.device, e.state) for e in events] == [("A", State.RESOLVED)]
