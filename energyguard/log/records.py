"""What a record is: key, value, headers, timestamp; always in batches, column by column.

With it what all backends do alike: which partition each record of a batch goes to, what a
transaction gathers, what a member of a group knows; and the records of JSON topics as objects.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

import msgspec

from energyguard.errors import NotFound
from energyguard.model.topics import Topic, partition_for
from energyguard.telemetry import logger
from energyguard.topics import topic_named

Headers = tuple[tuple[str, bytes], ...]


class TopicPartition(NamedTuple):
    """A partition of a topic."""

    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class Records:
    """A batch of n records for one topic, column by column.

    ``headers``, ``timestamps_ms`` and ``partitions`` may be left empty: no headers, the log's own
    time of the append, a partition chosen by key.
    """

    keys: Sequence[bytes | None]
    values: Sequence[bytes | None]  # None deletes the key of a compacted topic
    headers: Sequence[Headers] = field(default=())
    timestamps_ms: Sequence[int] = field(default=())
    partitions: Sequence[int] = field(default=())

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, slots=True)
class Fetched:
    """Records of one partition as read: ``offsets`` ascend, with gaps where no record is.

    ``after`` says where to read on when that is not right behind the last: what lies between
    holds no records. There may be none at all, and then only the position moves.
    """

    topic: str
    partition: int
    offsets: Sequence[int]
    keys: Sequence[bytes | None]
    values: Sequence[bytes | None]
    headers: Sequence[Headers]
    timestamps_ms: Sequence[int]
    after: int | None = None

    @property
    def at(self) -> TopicPartition:
        """Where they are from."""
        return TopicPartition(self.topic, self.partition)

    @property
    def next_offset(self) -> int:
        """The position after the last of them."""
        return self.offsets[-1] + 1 if self.after is None else self.after

    def cut(self, start: int, stop: int) -> Fetched:
        """The records from one place up to another."""
        return Fetched(
            self.topic,
            self.partition,
            self.offsets[start:stop],
            self.keys[start:stop],
            self.values[start:stop],
            self.headers[start:stop],
            self.timestamps_ms[start:stop],
        )

    def __len__(self) -> int:
        return len(self.offsets)


class TransactionOutputs:
    """A transaction's records and positions, gathered until it commits."""

    def __init__(self) -> None:
        self.records: list[tuple[str, Records]] = []
        self.positions: dict[TopicPartition, int] = {}

    def append(self, topic: str, records: Records) -> None:
        """Add records to the outputs."""
        if len(records):
            self.records.append((topic, records))

    def move(self, positions: Mapping[TopicPartition, int]) -> None:
        """Set the group's positions."""
        self.positions.update(positions)


def joined(parts: Sequence[Records]) -> Records:
    """One batch of several for the same topic, in order.

    Optional columns must be there in all parts or in none.
    """
    if len(parts) == 1:
        return parts[0]
    columns = ("keys", "values", "headers", "timestamps_ms", "partitions")
    return Records(*([x for part in parts for x in getattr(part, c)] for c in columns))


def topic_row(name: str) -> Topic:
    """The table's row for a topic.

    Raises:
        NotFound: the table has no such topic.
    """
    row = topic_named(name)
    if row is None or "*" in name:
        raise NotFound(f"there is no topic {name!r}")
    return row


def matches(pattern: str, topic: str) -> bool:
    """Whether a topic is meant by a name, which may end in ``*``."""
    return topic == pattern or (pattern.endswith("*") and topic.startswith(pattern[:-1]))


def split(records: Records, partitions: int, turn: Iterator[int]) -> dict[int, Records]:
    """The records by partition, in order.

    Raises:
        ValueError: a partition was asked for that the topic does not have, or the columns differ
            in length.
    """
    n = len(records)
    columns = (records.keys, records.headers, records.timestamps_ms, records.partitions)
    if len(records.keys) != n or any(len(column) not in (0, n) for column in columns):
        raise ValueError("the columns of a batch differ in length")
    places: Sequence[int] = records.partitions or [
        next(turn) % partitions if key is None else partition_for(key, partitions)
        for key in records.keys
    ]
    rows: dict[int, list[int]] = {}
    for row, place in enumerate(places):
        rows.setdefault(place, []).append(row)
    if rows and not 0 <= min(rows) <= max(rows) < partitions:
        raise ValueError(f"a partition outside 0 to {partitions - 1} was asked for")
    if len(rows) == 1:
        return {places[0]: records}
    return {place: _taken(records, chosen) for place, chosen in rows.items()}


def _taken(records: Records, rows: Sequence[int]) -> Records:
    return Records(
        [records.keys[i] for i in rows],
        [records.values[i] for i in rows],
        [records.headers[i] for i in rows] if records.headers else (),
        [records.timestamps_ms[i] for i in rows] if records.timestamps_ms else (),
    )


class MemberState:
    """The part of ``Membership`` that is told, not done."""

    def __init__(self, group: str) -> None:
        self._name = group
        self._generation = 0
        self._assigned: dict[TopicPartition, int] = {}

    @property
    def group(self) -> str:
        """The group's name."""
        return self._name

    @property
    def generation(self) -> int:
        """Grows with each change of owners."""
        return self._generation

    @property
    def assigned(self) -> Mapping[TopicPartition, int]:
        """The partitions owned now, each with the position that the group has committed."""
        return dict(self._assigned)

    def remember(self, positions: Mapping[TopicPartition, int]) -> None:
        """Know the positions that were committed."""
        self._assigned.update({at: to for at, to in positions.items() if at in self._assigned})


T = TypeVar("T")
_logger = logger(__name__)


class RecordPlace(NamedTuple):
    """Where a record stands."""

    offset: int
    at_ms: int  # when the log took it
    headers: Headers


def decoded(decoder: msgspec.json.Decoder[T], fetched: Fetched) -> Iterator[tuple[RecordPlace, T]]:
    """The records that can be read, in order; deletions are left out."""
    for value, offset, at_ms, headers in zip(
        fetched.values, fetched.offsets, fetched.timestamps_ms, fetched.headers, strict=True
    ):
        if value is None:
            continue
        try:
            yield RecordPlace(offset, at_ms, headers), decoder.decode(value)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            at = f"{fetched.topic}/{fetched.partition}"
            _logger.warning("unreadable record", at=at, offset=offset, reason=str(error))
