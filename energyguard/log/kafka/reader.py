"""Consumers whose partitions are assigned by hand: they read from any position, for no group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from threading import Lock

from confluent_kafka import Consumer, KafkaError, Message
from confluent_kafka import TopicPartition as Place

from energyguard.errors import Unavailable
from energyguard.log.kafka.client import READS, Properties, client, our_error, our_errors
from energyguard.log.records import Fetched, TopicPartition

IDLE_READERS = 8


class Reader:
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

    def fetch(self, limit: int, wait: float) -> list[Fetched]:
        """What comes within ``wait`` s: at most ``limit`` records, by runs of a partition.

        A part without records only says where to read on: what lies before belongs to
        transactions.

        Raises:
            OutOfReach: a position is older than what is left.
        """
        messages = self._consumer.consume(1, wait)
        if messages and limit > 1:
            messages += self._consumer.consume(limit - 1, 0)
        errors = [message.error() for message in messages]
        good = (
            [m for m, e in zip(messages, errors, strict=True) if e is None]
            if any(errors)
            else messages
        )
        parts = [_fetched(run) for run in _runs(good)]
        for part in parts:
            self.at[part.at] = part.next_offset
        for message, error in zip(messages, errors, strict=True):
            if error is not None:
                parts += self._odd(message, error)
        return parts

    def _odd(self, message: Message, error: KafkaError) -> Iterator[Fetched]:
        """What is no record: the end of a partition, or a fault."""
        place = TopicPartition(message.topic() or "", message.partition() or 0)
        if error.code() == KafkaError._PARTITION_EOF:
            end = message.offset() or 0
            if end > self.at.get(place, end):
                self.at[place] = end
                yield Fetched(*place, (), (), (), (), (), after=end)
        elif error.code() == KafkaError._AUTO_OFFSET_RESET:
            raise OutOfReach(place, self.at.get(place, 0))
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
)
"""A broker that comes back; meanwhile nothing is read."""


class OutOfReach(Exception):
    """A position that retention has deleted."""

    def __init__(self, at: TopicPartition, wanted: int) -> None:
        super().__init__(f"{at.topic}/{at.partition}: {wanted}")
        self.at, self.wanted = at, wanted


def _runs(messages: Sequence[Message]) -> Iterator[Sequence[Message]]:
    """Cut where the partition changes."""
    if not messages:
        return
    where = [(message.topic(), message.partition()) for message in messages]
    cuts = [i for i, (a, b) in enumerate(pairwise(where), 1) if a != b]
    for start, stop in pairwise([0, *cuts, len(messages)]):
        yield messages[start:stop]


def _fetched(run: Sequence[Message]) -> Fetched:
    first = run[0]
    return Fetched(
        first.topic() or "",
        first.partition() or 0,
        [m.offset() for m in run],
        [m.key() for m in run],
        [m.value() for m in run],
        [tuple(m.headers() or ()) for m in run],
        [m.timestamp()[1] for m in run],
    )


class Readers:
    """Readers to lend: whoever reads on from where one stands gets that one."""

    def __init__(self, place: str, options: Properties) -> None:
        self._place, self._options = place, options
        self._lock = Lock()
        self._idle: list[Reader] = []
        self._closed = False

    @contextmanager
    def lent(self, at: Mapping[TopicPartition, int]) -> Iterator[Reader]:
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

    def _best(self, at: Mapping[TopicPartition, int]) -> Reader:
        """The one that stands there, else one with the same partitions, else a new one."""
        with self._lock:
            if self._closed:
                raise Unavailable(f"{self._place}: the log is closed")
            there = [r for r in self._idle if r.at == at]
            for reader in there or [r for r in self._idle if r.at.keys() == at.keys()]:
                self._idle.remove(reader)
                return reader
        return Reader(self._place, self._options)

    def close(self) -> None:
        """Close those that are free now; the others when they come back."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for reader in idle:
            reader.close()
