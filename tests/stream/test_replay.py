"""The same readings replayed, shuffled, re-batched, re-partitioned, on other days: same windows."""

from __future__ import annotations

import io
import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from energyguard.codecs.records import pack
from energyguard.domains.household.homes import Homes
from energyguard.domains.household.lines import lines_of
from energyguard.log import EARLIEST, LATEST, Log, Records, open_log
from energyguard.model.readings import times_of
from energyguard.model.topics import ENERGY_ALERTS, ENERGY_READINGS, TIME
from energyguard.offline.evaluate import evaluate
from energyguard.rules.registry import open_book
from energyguard.settings.tree import StreamSettings
from energyguard.stream.runtime.outputs import Decision, decision_records
from energyguard.stream.runtime.worker import Worker
from energyguard.stream.windows.stage import window_worker
from energyguard.testing import MemoryLog
from tests.thorough import THOROUGH

RULES = ("household-demo", "household-prod")
TOPIC = ENERGY_READINGS.name
LATENESS_MS = 600_000
TICKS = np.arange(180) * 15_000
EVENING_MS = 1_757_178_000_000  # 2025-09-06T17:00:00Z
HOMES = Homes(count=8, seed=3)

Window = tuple[bytes | None, bytes | None, tuple[tuple[str, bytes], ...]]


@pytest.fixture(params=["memory", "file"])
def new_log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Log]]:
    """Makes empty logs."""
    made: list[Log] = []

    def make() -> Log:
        path = tmp_path / f"{len(made)}.db"
        made.append(MemoryLog() if request.param == "memory" else open_log(f"sqlite:///{path}"))
        return made[-1]

    yield make
    for log in made:
        log.close()


def append(log: Log, batch: pa.RecordBatch, sizes: Iterator[int], partitions: int) -> None:
    """Append in batches of these sizes; device number n goes to partition n modulo a count."""
    number = pa.compute.index_in(batch.column(0), HOMES.ids).to_numpy() % partitions
    start = 0
    while start < batch.num_rows:
        stop = min(start + next(sizes), batch.num_rows)
        part, where = batch.slice(start, stop - start), number[start:stop]
        values = [(p, pack(part.take(pa.array(np.flatnonzero(where == p))), 1)) for p in {*where}]
        log.append(
            TOPIC,
            Records(
                [None] * len(values),
                [packed[0][1] for _, packed in values],
                partitions=[int(p) for p, _ in values],
            ),
        )
        start = stop


def windows(log: Log) -> list[Window]:
    """All window alerts of a worker over a log whose partitions then end, in a fixed order."""
    worker = window_worker(log, open_book([], RULES), StreamSettings(idle="1h"), [TOPIC])
    work(worker)
    end_ms = EVENING_MS + int(TICKS[-1]) + 2 * LATENESS_MS + 900_000
    ends = [
        Decision(topic=at.topic, partition=at.partition, offset=offset, time=end_ms, end=True)
        for at, offset in log.positions(TOPIC, LATEST).items()
        if offset
    ]
    log.append(TIME.name, decision_records(ends))
    work(worker)
    at = dict(log.positions(ENERGY_ALERTS.name, EARLIEST))
    found: list[Window] = []
    while parts := log.read(at, 10_000, 0.0):
        for part in parts:
            found += zip(part.keys, part.values, part.headers, strict=True)
            at[part.at] = part.next_offset
    late = [task.counts["late"] for task in worker.tasks.values()]
    assert sum(late) == 0
    return sorted(found, key=lambda window: window[2])


def work(worker: Worker[Any, Any]) -> None:
    while worker.step():
        pass


def sizes_of(rng: random.Random, most: int) -> Iterator[int]:
    while True:
        yield rng.randint(1, most)


def test_one_log_many_ways(new_log: Callable[[], Log], request: pytest.FixtureRequest) -> None:
    """In time order, all at once, in one partition; then every other way.

    A file gives back what a memory gives (``LogContract``), so each has its own ways each time.
    """
    batch = HOMES.readings(EVENING_MS + TICKS)
    plain = new_log()
    append(plain, batch, sizes_of(random.Random(0), 10**6), 1)
    expected = windows(plain)
    assert len(expected) > 150
    assert {window[2][0][1].split(b"/")[0].decode() for window in expected} == {*RULES}
    rng = random.Random(11)
    ways = [
        (8, 100_000, LATENESS_MS // 2),
        (8, 700, LATENESS_MS),
        (1, 300, 0),
        (1, 2_000, LATENESS_MS),
        (3, 5_000, LATENESS_MS),
    ]
    if not THOROUGH:
        ways = ways[:2] if "file" in request.node.name else ways[2::2]
    for partitions, most, shuffle_ms in ways:
        delay = np.random.default_rng(partitions).uniform(0, shuffle_ms, batch.num_rows)
        order = np.argsort(times_of(batch) + delay, kind="stable")
        log = new_log()
        append(log, batch.take(pa.array(order)), sizes_of(rng, most), partitions)
        assert windows(log) == expected, (partitions, most, shuffle_ms)


def test_readings_that_come_twice_change_nothing(new_log: Callable[[], Log]) -> None:
    batch = HOMES.readings(EVENING_MS + TICKS)
    once, twice = new_log(), new_log()
    append(once, batch, sizes_of(random.Random(1), 900), 8)
    for start in range(0, batch.num_rows, 480):
        for _ in range(2):
            append(twice, batch.slice(start, 480), sizes_of(random.Random(2), 200), 8)
    assert windows(twice) == windows(once)


DAYS = {
    "an ordinary night": "2025-06-10T22:00:00",
    "clocks go forward in Berlin": "2025-03-29T22:00:00",
    "clocks go back in Berlin": "2025-10-25T22:00:00",
    "the year ends": "2025-12-31T22:00:00",
    "a leap day": "2024-02-28T22:00:00",
}


def over_night(start: datetime, rule: str, folder: Path) -> list[dict[str, object]]:
    """What `evaluate` says of the same six hours around 0:00 UTC, on another date."""
    shift_ms = int(start.timestamp() * 1000) - EVENING_MS
    batch = HOMES.readings(EVENING_MS + np.arange(0, 6 * 3_600_000, 15_000))
    moved = pa.array(times_of(batch) + shift_ms, pa.int64()).cast(batch.schema.field("time").type)
    place = batch.schema.get_field_index("time")
    path, out = folder / "readings.csv", io.BytesIO()
    path.write_bytes(
        b"timestamp,household_id,energy_kwh\n"
        + lines_of(batch.set_column(place, batch.schema.field("time"), moved))
    )
    evaluate(open_book([], RULES).get(rule), [path], out)
    rows = [msgspec.json.decode(line) for line in out.getvalue().splitlines()]
    for row in rows:
        for name in ("window_start", "window_end"):
            row[name] = datetime.fromisoformat(row[name] + "+00:00") - start
    return rows


@pytest.mark.parametrize("rule", RULES)
def test_clock_changes_and_midnight_move_nothing(
    rule: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = datetime(2025, 6, 10, 22, tzinfo=UTC)
    expected = over_night(start, rule, tmp_path)
    assert len(expected) > 100
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        assert datetime(2025, 7, 1).astimezone().utcoffset() == timedelta(hours=2)
        for name, text in DAYS.items():
            day = datetime.fromisoformat(text).replace(tzinfo=UTC)
            assert over_night(day, rule, tmp_path) == expected, name
    finally:
        monkeypatch.undo()
        time.tzset()
