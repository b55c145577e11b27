"""The topics of a file: their numbers, and members of families made on first use."""

from __future__ import annotations

from typing import Any

from energyguard.log.records import TopicPartition, matches, topic_row
from energyguard.log.sqlite.segments import offsets_of, packed_offsets
from energyguard.log.sqlite.walk import end_of
from energyguard.log.sqlite.writer import SegmentWriter
from energyguard.model.topics import Topic
from energyguard.topics import TOPICS

_MAKE = "INSERT INTO topic (name, earliest) VALUES (?, ?) ON CONFLICT DO NOTHING"
_FIND = "SELECT id FROM topic WHERE name = ?"
_ALL = "SELECT name, length(earliest) / 8 FROM topic ORDER BY name"
_EARLIEST = "SELECT earliest FROM topic WHERE id = ?"


class Catalog:
    """Topic names and numbers, cached: a topic is never renamed or removed."""

    def __init__(self, writer: SegmentWriter) -> None:
        self._writer = writer
        self._numbers: dict[str, int] = {}
        self._first = int(writer.connection.pragma("application_id")) * 1000  # see lost.py
        fixed = [row.name for row in TOPICS if not row.name.endswith("*")]
        if any(self.number(writer.connection, name) is None for name in fixed):
            writer.run(lambda w: [self._make(w.connection, topic_row(name)) for name in fixed])

    def made(self, name: str) -> tuple[int, Topic]:
        """A topic's number and its row in the table; made where it is not there yet.

        Raises:
            NotFound: the table has no such topic.
        """
        row = topic_row(name)
        number = self._numbers.get(name)
        if number is None:
            number = self._writer.run(lambda w: self._make(w.connection, row, name))
            self._numbers[name] = number
        return number, row

    def _make(self, connection: Any, row: Topic, name: str = "") -> int:
        connection.execute(
            _MAKE, (name or row.name, packed_offsets([self._first] * row.partitions))
        )
        (number,) = connection.execute(_FIND, (name or row.name,)).fetchone()
        return int(number)

    def number(self, connection: Any, name: str) -> int | None:
        """A topic's number, or None where nothing was written to it yet."""
        if name not in self._numbers:
            found = connection.execute(_FIND, (name,)).fetchone()
            if found is None:
                return None
            self._numbers[name] = found[0]
        return self._numbers[name]

    def edges(self, connection: Any, pattern: str) -> dict[TopicPartition, tuple[int, int]]:
        """Per partition of a topic, or of all members of a family: the earliest offset, the next.

        Raises:
            NotFound: the table has no such topic.
        """
        names = [pattern]
        if pattern.endswith("*"):
            names = [name for name, _ in self.names(connection) if matches(pattern, name)]
        found = {}
        for name in names:
            nothing = (self._first,) * topic_row(name).partitions
            number = self.number(connection, name)
            first, next_ = (nothing, nothing) if number is None else edges(connection, number)
            for partition, edge in enumerate(zip(first, next_, strict=True)):
                found[TopicPartition(name, partition)] = edge
        return found

    def names(self, connection: Any) -> list[tuple[str, int]]:
        """The topics that there are, with their partitions."""
        rows: list[tuple[str, int]] = connection.execute(_ALL).fetchall()
        return rows


def edges(connection: Any, topic: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The earliest offset of each partition of a topic, and the next to be written."""
    (earliest,) = connection.execute(_EARLIEST, (topic,)).fetchone()
    return offsets_of(earliest), end_of(connection, topic).ends
