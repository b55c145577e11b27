"""Messages without a key, in any partition: packed anew per device, and none of them late."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from energyguard.codecs.assembly import DefaultLimits
from energyguard.codecs.formats import decode
from energyguard.codecs.records import PACKED_ANEW, pack, read_settled
from energyguard.domains.household.homes import Homes
from energyguard.domains.household.simulate import Run, write_csv
from energyguard.log import EARLIEST, LATEST, Fetched, Log, Records, open_log
from energyguard.model.topics import (
    DEAD_LETTERS,
    ENERGY_ALERTS,
    ENERGY_READINGS,
    LATE,
    TIME,
    repartitioned,
)
from energyguard.offline.evaluate import evaluate
from energyguard.pipeline import WINDOWS
from energyguard.rules.registry import open_book
from energyguard.settings.tree import StreamSettings
from energyguard.stream.runtime.outputs import Decision, decision_records
from energyguard.stream.runtime.worker import Worker
from energyguard.stream.windows.stage import window_worker

TOPIC = ENERGY_READINGS.name
TOPICS = (TOPIC, repartitioned(TOPIC))
START_MS = 1_757_163_600_000
HOMES, TICKS = 6, 720  # three hours, 13:00 to 16:00 UTC
END_MS = START_MS + 86_400_000
RULE = "household-demo"


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    out = io.BytesIO()
    homes = Homes(count=HOMES, tick_seconds=15, jitter_pct=10, seed=3, profile="listed")
    write_csv(Run(homes=homes, start_ms=START_MS, ticks=TICKS), out, Event())
    return out.getvalue().splitlines()


@pytest.fixture(scope="module")
def expected(lines: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    file = tmp_path_factory.mktemp("wanted") / "readings.csv"
    file.write_bytes(b"\n".join(lines))
    wanted = io.BytesIO()
    evaluate(open_book([], [RULE]).get(RULE), [str(file)], wanted)
    found = wanted.getvalue().splitlines()
    assert len(found) > 500
    return sorted(found)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    made = open_log(f"sqlite:///{tmp_path}/log.db")
    yield made
    made.close()


def scattered(log: Log, lines: Sequence[bytes], weights: Sequence[int], seed: int = 1) -> None:
    """Each line into some partition, in the order in which they were sent."""
    chosen = random.Random(seed).choices(range(len(weights)), weights, k=len(lines))
    for start in range(0, len(lines), 1_000):
        part = lines[start : start + 1_000]
        places = chosen[start : start + 1_000]
        log.append(TOPIC, Records([None] * len(part), part, partitions=places))


def worker_of(log: Log, readings: int = 65_536) -> Worker[Any, Any]:
    book = open_book([], [RULE])
    return window_worker(log, book, StreamSettings(poll_readings=readings), TOPICS)


def caught_up(log: Log) -> bool:
    return all(log.positions(t, WINDOWS.group) == log.positions(t, LATEST) for t in TOPICS)


def end(log: Log, *workers: Worker[Any, Any]) -> None:
    """The input ends: every window closes."""
    decisions = [
        Decision(topic=at.topic, partition=at.partition, offset=to, time=END_MS, end=True)
        for topic in TOPICS
        for at, to in log.positions(topic, LATEST).items()
    ]
    log.append(TIME.name, decision_records(decisions))
    for worker in workers:
        worker.step()
        worker.drain()


def records(log: Log, topic: str) -> Iterator[Fetched]:
    at = dict(log.positions(topic, EARLIEST))
    while parts := log.read(at, 10_000, 0):
        at |= {part.at: part.next_offset for part in parts}
        yield from parts


def values(log: Log, topic: str) -> list[bytes | None]:
    return [value for part in records(log, topic) for value in part.values]


@pytest.mark.each_value
@pytest.mark.parametrize("weights", [[1] * 8, [90, 1, 1, 1, 1, 1, 1, 1], [1, 0, 0, 0, 0, 0, 0, 9]])
@pytest.mark.parametrize("readings", [200, 65_536])
def test_a_backlog_gives_the_alerts_of_the_same_file(
    log: Log, lines: list[bytes], expected: list[bytes], weights: list[int], readings: int
) -> None:
    scattered(log, lines, weights)
    worker = worker_of(log, readings)
    while not caught_up(log):
        worker.step()
    end(log, worker)
    assert sorted(v for v in values(log, ENERGY_ALERTS.name) if v) == expected
    assert not values(log, LATE.name)


def test_workers_share_the_partitions(log: Log, lines: list[bytes], expected: list[bytes]) -> None:
    workers = [worker_of(log, 500) for _ in range(2)]
    while not all(0 < len(worker.tasks) < 16 for worker in workers):
        for worker in workers:
            worker.step(0.1)
    scattered(log, lines, [1, 2, 3, 4, 5, 6, 7, 8])
    while not caught_up(log):
        for worker in workers:
            worker.step(0.01)
    end(log, *workers)
    assert sorted(v for v in values(log, ENERGY_ALERTS.name) if v) == expected


def test_one_that_falls_has_doubled_and_lost_nothing(
    log: Log, lines: list[bytes], expected: list[bytes]
) -> None:
    scattered(log, lines, [5, 1, 1, 1, 1, 1, 1, 1])
    first = worker_of(log, 300)
    for _ in range(10):
        first.step()
    assert not caught_up(log)
    first.consumer.leave()  # without a word about its state
    second = worker_of(log)
    while not caught_up(log):
        second.step()
    end(log, second)
    assert sorted(v for v in values(log, ENERGY_ALERTS.name) if v) == expected
    assert not values(log, LATE.name)


def test_what_is_plausible_is_a_setting(log: Log) -> None:
    much = b"2025-09-06T13:00:00Z,H001,250"
    for limit, letters in ((100.0, [much]), (300.0, [])):
        topic = f"replay.up-to-{limit:.0f}"
        worker = window_worker(
            log, open_book([], [RULE]), StreamSettings(), [topic], plausible=DefaultLimits(limit)
        )
        before = len(values(log, DEAD_LETTERS.name))
        log.append(topic, Records([b"H001"], [much]))
        while log.positions(topic, WINDOWS.group) != log.positions(topic, LATEST):
            worker.step()
        worker.drain()
        assert values(log, DEAD_LETTERS.name)[before:] == letters


def test_every_reading_is_seen_once_by_those_who_follow(log: Log, lines: list[bytes]) -> None:
    bad = b"2025-09-06T13:00:00Z,H001,-101"
    scattered(log, [*lines[:600], bad], [1] * 8)
    worker = worker_of(log)
    while not caught_up(log):
        worker.step()
    parts = [read_settled(p.keys, p.values) for topic in TOPICS for p in records(log, topic)]
    assert sum(part.readings.num_rows for part in parts) == 600
    assert values(log, DEAD_LETTERS.name) == [bad]


def test_a_public_topic_holds_what_its_senders_wrote_and_nothing_of_ours(
    log: Log, lines: list[bytes]
) -> None:
    scattered(log, lines[:600], [1] * 8)
    worker = worker_of(log)
    while not caught_up(log):
        worker.step()
    assert sorted(v for v in values(log, TOPIC) if v) == sorted(lines[:600])
    assert all(part.headers for part in records(log, repartitioned(TOPIC)))


def test_what_an_older_worker_packed_into_the_public_topic_is_still_read(
    log: Log, lines: list[bytes], expected: list[bytes]
) -> None:
    """A folder of the version before: half of the readings lie packed in the topic itself."""
    half = len(lines) // 2
    for start in range(0, half, 500):
        _, decoded = decode(b"\n".join(lines[start : min(start + 500, half)]), "csv")
        packed = pack(decoded.batch, ENERGY_READINGS.partitions)
        places, made = [place for place, _ in packed], [value for _, value in packed]
        old = Records([None] * len(made), made, [PACKED_ANEW] * len(made), partitions=places)
        log.append(TOPIC, old)
    worker = worker_of(log)
    while not caught_up(log):
        worker.step()
    end(log, worker)
    found = {v for v in values(log, ENERGY_ALERTS.name) if v}
    assert found and found < set(expected)
