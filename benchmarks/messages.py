"""Readings as other people's producers send them: one a message, in Kafka; and alerts as read."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from energyguard.model.topics import ENERGY_ALERTS, ENERGY_READINGS, Topic

START = datetime(2025, 9, 6, tzinfo=UTC)
TICK = timedelta(seconds=15)
PARTITIONS = ENERGY_READINGS.partitions
LOUD = 50  # every fiftieth home is over both rules' levels all the time: 2 % of the windows
ANSWER_S = 60.0

SHAPES = {
    "csv": "{time},{home},{kwh}",
    "json": '{{"timestamp":"{time}","household_id":"{home}","energy_kwh":{kwh}}}',
}


def lines(readings: int, homes: int, shape: str, doubled: int = 0) -> Iterator[tuple[bytes, str]]:
    """Key and message of each reading, tick after tick; every ``doubled``-th comes twice."""
    rng = np.random.default_rng(11)
    quiet = [f"{kwh:.5f}" for kwh in rng.uniform(0.006, 0.012, 4096)]
    loud = [f"{kwh:.5f}" for kwh in rng.uniform(0.036, 0.044, 4096)]
    names = [f"H{home:04d}" for home in range(homes)]
    keys = [name.encode() for name in names]
    template = SHAPES[shape]
    for number in range(readings):
        tick, home = divmod(number, homes)
        if home == 0:
            time = (START + tick * TICK).strftime("%Y-%m-%dT%H:%M:%SZ")
        kwh = (quiet if home % LOUD else loud)[(number * 7919) % 4096]
        message = template.format(time=time, home=names[home], kwh=kwh)
        yield keys[home], message
        if doubled and number % doubled == 0:
            yield keys[home], message


def make_topics(bootstrap: str, *topics: Topic) -> None:
    """Topics with as many partitions as the product's."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    new = [NewTopic(topic.name, topic.partitions, 1) for topic in topics]
    for made in admin.create_topics(new).values():
        made.result(ANSWER_S)


def fill(bootstrap: str, messages: Iterator[tuple[bytes, str]]) -> int:
    """Make the topics of readings and alerts, and produce; gives how many messages."""
    make_topics(bootstrap, ENERGY_READINGS, ENERGY_ALERTS)
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "partitioner": "murmur2_random",
            "enable.idempotence": True,  # or what is sent again comes out of order
            "linger.ms": 50,
            "batch.size": 1_000_000,
            "compression.type": "lz4",
            "queue.buffering.max.messages": 1_000_000,
        }
    )
    many = 0
    for key, message in messages:
        while True:
            try:
                producer.produce(ENERGY_READINGS.name, message, key=key)
                break
            except BufferError:
                producer.poll(0.05)
        many += 1
        if many % 10_000 == 0:
            producer.poll(0)
    if producer.flush(ANSWER_S):
        raise SystemExit("the broker did not take all messages")
    return many


@cache
def _asker(bootstrap: str, group: str) -> Consumer:
    return Consumer({"bootstrap.servers": bootstrap, "group.id": group, "log_level": 0})


def committed(bootstrap: str, group: str) -> int:
    """How many messages of the topic of readings a group has committed as read."""
    places = [TopicPartition(ENERGY_READINGS.name, n) for n in range(PARTITIONS)]
    try:
        found = _asker(bootstrap, group).committed(places, ANSWER_S)
    except KafkaException:  # the group has just been made: its coordinator is not known yet
        return 0
    return sum(max(0, at.offset) for at in found)


def alerts(bootstrap: str) -> tuple[dict[str, bytes], float]:
    """What a careful reader finds in ``energy_alerts``, by id; and when the last was written."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": uuid.uuid4().hex,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_committed",
        }
    )
    consumer.assign([TopicPartition(ENERGY_ALERTS.name, n, 0) for n in range(PARTITIONS)])
    found: dict[str, bytes] = {}
    ends, last_ms = 0, 0
    while ends < PARTITIONS:
        for message in consumer.consume(10_000, 0.2):
            if message.error():
                ends += 1
                continue
            found[dict(message.headers() or ())["id"].decode()] = message.value() or b""
            last_ms = max(last_ms, message.timestamp()[1])
    consumer.close()
    return found, last_ms / 1000
