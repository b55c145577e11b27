"""Topics made with the settings of the table, and where their partitions begin and end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from threading import Lock
from typing import Any

from confluent_kafka import (
    Consumer,
    IsolationLevel,
    KafkaError,
    KafkaException,
)
from confluent_kafka import TopicPartition as Place
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec

from energyguard.clock import SYSTEM
from energyguard.errors import ConfigError, Unavailable
from energyguard.log.kafka.client import (
    ANSWER_S,
    READS,
    Properties,
    client,
    our_error,
    our_errors,
    patiently,
)
from energyguard.log.records import TopicPartition, matches, topic_row
from energyguard.model.topics import Topic
from energyguard.topics import TOPICS

Partitions = Iterable[TopicPartition]
Offsets = dict[TopicPartition, int]

COPIES = 3
SETTLED_S = 40.0
"""A position is settled when its transaction is: a dead owner's after 25 s."""
RETRY_S = 1.0
"""A question goes to a coordinator or a leader, which may be dead, and another one by then."""


class KafkaTopics:
    """What topics there are. A topic of the table is made on first use."""

    def __init__(self, place: str, options: Properties) -> None:
        self._place = place
        self._admin = AdminClient(client(options))
        self._options = options
        self._askers: dict[str, Consumer] = {}
        """By group; none joins its group. The client for administration would do, but its native
        part crashes the process when a group's coordinator moves."""
        self._lock = Lock()
        self._partitions: dict[str, int] = {}

    def close(self) -> None:
        """Let go of the connections that asked for groups' positions."""
        with self._lock:
            askers, self._askers = self._askers, {}
        for asker in askers.values():
            asker.close()

    def made(self, name: str) -> int:
        """How many partitions a topic has; it is made where it is not there yet.

        Raises:
            NotFound: the table has no such topic.
            ConfigError: it is there, with another number of partitions than the table says.
        """
        row = topic_row(name)
        with self._lock:
            if name not in self._partitions:
                self._make(name)
            have = self._partitions[name]
        if have != row.partitions:
            raise ConfigError(
                f"{self._place}: topic {name!r} has {have} partitions, and must have "
                f"{row.partitions}: add partitions, or let EnergyGuard make it anew"
            )
        return have

    def _make(self, name: str) -> None:
        """Make what the table has and the broker has not: all fixed topics, and this one."""
        there, brokers = self._look()
        fixed = [row.name for row in TOPICS if not row.name.endswith("*")]
        missing = [topic for topic in dict.fromkeys([*fixed, name]) if topic not in there]
        copies = min(COPIES, brokers)
        new = [
            NewTopic(t, topic_row(t).partitions, copies, config=_config(t, copies)) for t in missing
        ]
        for made in self._admin.create_topics(new).values() if new else ():
            try:
                made.result(ANSWER_S)
            except KafkaException as error:
                if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                    with our_errors(self._place):
                        raise
        until = SYSTEM.monotonic() + ANSWER_S
        while missing and SYSTEM.monotonic() < until:  # until every broker knows of them
            there, _ = self._look()
            missing = [entry for entry in missing if entry not in there]
        self._partitions.update({t: n for t, n in there.items() if t in (*fixed, name)})
        if name not in self._partitions:
            raise Unavailable(f"{self._place}: topic {name!r} was made, and is not there yet")

    def _look(self) -> tuple[dict[str, int], int]:
        """The topics that can be used, each with its partitions, and how many brokers.

        A broker that is away now still has copies of some topic: it counts.
        """
        try:
            found = self._admin.list_topics(timeout=ANSWER_S)
        except KafkaException as error:
            self._admin.poll(0)  # a log-in that was refused is told here only
            raise our_error(error.args[0], self._place) from error
        topics = {
            name: len(entry.partitions)
            for name, entry in found.topics.items()
            if entry.partitions and all(part.leader >= 0 for part in entry.partitions.values())
        }
        copies = {
            broker
            for topic in found.topics.values()
            for part in topic.partitions.values()
            for broker in part.replicas
        }
        return topics, max(1, len(copies | found.brokers.keys()))

    def partitions(self, pattern: str) -> list[TopicPartition]:
        """The partitions of a topic, or of all members of a family that there are."""
        family = pattern.endswith("*") or topic_row(pattern).name.endswith("*")
        if not family:
            return [TopicPartition(pattern, n) for n in range(self.made(pattern))]
        there, _ = self._look()
        names = sorted(name for name in there if matches(pattern, name))
        return [TopicPartition(name, n) for name in names for n in range(there[name])]

    def offsets(self, partitions: Partitions, spec: OffsetSpec) -> Offsets:
        """Where partitions begin or end, as far as transactions are committed."""
        wanted = {Place(at.topic, at.partition): spec for at in partitions}
        if not wanted:
            return {}

        def ask() -> Offsets:
            futures = self._admin.list_offsets(
                wanted, isolation_level=IsolationLevel.READ_COMMITTED, request_timeout=RETRY_S
            )
            found = {
                TopicPartition(place.topic, place.partition): answer.result().offset
                for place, answer in futures.items()
            }
            if any(offset < 0 for offset in found.values()):  # a leader that has just begun
                raise KafkaException(KafkaError(KafkaError.OFFSET_NOT_AVAILABLE))
            return found

        return patiently(self._place, ask)

    def earliest(self, partitions: Partitions) -> Offsets:
        """The earliest offset left of each."""
        return self.offsets(partitions, OffsetSpec.earliest())

    def latest(self, partitions: Partitions) -> Offsets:
        """The end of each: what is not committed yet lies behind it."""
        return self.offsets(partitions, OffsetSpec.latest())

    def until_visible(self, ends: Mapping[TopicPartition, int]) -> None:
        """Wait until a committed transaction can be read: its markers are written behind it."""
        until = SYSTEM.monotonic() + ANSWER_S
        left = dict(ends)
        while left and SYSTEM.monotonic() < until:
            now = self.latest(left)
            left = {at: end for at, end in left.items() if now[at] < end}

    def committed(self, group: str, partitions: Partitions) -> Offsets:
        """What a group has committed; the earliest offset where it has not."""
        wanted = list(partitions)
        places = [Place(at.topic, at.partition) for at in wanted]
        with self._lock:
            if group not in self._askers:
                self._askers[group] = Consumer(client(self._options, READS, {"group.id": group}))
            asker = self._askers[group]

        def ask() -> Any:
            answers = asker.committed(places, timeout=RETRY_S)
            for unsettled in (answer.error for answer in answers if answer.error):
                raise KafkaException(unsettled)  # a transaction is being committed
            return answers

        found = patiently(self._place, ask, SETTLED_S) if places else []
        known: Mapping[TopicPartition, int] = {
            TopicPartition(entry.topic, entry.partition): entry.offset
            for entry in found
            if entry.offset >= 0
        }
        first = self.earliest(at for at in wanted if at not in known)
        return {at: known.get(at, first.get(at, 0)) for at in wanted}


def _config(name: str, copies: int) -> dict[str, Any]:
    row: Topic = topic_row(name)
    size = row.retention_bytes
    return {
        "cleanup.policy": "compact" if row.compacted else "delete",
        "retention.ms": -1 if row.retention_ms is None else row.retention_ms,
        "retention.bytes": -1 if row.compacted or size is None else size // row.partitions,
        "min.insync.replicas": 2 if copies >= COPIES else 1,
    }
