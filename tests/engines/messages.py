"""Messages in and out of a real Kafka, as any client of it has them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from energyguard.rules.registry import open_book
from energyguard.stream.engines.job import Job

ANSWER_S = 30
IN_ORDER = {"enable.idempotence": True}  # a topic is new, and what is sent again comes late


@dataclass(frozen=True)
class Topics:
    """Topics of one test, with names of their own."""

    bootstrap: str
    partitions: int = 4
    prefix: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:8]}")

    def __post_init__(self) -> None:
        names = (self.readings, self.alerts, self.letters)
        admin = AdminClient({"bootstrap.servers": self.bootstrap})
        new = [NewTopic(name, self.partitions, 1) for name in names]
        for made in admin.create_topics(new).values():
            made.result(ANSWER_S)

    @property
    def readings(self) -> str:
        return f"{self.prefix}.readings"

    @property
    def alerts(self) -> str:
        return f"{self.prefix}.alerts"

    @property
    def letters(self) -> str:
        return f"{self.prefix}.letters"

    def job(self, rule_id: str, folder: Path, **more: object) -> Job:
        """A job over these topics."""
        about: dict[str, Any] = {
            "rule": open_book((), ()).get(rule_id),
            "bootstrap": self.bootstrap,
            "readings": self.readings,
            "alerts": self.alerts,
            "dead_letters": self.letters,
            "checkpoint": folder,
        }
        return Job(**(about | more))

    def put(self, lines: Sequence[bytes | None], keyed: bool = True) -> None:
        """Send lines of CSV, each as a message; the household is the key."""
        client = {"bootstrap.servers": self.bootstrap, "partitioner": "murmur2_random"} | IN_ORDER
        producer = Producer(client)
        for line in lines:
            fields = (line or b"").split(b",")
            key = fields[1].strip(b' \t"') if keyed and len(fields) == 3 else None
            producer.produce(self.readings, line, key=key)
        assert producer.flush(ANSWER_S) == 0

    def records(self, topic: str) -> list[Message]:
        """Everything in a topic that is committed."""
        consumer = Consumer(
            {
                "bootstrap.servers": self.bootstrap,
                "group.id": uuid.uuid4().hex,
                "enable.partition.eof": True,
                "auto.offset.reset": "earliest",
                "isolation.level": "read_committed",
            }
        )
        consumer.assign([TopicPartition(topic, n, 0) for n in range(self.partitions)])
        found: list[Message] = []
        ends = 0
        while ends < self.partitions:
            for message in consumer.consume(10_000, 0.1):
                if message.error():
                    ends += 1
                else:
                    found.append(message)
        consumer.close()
        return found

    def windows(self) -> dict[str, bytes]:
        """The alert records by their ids; the key of each must be its household."""
        found: dict[str, bytes] = {}
        for message in self.records(self.alerts):
            id_ = dict(message.headers() or ())["id"].decode()
            household = (message.key() or b"").decode()
            assert id_.startswith("household-") and id_.split("/")[1] == household
            assert found.setdefault(id_, message.value() or b"") == message.value()
        return found
