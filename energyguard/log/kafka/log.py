"""A Kafka cluster as a ``Log``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from types import MappingProxyType

from energyguard.clock import SYSTEM, Clock
from energyguard.errors import BehindRetention
from energyguard.log.contract import EARLIEST, LATEST, MAX_BYTES, Membership, Positions, Transaction
from energyguard.log.kafka.client import Properties
from energyguard.log.kafka.groups import KafkaMembership
from energyguard.log.kafka.reader import KafkaReader, OutOfReach, Readers
from energyguard.log.kafka.topics import KafkaTopics
from energyguard.log.kafka.writer import KafkaWriter
from energyguard.log.records import (
    Fetched,
    Records,
    TopicPartition,
    TransactionOutputs,
    split,
    topic_row,
)
from energyguard.telemetry import METRICS

PIECE_S = 0.05


class KafkaLog:
    """A log on Kafka; see ``Log`` for what it promises.

    An append of several records is not one transaction: one that fails may have been taken in
    part. Sent again, what is doubled is known as such.

    Args:
        servers: ``host:port``, several with commas between.
        clock: for the times of records.
        session_s: a member of a group silent for this long loses its partitions.
        options: more properties for every client, as librdkafka names them (log-in, TLS).
    """

    gapless = False  # a transaction's end has an offset of its own

    def __init__(
        self,
        servers: str,
        clock: Clock = SYSTEM,
        session_s: float = 10.0,
        options: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        properties: Properties = {**options, "bootstrap.servers": servers}
        self._place = f"kafka://{servers}"
        self._clock, self._session_s, self._options = clock, session_s, properties
        self._turn = count()
        self._catalog = KafkaTopics(self._place, properties)
        self._writer = KafkaWriter(self._place, properties)
        self._readers = Readers(self._place, properties)
        self._members: list[KafkaMembership] = []

    def append(self, topic: str, records: Records) -> Positions:
        """Append; return the next offset of each partition written. Durable on return."""
        parts = self._split(topic, records)
        ends = self._writer.append(topic, parts, self._clock.now_ms())
        METRICS["log_appends"].labels(topic).inc(len(records))
        return ends

    def read(
        self, at: Positions, limit: int, wait: float, room: int = MAX_BYTES
    ) -> Sequence[Fetched]:
        """Records from these positions on, at most ``limit``, waiting up to ``wait`` s.

        With ``wait`` 0 everything that is committed now is seen, as always.
        """
        if not at or limit <= 0:
            return []
        deadline = SYSTEM.monotonic() + wait
        try:
            with self._readers.connection(at) as reader:
                found = reader.fetch(limit, wait, room)
                while not found and SYSTEM.monotonic() < deadline:
                    found = reader.fetch(limit, max(0.0, deadline - SYSTEM.monotonic()), room)
                return found if found or wait > 0 else self._rest(reader, limit, room)
        except OutOfReach as gone:
            earliest = self._catalog.earliest([gone.at])[gone.at]
            raise BehindRetention(*gone.at, gone.wanted, earliest) from None

    def _rest(self, reader: KafkaReader, limit: int, room: int) -> list[Fetched]:
        """Nothing has come yet: is there really nothing?"""
        ends = self._catalog.latest(reader.at)
        until = SYSTEM.monotonic() + self._session_s
        while any(reader.at[at] < end for at, end in ends.items()) and SYSTEM.monotonic() < until:
            if found := reader.fetch(limit, PIECE_S, room):
                return found
        return []

    def join(self, group: str, topics: Sequence[str]) -> KafkaMembership:
        """Become a member of a group that reads topics; a name may end in ``*``."""
        for topic in topics:
            topic_row(topic.removesuffix("*"))
            if not topic.endswith("*"):
                self._catalog.made(topic)
        member = KafkaMembership(
            self._place, self._options, group, topics, self._session_s, self._catalog.committed
        )
        self._members.append(member)
        return member

    @contextmanager
    def transaction(self, membership: Membership) -> Iterator[Transaction]:
        """Outputs and positions in one commit when the block ends; nothing when it raises."""
        if not isinstance(membership, KafkaMembership):
            raise TypeError("a membership of another log")
        outputs = TransactionOutputs()
        yield outputs
        parts = [(topic, self._split(topic, records)) for topic, records in outputs.records]
        ends = membership.commit(parts, outputs.positions, self._clock.now_ms())
        self._catalog.until_visible(ends)
        for topic, records in outputs.records:
            METRICS["log_appends"].labels(topic).inc(len(records))

    def positions(self, topic: str, of: str) -> Positions:
        """Per partition: the earliest offset, the latest, or what a group has committed."""
        partitions = self._catalog.partitions(topic)
        if not partitions and not topic.endswith("*"):  # of a family, and not made yet
            return {TopicPartition(topic, n): 0 for n in range(topic_row(topic).partitions)}
        if of == EARLIEST:
            return self._catalog.earliest(partitions)
        if of == LATEST:
            return self._catalog.latest(partitions)
        return self._catalog.committed(of, partitions)

    def close(self) -> None:
        """Let go of connections; what is under way is sent first."""
        for member in self._members:
            member.leave()
        self._writer.close()
        self._readers.close()
        self._catalog.close()

    def _split(self, topic: str, records: Records) -> dict[int, Records]:
        partitions = self._catalog.made(topic)
        return split(records, partitions, self._turn) if len(records) else {}
