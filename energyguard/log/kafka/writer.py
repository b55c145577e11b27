"""Appends outside transactions: one idempotent producer for all threads of a process."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Event, Lock, Thread
from typing import Any

from confluent_kafka import KafkaError, Producer

from energyguard.clock import SYSTEM
from energyguard.errors import Overloaded, Unavailable
from energyguard.log.kafka.client import ANSWER_S, WRITES, Properties, client, our_error, our_errors
from energyguard.log.records import Records, TopicPartition


class Delivery:
    """What became of some records: the end that each partition has with them."""

    def __init__(self, topic: str, n: int) -> None:
        self._topic, self._left, self._lock = topic, n, Lock()
        self.done = Event()
        self.error: KafkaError | None = None
        self.ends: dict[TopicPartition, int] = {}

    def delivered(self, error: KafkaError | None, message: Any) -> None:
        """Take the broker's answer about one record."""
        with self._lock:
            if error is not None:
                self.error = error
            else:
                at = TopicPartition(self._topic, message.partition())
                self.ends[at] = max(self.ends.get(at, 0), message.offset() + 1)
            self._left -= 1
            if self._left <= 0:
                self.done.set()


def produce(producer: Producer, topic: str, parts: Mapping[int, Records], now_ms: int) -> Delivery:
    """Hand records to a producer, each to the partition that was chosen for it.

    Raises:
        Overloaded: its queue stays full.
    """
    delivery = Delivery(topic, sum(map(len, parts.values())))
    for partition, records in parts.items():
        n = len(records)
        times = records.timestamps_ms or [now_ms] * n
        headers = records.headers or [()] * n
        columns = zip(records.keys, records.values, times, headers, strict=True)
        for key, value, time, head in columns:
            _hand_over(
                producer, topic, value, key, partition=partition, timestamp=time,
                headers=list(head) or None, on_delivery=delivery.delivered,
            )  # fmt: skip
    return delivery


def _hand_over(producer: Producer, topic: str, *record: bytes | None, **more: Any) -> None:
    until = SYSTEM.monotonic() + ANSWER_S
    while True:
        try:
            producer.produce(topic, *record, **more)
        except BufferError:
            if SYSTEM.monotonic() > until:
                raise Overloaded(f"kafka: {topic}: too much is under way") from None
            producer.poll(0.05)
        else:
            return


class KafkaWriter:
    """A producer, and the thread that hears what became of its records."""

    def __init__(self, place: str, options: Properties) -> None:
        self._place, self._options = place, options
        self._lock = Lock()
        self._producer: Producer | None = None
        self._closed = Event()
        self._thread: Thread | None = None

    def append(
        self, topic: str, parts: Mapping[int, Records], now_ms: int
    ) -> dict[TopicPartition, int]:
        """Append; the next offset of each partition, once all in-sync replicas have it.

        Raises:
            Unavailable: not all was confirmed; what was sent may come again, and is known by it.
        """
        if not parts:
            return {}
        with our_errors(self._place):
            delivery = produce(self._started(), topic, parts, now_ms)
        if not delivery.done.wait(2 * ANSWER_S):
            raise Unavailable(f"{self._place}: {topic}: no answer; nobody knows what was taken")
        if delivery.error is not None:
            raise our_error(delivery.error, f"{self._place}: {topic}")
        return delivery.ends

    def _started(self) -> Producer:
        with self._lock:
            if self._closed.is_set():
                raise Unavailable(f"{self._place}: the log is closed")
            if self._producer is None:
                self._producer = Producer(client(self._options, WRITES))
                self._thread = Thread(
                    target=self._hear, args=(self._producer,), name="kafka-writer", daemon=True
                )
                self._thread.start()
            return self._producer

    def _hear(self, producer: Producer) -> None:
        while not self._closed.is_set():
            producer.poll(0.1)

    def close(self) -> None:
        """Send what is under way, and end the thread."""
        with self._lock:
            self._closed.set()
        if self._thread is not None and self._producer is not None:
            self._thread.join()
            self._producer.flush(ANSWER_S)
