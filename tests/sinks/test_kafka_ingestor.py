"""The ingestor on a real broker, beside a worker, with a sender that knows nothing of us."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event
from typing import TYPE_CHECKING

import numpy as np
import pytest

from energyguard.clock import SYSTEM
from energyguard.domains.building.floors import Building, new_counters
from energyguard.log import LATEST, Log, open_log
from energyguard.model.topics import BUILDING_READINGS, repartitioned
from energyguard.pipeline import INGESTOR
from energyguard.rules.registry import open_book
from energyguard.settings.tree import StreamSettings
from energyguard.sinks.ingestor import Ingestor
from energyguard.store.local import LocalStore
from energyguard.stream.windows.stage import window_worker
from tests.sinks.made import NOON_MS, contents

if TYPE_CHECKING:
    from deploy.kafka.brokers import Cluster

TOPIC = BUILDING_READINGS.name
PATIENCE_S = 60.0


@pytest.fixture
def log(kafka: Cluster) -> Iterator[Log]:
    made = open_log(f"kafka://{kafka.bootstrap}")
    made.positions(TOPIC, LATEST)
    yield made
    made.close()


def send(servers: str, messages: list[bytes]) -> None:
    """As system A's simulator does: no key, any partition."""
    from confluent_kafka import Producer

    producer = Producer({"bootstrap.servers": servers})
    for message in messages:
        producer.produce(TOPIC, message)
    assert producer.flush(PATIENCE_S) == 0


def until_read(log: Log, group: str, step: Iterator[object]) -> None:
    end = SYSTEM.monotonic() + PATIENCE_S
    while log.positions(TOPIC, group) != log.positions(TOPIC, LATEST):
        assert SYSTEM.monotonic() < end, "it was never read"
        next(step)


async def test_each_message_is_in_the_store_once_as_it_came(
    kafka: Cluster, log: Log, store: LocalStore
) -> None:
    messages, _ = Building().messages(NOON_MS + 30_000 * np.arange(100), new_counters())
    worker = window_worker(log, open_book([], []), StreamSettings(), [TOPIC])
    send(kafka.bootstrap, messages)
    until_read(log, "worker", iter(lambda: worker.step(0.1), None))
    worker.drain()
    packed = sum(log.positions(repartitioned(TOPIC), LATEST).values())
    assert packed > 0  # by the worker, for everybody who needs a device in one partition
    assert sum(log.positions(TOPIC, LATEST).values()) == len(messages)  # nothing of ours is there
    ingestor = Ingestor(log, store)
    end = SYSTEM.monotonic() + PATIENCE_S
    while log.positions(TOPIC, INGESTOR.group) != log.positions(TOPIC, LATEST):
        assert SYSTEM.monotonic() < end, "it was never read"
        await ingestor.step(Event(), 0.1)
    ingestor.consumer.leave()
    rows = await contents(store)
    assert sorted(row.value or b"" for row in rows) == sorted(messages)
