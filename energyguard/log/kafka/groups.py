"""A member of a consumer group: the partitions that Kafka assigns, and transactions under them.

The member's consumer reads nothing: its partitions are paused, since records are read by position
(``reader.py``). It keeps the membership, and its generation fences the transactions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from uuid import uuid4

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka import TopicPartition as Place

from energyguard.clock import SYSTEM
from energyguard.errors import Fenced
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
from energyguard.log.records import Records, TopicPartition

Committed = Callable[[str, Iterable[TopicPartition]], dict[TopicPartition, int]]
Split = Mapping[int, Records]

JOIN_S = 5.0
"""How long to wait for the first partitions; a group in the middle of a change may need longer."""
SETTLED_S = 0.3
TRANSACTION_MS = 15_000
"""A transaction whose owner died holds up its readers for so long."""


class KafkaMembership:
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
        self._place, self._options, self._group = place, options, group
        self._committed = committed
        self._generation = 0
        self._assigned: dict[TopicPartition, int] = {}
        self._producer: Producer | None = None
        group_properties = {
            "group.id": group,
            "session.timeout.ms": int(session_s * 1000),
            "heartbeat.interval.ms": int(session_s * 1000 / 5),
            "partition.assignment.strategy": "cooperative-sticky",
        }
        self._consumer: Consumer | None = Consumer(client(options, READS, group_properties))
        self._consumer.subscribe(
            [_pattern(topic) for topic in topics],
            on_assign=self._given,
            on_revoke=self._taken,
            on_lost=self._taken,
        )
        until = SYSTEM.monotonic() + JOIN_S
        while not self._generation and SYSTEM.monotonic() < until:
            self._consumer.poll(0.05)

    @property
    def group(self) -> str:
        """The group's name."""
        return self._group

    @property
    def generation(self) -> int:
        """Grows with each change of this member's partitions."""
        return self._generation

    @property
    def assigned(self) -> Mapping[TopicPartition, int]:
        """The partitions owned now, each with the position that the group has committed."""
        return dict(self._assigned)

    def poll(self) -> bool:
        """Say that this member lives, and take changes of ownership: true if there was one."""
        before = self._generation
        if self._consumer is not None:
            with our_errors(self._place):
                self._consumer.poll(0)
        return self._generation != before

    def leave(self) -> None:
        """Give the partitions up at once."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            consumer.close()
        self._assigned = {}
        self._generation += 1

    def _given(self, consumer: Consumer, places: list[Place]) -> None:
        new = [TopicPartition(one.topic, one.partition) for one in places]
        positions = self._committed(self._group, new)
        consumer.incremental_assign([Place(*at, positions[at]) for at in new])
        consumer.pause(places)
        self._assigned.update(positions)
        self._generation += 1

    def _taken(self, consumer: Consumer, places: list[Place]) -> None:
        consumer.incremental_unassign(places)
        for one in places:
            self._assigned.pop(TopicPartition(one.topic, one.partition), None)
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
        lost = [at for at in positions if at not in self._assigned]
        if lost or self._consumer is None:
            raise Fenced(
                f"group {self._group!r}: this member does not own {lost[:3] or 'anything'}"
            )
        producer = self._transactional()
        try:
            producer.begin_transaction()
            sent = [produce(producer, topic, parts, now_ms) for topic, parts in outputs]
            if positions:
                places = [Place(*at, to) for at, to in positions.items()]
                metadata = self._consumer.consumer_group_metadata()
                producer.send_offsets_to_transaction(places, metadata, ANSWER_S)
            producer.commit_transaction(ANSWER_S)
        except KafkaException as error:
            self._give_up(producer, error.args[0])
            raise our_error(error.args[0], f"group {self._group!r}") from error
        self._assigned.update({at: to for at, to in positions.items() if at in self._assigned})
        return {at: end for delivery in sent for at, end in delivery.ends.items()}

    def _transactional(self) -> Producer:
        if self._producer is None:
            transactions = {
                "transactional.id": f"energyguard-{self._group}-{uuid4()}",
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
