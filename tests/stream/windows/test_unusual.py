"""Unusual use in the stream: as over a file, whoever works, stops or goes on."""

from __future__ import annotations

import io
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from energyguard.clock import ManualClock
from energyguard.codecs.records import pack
from energyguard.log import Log, Records
from energyguard.log.sqlite.log import SqliteLog
from energyguard.model.quantities import to_nano
from energyguard.model.readings import batch_of
from energyguard.offline.evaluate import TOPIC, evaluate
from energyguard.records.alerts import AlertEvent
from energyguard.rules.kinds.unusual import UnusualRule
from energyguard.rules.registry import RuleBook
from energyguard.settings.tree import StreamSettings
from energyguard.stream.runtime.worker import Worker
from energyguard.stream.windows.detector import detector_worker
from energyguard.topics import topic_named
from tests.rules.kinds.test_unusual import hourly, power
from tests.rules.lives import START, Row
from tests.stream.test_worker import work
from tests.stream.windows.test_detector import alerts_of

RULE = UnusualRule(id="unlike", channels=("energy_kwh",), alerts_a_week=to_nano("0.5"))
BOOK = RuleBook([RULE], [RULE.id])
CHUNK = 60


def rows() -> list[Row]:
    """Of four homes in some order within each hour."""
    homes = [hourly(power(n, 1.5 * (n % 2)), f"H{n}") for n in range(4)]
    return [row for hour in zip(*homes, strict=True) for row in hour]


def fill(log: Log, found: list[Row]) -> None:
    device, channel, second, value = zip(*found, strict=True)
    topic = topic_named(TOPIC)
    assert topic is not None
    times = [START + at * 1000 for at in second]
    batch = batch_of(device, channel, times, [to_nano(v) for v in value])
    packed = pack(batch, topic.partitions)
    values, partitions = [v for _, v in packed], [p for p, _ in packed]
    log.append(TOPIC, Records([None] * len(packed), values, partitions=partitions))


def over_a_file(folder: Path, found: list[Row]) -> list[AlertEvent]:
    path, out = folder / "homes.csv", io.BytesIO()
    lines = [f"{_spelled(second)},{device},{value}" for device, _, second, value in found]
    path.write_text("\n".join(["timestamp,household_id,energy_kwh", *lines]) + "\n")
    evaluate(BOOK.at_site(RULE.id), [path], out, episodes=True)  # as the stream decides it
    events = [msgspec.json.decode(line, type=AlertEvent) for line in out.getvalue().splitlines()]
    return sorted((e for e in events if e.rule == RULE.id), key=lambda event: event.device)


def _spelled(second: int) -> str:
    return f"{datetime.fromtimestamp(START / 1000 + second, UTC):%Y-%m-%dT%H:%M:%SZ}"


def test_the_stream_says_what_a_file_does_through_restarts_and_other_workers(
    tmp_path: Path,
) -> None:
    expected = over_a_file(tmp_path, rows())
    assert {event.device for event in expected} >= {"H1", "H3"}
    rng, clock = random.Random(5), ManualClock()
    log = SqliteLog(tmp_path / "log.db", clock)
    settings = StreamSettings(snapshot="1s", idle="1h", poll_readings=90)
    workers: list[Worker[Any, Any] | None] = [None, None]
    every = rows()
    for start in range(0, len(every), CHUNK):
        fill(log, every[start : start + CHUNK])
        for i in range(len(workers)):
            worker = workers[i]
            if worker is None and rng.random() < 0.5:
                worker = detector_worker(log, BOOK, settings, [TOPIC], clock)
            if worker is not None:
                for _ in range(rng.randrange(3)):
                    clock.sleep(rng.choice([0, 2]))
                    worker.step()
                if rng.random() < 0.3:
                    (worker.drain if rng.random() < 0.5 else worker.consumer.leave)()
                    worker = None
            workers[i] = worker
    for worker in workers:
        if worker is not None:
            worker.drain()
    work(detector_worker(log, BOOK, settings, [TOPIC], clock))
    assert alerts_of(log, RULE.id) == expected
    log.close()
