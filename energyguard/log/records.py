"""What a record is: key, value, headers, timestamp; always in batches, column by column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

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
