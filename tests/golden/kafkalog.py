"""The topics of a real Kafka as any client sees them: read and written without the product."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import uuid4

from tests.golden.logfile import Message, Stored

TIMEOUT_S = 30.0


class KafkaWatch:
    """Puts messages into topics, and looks at what is in them; of transactions the committed."""

    def __init__(self, servers: str, outputs: Sequence[str]) -> None:
        from confluent_kafka import Consumer

        self._outputs = outputs
        self._servers = servers
        self._put: dict[tuple[str, int], int] = {}
        self._consumer = Consumer(self._settings(uuid4().hex))

    def _settings(self, group: str) -> dict[str, Any]:
        return {
            "bootstrap.servers": self._servers,
            "group.id": group,
            "isolation.level": "read_committed",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
        }

    def places(self, topics: Iterable[str]) -> list[Any]:
        """The partitions of topics; of one that is not there yet, none."""
        from confluent_kafka import TopicPartition

        there = self._consumer.list_topics(timeout=TIMEOUT_S).topics
        return [TopicPartition(t, p) for t in topics if t in there for p in there[t].partitions]

    def put(self, topic: str, messages: Sequence[Message], at_ms: int) -> None:
        """Append, each to its partition or by its key."""
        from confluent_kafka import Producer

        settings = {"bootstrap.servers": self._servers, "partitioner": "murmur2_random"}
        producer = Producer(settings)
        for one in messages:
            to = {} if one.partition is None else {"partition": one.partition}
            producer.produce(
                topic, one.value, one.key, timestamp=at_ms, on_delivery=self._is_there, **to
            )
        assert producer.flush(TIMEOUT_S) == 0

    def _is_there(self, error: object, message: Any) -> None:
        assert error is None, error
        place = message.topic(), message.partition()
        self._put[place] = max(self._put.get(place, 0), message.offset() + 1)

    def is_read(self, group: str, topic: str) -> bool:
        """Whether a group has committed all that was put into a topic here."""
        from confluent_kafka import Consumer, TopicPartition

        ends = {place: end for place, end in self._put.items() if place[0] == topic}
        asker = Consumer(self._settings(group))
        try:
            found = asker.committed([TopicPartition(*place) for place in ends], timeout=TIMEOUT_S)
        finally:
            asker.close()
        return all(at.offset >= ends[at.topic, at.partition] for at in found)

    def ends(self) -> dict[tuple[str, int], int]:
        """Of each partition of the outputs the next offset to be written."""
        return {
            (at.topic, at.partition): self._consumer.get_watermark_offsets(at, TIMEOUT_S)[1]
            for at in self.places(self._outputs)
        }

    def records(self, topics: Iterable[str]) -> list[Stored]:
        """All records of topics, by partition in the order of their offsets."""
        from confluent_kafka import KafkaError

        places = self.places(topics)
        for at in places:
            at.offset = 0
        self._consumer.assign(places)
        left, found = {(at.topic, at.partition) for at in places}, []
        while left:
            messages = self._consumer.consume(500, TIMEOUT_S)
            assert messages, f"nothing more comes from {sorted(left)}"
            for one in messages:
                if one.error() is None:
                    found.append(_stored(one))
                else:
                    assert one.error().code() == KafkaError._PARTITION_EOF, one.error()
                    left.discard((one.topic(), one.partition()))
        return sorted(found, key=lambda one: (one.topic, one.partition, one.offset))

    def close(self) -> None:
        self._consumer.close()


def _stored(message: Any) -> Stored:
    headers = tuple((name, value or b"") for name, value in message.headers() or ())
    return Stored(
        message.topic(), message.partition(), message.offset(), message.key(), message.value(),
        headers, message.timestamp()[1],
    )  # fmt: skip
