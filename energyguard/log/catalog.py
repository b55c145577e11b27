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

    def partitions(self, connection: Any, pattern: str) -> dict[TopicPartition, int]:
        """The partitions of a topic or a family, each with its first segment's id.

        Raises:
            NotFound: the table has no such topic.
        """
        if pattern.endswith("*"):
            rows = connection.execute("SELECT name, id, partitions FROM topic ORDER BY name")
            found = [row for row in rows if matches(pattern, row[0])]
        else:
            partitions = topic_row(pattern).partitions
            number = self.number(connection, pattern)
            found = [(pattern, -1 if number is None else number, partitions)]
        return {
            TopicPartition(name, place): first_id(number, place)
            for name, number, partitions in found
            for place in range(partitions)
        }
