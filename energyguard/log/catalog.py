"""The topics of a file: their numbers, and members of families made on first use."""

from __future__ import annotations

from typing import Any

from energyguard.log.partitioning import matches, topic_row
from energyguard.log.records import TopicPartition
from energyguard.log.segments import first_id
from energyguard.log.writer import Writer
from energyguard.model.topics import TOPICS, Topic

_MAKE = "INSERT INTO topic (name, partitions) VALUES (?, ?) ON CONFLICT DO NOTHING"
_FIND = "SELECT id, partitions FROM topic WHERE name = ?"


class Catalog:
    """Topic names and numbers, cached: a topic is never renamed or removed."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._numbers: dict[str, int] = {}
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
        connection.execute(_MAKE, (name or row.name, row.partitions))
        number, _ = connection.execute(_FIND, (name or row.name,)).fetchone()
        return int(number)

    def number(self, connection: Any, name: str) -> int | None:
        """A topic's number, or None where nothing was written to it yet."""
        if name not in self._numbers:
            found = connection.execute(_FIND, (name,)).fetchone()
            if found is None:
                return None
            self._numbers[name] = found[0]
        return self._numbers[name]

    def first(self, connection: Any, at: TopicPartition) -> int | None:
        """The id of a partition's segment at offset 0; None where the topic is not made yet."""
        number = self.number(connection, at.topic)
        return None if number is None else first_id(number, at.partition)

    def partitions(self, connection: Any, pattern: str) -> list[TopicPartition]:
        """The partitions of a topic, or of all members of a family.

        Raises:
            NotFound: the table has no such topic.
        """
        if not pattern.endswith("*"):
            return [TopicPartition(pattern, i) for i in range(topic_row(pattern).partitions)]
        return [
            TopicPartition(name, place)
            for name, partitions in self.names(connection)
            if matches(pattern, name)
            for place in range(partitions)
        ]

    def names(self, connection: Any) -> list[tuple[str, int]]:
        """The topics that there are, with their partitions."""
        rows: list[tuple[str, int]] = connection.execute(
            "SELECT name, partitions FROM topic ORDER BY name"
        ).fetchall()
        return rows
