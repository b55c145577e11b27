"""A member of a consumer group: the partitions that Kafka assigns, and transactions under them.

The member's consumer reads nothing: its partitions are paused, since records are read by position
(``reader.py``). It keeps the membership, and its generation fences the transactions. A thread keeps
up with the group for as long as the owner polls; a partition that is to go to another member goes
when the owner has polled, so that its state was let go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from threading import Event, Thread
from typing import Any
from uuid import uuid4

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka import TopicPartition as Place

from energyguard.clock import SYSTEM
from energyguard.errors import Fenced, Unavailable
from energyguard.log.kafka.client import (
    ANSWER_S,
    READS,
    WRITES,
    Properties,
    client,
    our_error,
    our_errors,
)
from energyguard.log.kafka.writer import produce
from energyguard.log.records import MemberState, Records, TopicPartition
from energyguard.telemetry import logger

_log = logger(__name__)

Committed = Callable[[str, Iterable[TopicPartition]], dict[TopicPartition, int]]
Split = Mapping[int, Records]

JOIN_S = 5.0
"""How long to wait for the first partitions; a group in the middle of a change may need longer."""
MORE_S = 0.25  # after a first answer without partitions: topics may be news to the group
POLL_S = 0.05
ATTEMPTS = 5
TRANSACTION_MS = 15_000
"""A transaction whose owner died holds up its readers for so long."""


class KafkaMembership(MemberState):
    """A member's place in a group."""

    def __init__(
        self,
        place: str,
        options: Properties,
        group: str,
        topics: Sequence[str],
        session_s: float,
        committed: Committed,
    ) -> None:
        super().__init__(group)
        self._place, self._options = place, options
        self._committed = committed
        self._session_s = session_s
        self._reported_generation = 0
        self._producer: Producer | None = None
        self._polled_s = SYSTEM.monotonic()
        self._polled, self._left = Event(), Event()
        self._joined = Event()
        self._identity: Any = None  # member and generation, as Kafka's own type
        group_properties = {
            "group.id": group,
            "session.timeout.ms": int(session_s * 1000),
            "max.poll.interval.ms": int(session_s * 1000),
            "heartbeat.interval.ms": int(session_s * 1000 / 5),
            "partition.assignment.strategy": "cooperative-sticky",
        }
        self._consumer = Consumer(client(options, READS, group_properties))
        self._patterns = [_pattern(topic) for topic in topics]
        with our_errors(place):
            self._consumer.list_topics(timeout=ANSWER_S)  # it assigns only what it knows of
        self._thread = Thread(target=self._keep_up, name=f"group-{group}", daemon=True)
        self._thread.start()
        until = SYSTEM.monotonic() + JOIN_S
        while not self._joined.wait(POLL_S) and SYSTEM.monotonic() < until:
            self._polled_s = SYSTEM.monotonic()
        until = SYSTEM.monotonic() + MORE_S
        while not self._assigned and SYSTEM.monotonic() < until:
            SYSTEM.sleep(POLL_S)
        self._reported_generation = self._generation

    def poll(self) -> bool:
        """Say that this member lives, and take changes of ownership: true if there was one."""
        self._polled_s = SYSTEM.monotonic()
        self._polled.set()
        before, self._reported_generation = self._reported_generation, self._generation
        return self._reported_generation != before

    def leave(self) -> None:
        """Give the partitions up at once."""
        if not self._left.is_set():
            self._left.set()
            self._polled.set()
            self._thread.join()
            self._consumer.close()
            self._assigned = {}
            self._generation += 1

    def _keep_up(self) -> None:
        """Take part in the group for as long as the owner polls; come back when it does again."""
        takes_part = False
        while not self._left.is_set():
            lives = SYSTEM.monotonic() - self._polled_s < self._session_s
            if lives and not takes_part:
                self._consumer.subscribe(
                    self._patterns,
                    on_assign=self._given,
                    on_revoke=self._on_revoke,
                    on_lost=self._taken,
                )
            elif takes_part and not lives:
                _log.warning("silent for too long: the partitions go to others", group=self.group)
                self._consumer.unsubscribe()
            takes_part = lives
            self._consumer.poll(POLL_S)
            self._identity = self._consumer.consumer_group_metadata()

    def _given(self, consumer: Consumer, places: list[Place]) -> None:
        new = [TopicPartition(place.topic, place.partition) for place in places]
        positions = self._positions(new)
        consumer.incremental_assign([Place(*at, positions[at]) for at in new])
        if places:
            consumer.pause(places)
        self._assigned.update(positions)
        self._identity = consumer.consumer_group_metadata()
        self._generation += 1
        self._joined.set()

    def _positions(self, new: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """What the group has committed of partitions, as soon as the brokers say."""
        while not self._left.is_set():
            try:
                return self._committed(self.group, new)
            except Unavailable as error:
                _log.warning("waiting for the group's positions", reason=str(error))
                self._left.wait(error.retry_after)
        return dict.fromkeys(new, 0)

    def _on_revoke(self, consumer: Consumer, places: list[Place]) -> None:
        silent = SYSTEM.monotonic() - self._polled_s >= self._session_s
        self._identity = consumer.consumer_group_metadata()  # until they go, they can be committed
        self._polled.clear()
        if places and not silent and not self._left.is_set():
            self._polled.wait(self._session_s / 2)
        self._taken(consumer, places)

    def _taken(self, consumer: Consumer, places: list[Place]) -> None:
        consumer.incremental_unassign(places)
        for place in places:
            self._assigned.pop(TopicPartition(place.topic, place.partition), None)
        self._generation += 1

    def commit(
        self,
        outputs: Sequence[tuple[str, Split]],
        positions: Mapping[TopicPartition, int],
        now_ms: int,
    ) -> dict[TopicPartition, int]:
        """Outputs and positions in one transaction; gives the ends of the outputs.

        Raises:
            Fenced: a partition is no longer this member's; nothing was written.
            Unavailable: the transaction was aborted, or nobody knows.
        """
        for attempt in range(ATTEMPTS):
            self._check(positions)
            try:
                ends = self._transact(outputs, positions, now_ms)
            except Fenced:  # another generation, in which the partitions may still be ours
                if attempt == ATTEMPTS - 1:
                    raise
                SYSTEM.sleep(2 * POLL_S)
            else:
                break
        self.remember(positions)
        return ends

    def _check(self, positions: Mapping[TopicPartition, int]) -> None:
        lost = [at for at in positions if at not in self._assigned]
        if lost or self._left.is_set():
            names = ", ".join(f"{at.topic}/{at.partition}" for at in lost[:3]) or "anything"
            raise Fenced(f"group {self.group!r}: this member no longer owns {names}")

    def _transact(
        self,
        outputs: Sequence[tuple[str, Split]],
        positions: Mapping[TopicPartition, int],
        now_ms: int,
    ) -> dict[TopicPartition, int]:
        producer = self._transactional()
        try:
            producer.begin_transaction()
            sent = [produce(producer, topic, parts, now_ms) for topic, parts in outputs]
            if positions:
                places = [Place(*at, to) for at, to in positions.items()]
                self._send_offsets(producer, places)
            producer.commit_transaction(ANSWER_S)
        except KafkaException as error:
            self._give_up(producer, error.args[0])
            raise our_error(error.args[0], f"group {self.group!r}") from error
        return {at: end for delivery in sent for at, end in delivery.ends.items()}

    def _send_offsets(self, producer: Producer, places: list[Place]) -> None:
        """Positions into the transaction, in a thread: the call forgets its time limit.

        librdkafka may wait for ever for a group's coordinator that is gone (its issue 5456). The
        producer that does is left alone; its transaction ends by its own time limit.

        Raises:
            Unavailable: no answer came in time.
        """
        failed: list[KafkaException] = []

        def send() -> None:
            try:
                producer.send_offsets_to_transaction(places, self._identity, ANSWER_S)
            except KafkaException as error:
                failed.append(error)

        sending = Thread(target=send, name=f"offsets-{self.group}", daemon=True)
        sending.start()
        sending.join(self._session_s)
        if sending.is_alive():
            self._producer = None
            raise Unavailable(f"group {self.group!r}: its coordinator is away; trying again")
        if failed:
            raise failed[0]

    def _transactional(self) -> Producer:
        if self._producer is None:
            transactions = {
                "transactional.id": f"energyguard-{self.group}-{uuid4()}",
                "transaction.timeout.ms": TRANSACTION_MS,
                "message.timeout.ms": TRANSACTION_MS,
            }
            self._producer = Producer(client(self._options, WRITES, transactions))
            with our_errors(self._place):
                self._producer.init_transactions(ANSWER_S)
        return self._producer

    def _give_up(self, producer: Producer, error: KafkaError) -> None:
        """Abort; a producer that cannot even do that is replaced by another one."""
        try:
            if error.fatal():
                raise KafkaException(error)
            producer.abort_transaction(ANSWER_S)
        except KafkaException:
            self._producer = None


def _pattern(topic: str) -> str:
    """A name as librdkafka takes it: a family is a regular expression."""
    return f"^{re.escape(topic[:-1])}.*" if topic.endswith("*") else topic
