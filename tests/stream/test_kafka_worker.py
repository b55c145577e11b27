"""The worker on a real broker, between producers and consumers that know nothing of us."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from energyguard.clock import SYSTEM
from energyguard.domains.household.homes import Homes
from energyguard.domains.household.simulate import Run, write_csv
from energyguard.log import LATEST, Log, open_log
from energyguard.model.topics import (
    DEAD_LETTERS,
    ENERGY_ALERTS,
    ENERGY_READINGS,
    TIME,
    repartitioned,
)
from energyguard.offline.evaluate import evaluate
from energyguard.rules.registry import open_book
from energyguard.settings.tree import StreamSettings
from energyguard.stream.engines import flink_tables
from energyguard.stream.runtime.outputs import Decision, decision_records
from energyguard.stream.windows.stage import window_worker

if TYPE_CHECKING:
    from deploy.kafka.brokers import Cluster

START_MS = 1_757_178_000_000  # 17:00 UTC: the evening peak
BAD = b"2025-09-06T17:00:00Z,H001,-101"
PATIENCE_S = 60.0
TOPICS = (ENERGY_READINGS.name, repartitioned(ENERGY_READINGS.name))


@pytest.fixture
def lines() -> list[bytes]:
    """Half an hour of five homes as system C's messages."""
    out = io.BytesIO()
    homes = Homes(count=5, tick_seconds=15, jitter_pct=10, seed=3, profile="listed")
    write_csv(Run(homes=homes, start_ms=START_MS, ticks=120), out, Event())
    return out.getvalue().splitlines()


@pytest.fixture
def log(kafka: Cluster) -> Iterator[Log]:
    made = open_log(f"kafka://{kafka.bootstrap}")
    yield made
    made.close()


def send(servers: str, lines: list[bytes], keyed: bool) -> None:
    """Messages of any client: one reading each; the household as key, or none, in turn."""
    from confluent_kafka import Producer

    producer = Producer({"bootstrap.servers": servers, "enable.idempotence": True})
    for n, line in enumerate(lines):
        to: dict[str, Any] = {"key": line.split(b",")[1]} if keyed else {"partition": n % 8}
        producer.produce(ENERGY_READINGS.name, line, **to)
    assert producer.flush(PATIENCE_S) == 0


def received(servers: str, topic: str, many: int) -> list[Any]:
    """What any client reads of a topic."""
    from confluent_kafka import Consumer

    consumer = Consumer(
        {
            "bootstrap.servers": servers,
            "group.id": uuid4().hex,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
        }
    )
    consumer.subscribe([topic])
    until = SYSTEM.monotonic() + PATIENCE_S
    found: list[Any] = []
    while len(found) < many and SYSTEM.monotonic() < until:
        found += [message for message in consumer.consume(many, 0.5) if not message.error()]
    found += [message for message in consumer.consume(many, 0.5) if not message.error()]
    consumer.close()
    return found


PLAIN_CLIENT = """
import sys
from kafka import KafkaConsumer
where = {"bootstrap_servers": sys.argv[1], "auto_offset_reset": "earliest"}
for message in KafkaConsumer(sys.argv[2], consumer_timeout_ms=5000, **where):
    sys.stdout.buffer.write(message.value + b"\\n")
"""


def received_plainly(servers: str, topic: str) -> list[bytes]:
    """What kafka-python reads, a client in Python alone that knows no compression but gzip."""
    if not flink_tables.PYTHON.exists():
        pytest.skip("no kafka-python: run `make engines`")
    words = [str(flink_tables.PYTHON), "-c", PLAIN_CLIENT, servers, topic]
    return subprocess.run(words, check=True, stdout=subprocess.PIPE, timeout=60).stdout.splitlines()


def caught_up(log: Log) -> bool:
    return all(log.positions(t, "worker") == log.positions(t, LATEST) for t in TOPICS)


@pytest.mark.parametrize("keyed", [True, False], ids=["keyed", "keyless"])
def test_messages_of_other_clients_become_alerts(
    kafka: Cluster, log: Log, lines: list[bytes], tmp_path: Path, keyed: bool
) -> None:
    book = open_book([], ["household-demo"])
    (tmp_path / "readings.csv").write_bytes(b"\n".join(lines))
    wanted = io.BytesIO()
    evaluate(book.get("household-demo"), [str(tmp_path / "readings.csv")], wanted)
    expected = wanted.getvalue().splitlines()
    assert expected

    worker = window_worker(log, book, StreamSettings(), TOPICS)
    send(kafka.bootstrap, [*lines, BAD], keyed)
    until = SYSTEM.monotonic() + PATIENCE_S
    while not caught_up(log) and SYSTEM.monotonic() < until:
        worker.step(0.1)
    ends = {at: to for topic in TOPICS for at, to in log.positions(topic, LATEST).items()}
    end_ms = START_MS + 86_400_000  # the input ends: every window closes
    decisions = [
        Decision(topic=at.topic, partition=at.partition, offset=to, time=end_ms, end=True)
        for at, to in ends.items()
    ]
    log.append(TIME.name, decision_records(decisions))
    worker.step()
    worker.drain()

    alerts = received(kafka.bootstrap, ENERGY_ALERTS.name, len(expected))
    assert sorted(message.value() for message in alerts) == sorted(expected)
    assert len({dict(message.headers())["id"] for message in alerts}) == len(alerts)
    assert sorted(received_plainly(kafka.bootstrap, ENERGY_ALERTS.name)) == sorted(expected)
    (letter,) = received(kafka.bootstrap, DEAD_LETTERS.name, 1)
    assert letter.value() == BAD
    assert dict(letter.headers())["field"] == b"energy_kwh"
    public = received(kafka.bootstrap, ENERGY_READINGS.name, len(lines) + 1)
    assert sorted(message.value() for message in public) == sorted([*lines, BAD])
