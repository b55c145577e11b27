"""Consumers whose partitions are assigned by hand: they read from any position, for no group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import compress, count, islice, pairwise
from operator import ne
from threading import Lock

from confluent_kafka import Consumer, KafkaError, Message
from confluent_kafka import TopicPartition as Place

from energyguard.errors import Unavailable
from energyguard.log.kafka.client import READS, Properties, client, our_error, our_errors
from energyguard.log.records import Fetched, Headers, TopicPartition

IDLE_READERS = 8
PIECE = 8_192
"""Messages taken at once: many more at a time no longer fit into the processor's caches."""


class KafkaReader:
    """One consumer, for one thread at a time. ``at`` is what it will deliver next."""

    def __init__(self, place: str, options: Properties) -> None:
        self._place = place
        self._consumer = Consumer(client(options, READS, {"group.id": "energyguard-reader"}))
        self.at: dict[TopicPartition, int] = {}

    def go(self, at: Mapping[TopicPartition, int]) -> None:
        """Read on from these positions, and no other partitions."""
        if self.at != at:
            with our_errors(self._place):
                self._consumer.assign([Place(t, n, offset) for (t, n), offset in at.items()])
            self.at = dict(at)

    def fetch(self, limit: int, wait: float, room: int) -> list[Fetched]:
        """What comes within ``wait`` s: at most ``limit`` records, about ``room`` bytes.

        A part without records only says where to read on: what lies before belongs to
        transactions.

        Raises:
            OutOfReach: a position is older than what is left.
        """
        found: dict[TopicPartition, _Columns] = {}
        messages = self._consumer.consume(1, wait)
        largest = 1
        while messages:
            sizes = list(map(len, messages))
            limit, room, largest = limit - len(messages), room - sum(sizes), max(largest, *sizes)
            faults = [i for i, message in enumerate(messages) if message.error() is not None]
            for start, stop in pairwise([-1, *faults, len(messages)]):
                if start >= 0:
                    self._note(messages[start], found)
                if stop > start + 1:
                    self._take(messages[start + 1 : stop], found)
            piece = min(limit, PIECE, room // largest)
            messages = self._consumer.consume(piece, 0) if piece > 0 else []
        self.at |= {at: columns.next_offset for at, columns in found.items()}
        return [columns.fetched(at) for at, columns in found.items()]

    def _take(self, messages: list[Message], found: dict[TopicPartition, _Columns]) -> None:
        """Put messages into the columns of their partitions."""
        where: list[object] = [message.partition() for message in messages]
        if len({topic for topic, _ in self.at}) > 1:
            where = [(m.topic(), n) for m, n in zip(messages, where, strict=True)]
        cuts = compress(count(1), map(ne, where, islice(where, 1, None)))
        for start, stop in pairwise([0, *cuts, len(messages)]):
            first = messages[start]
            at = TopicPartition(first.topic() or "", first.partition() or 0)
            found.setdefault(at, _Columns()).add(messages[start:stop])

    def _note(self, message: Message, found: dict[TopicPartition, _Columns]) -> None:
        """What is no record: the end of a partition, or a fault."""
        error = message.error()
        assert error is not None
        at = TopicPartition(message.topic() or "", message.partition() or 0)
        if error.code() == KafkaError._PARTITION_EOF:
            end = message.offset() or 0
            here = found[at].next_offset if at in found else self.at.get(at, end)
            if end > here:
                found.setdefault(at, _Columns()).after = end
        elif error.code() == KafkaError._AUTO_OFFSET_RESET:
            raise OutOfReach(at, self.at.get(at, 0))
        elif error.code() not in _PASSING and not error.retriable():
            raise our_error(error, self._place)

    def close(self) -> None:
        """Let go of the connection."""
        self._consumer.close()


_PASSING = (
    KafkaError._TRANSPORT,
    KafkaError._ALL_BROKERS_DOWN,
    KafkaError._TIMED_OUT,
    KafkaError._RESOLVE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.NOT_COORDINATOR,
)
"""A broker that comes back, or that has just come; meanwhile nothing is read."""


class OutOfReach(Exception):
    """A position that retention has deleted."""

    def __init__(self, at: TopicPartition, wanted: int) -> None:
        super().__init__(f"{at.topic}/{at.partition}: {wanted}")
        self.at, self.wanted = at, wanted


class _Columns:
    """Messages of one partition, column by column."""

    def __init__(self) -> None:
        self.offsets: list[int] = []
        self.keys: list[bytes | None] = []
        self.values: list[bytes | None] = []
        self.headers: list[Headers] = []
        self.timestamps_ms: list[int] = []
        self.after: int | None = None

    def add(self, messages: list[Message]) -> None:
        """Put messages behind those that are there."""
        self.offsets += [m.offset() for m in messages]
        self.keys += [m.key() for m in messages]
        self.values += [m.value() for m in messages]
        self.headers += [tuple(m.headers() or ()) for m in messages]
        self.timestamps_ms += [m.timestamp()[1] for m in messages]
        self.after = None

    @property
    def next_offset(self) -> int:
        """Where to read on."""
        return self.offsets[-1] + 1 if self.after is None else self.after

    def fetched(self, at: TopicPartition) -> Fetched:
        """All of it."""
        return Fetched(
            at.topic,
            at.partition,
            self.offsets,
            self.keys,
            self.values,
            self.headers,
            self.timestamps_ms,
            self.after,
        )


class Readers:
    """Readers to lend: whoever reads on from where one stands gets that one."""

    def __init__(self, place: str, options: Properties) -> None:
        self._place, self._options = place, options
        self._lock = Lock()
        self._idle: list[KafkaReader] = []
        self._closed = False

    @contextmanager
    def connection(self, at: Mapping[TopicPartition, int]) -> Iterator[KafkaReader]:
        """A reader at these positions, given back when the block ends."""
        reader = self._best(at)
        try:
            reader.go(at)
            yield reader
        except BaseException:
            reader.close()
            raise
        with self._lock:
            self._idle.append(reader)
            surplus = self._idle if self._closed else self._idle[:-IDLE_READERS]
            self._idle = [r for r in self._idle if r not in surplus]
        for old in surplus:
            old.close()

    def _best(self, at: Mapping[TopicPartition, int]) -> KafkaReader:
        """The one that stands there, else one with the same partitions, else a new one."""
        with self._lock:
            if self._closed:
                raise Unavailable(f"{self._place}: the log is closed")
            there = [r for r in self._idle if r.at == at]
            for reader in there or [r for r in self._idle if r.at.keys() == at.keys()]:
                self._idle.remove(reader)
                return reader
        return KafkaReader(self._place, self._options)

    def close(self) -> None:
        """Close those that are free now; the others when they come back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for reader in idle:
            reader.close()
