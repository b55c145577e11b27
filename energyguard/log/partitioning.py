"""Which partition each record of a batch goes to: as given, by key, or in turn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from energyguard.errors import NotFound
from energyguard.log.records import Records
from energyguard.model.murmur import partition_for
from energyguard.model.topics import Topic
from energyguard.topics import topic_named


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
