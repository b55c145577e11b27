"""Segments from positions on, as records."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from energyguard.errors import BehindRetention
from energyguard.log.catalog import Catalog
from energyguard.log.records import Fetched, Headers, TopicPartition
from energyguard.log.segments import decoded, last_id, offset_of
from energyguard.model.topics import topic_named

MOST_BYTES = 8 * 2**20
"""A read stops here: one record may hold thousands of readings."""

_FROM = """
SELECT id, appended_ms, crc, body FROM segment
WHERE id BETWEEN
    ifnull((SELECT id FROM segment WHERE id BETWEEN :first AND :at ORDER BY id DESC LIMIT 1), :at)
    AND :last
AND id + span > :at ORDER BY id
"""
_EDGES = """
SELECT * FROM (SELECT id, span FROM segment WHERE id BETWEEN ?1 AND ?2 ORDER BY id LIMIT 1)
UNION ALL
SELECT * FROM (SELECT id, span FROM segment WHERE id BETWEEN ?1 AND ?2 ORDER BY id DESC LIMIT 1)
"""


def edges(connection: Any, first: int | None) -> tuple[int, int]:
    """The earliest offset of a partition and the next to be written."""
    if first is None:
        return 0, 0
    found = connection.execute(_EDGES, (first, last_id(first))).fetchall()
    if not found:
        return 0, 0
    return offset_of(found[0][0]), offset_of(found[1][0]) + found[1][1]


def read_once(
    connection: Any,
    catalog: Catalog,
    path: Path,
    at: Mapping[TopicPartition, int],
    limit: int,
    turn: int,
) -> list[Fetched]:
    """What is there now. Another partition is first at each turn, so that none is starved.

    Raises:
        BehindRetention: a position is older than what is left.
    """
    places = list(at.items())
    turn %= len(places) or 1
    found: list[Fetched] = []
    room = MOST_BYTES
    connection.execute("BEGIN")
    try:
        for place, position in places[turn:] + places[:turn]:
            if limit <= 0 or room <= 0:
                break
            first = catalog.first(connection, place)
            if first is None:
                continue
            fetched, size = _partition(connection, path, place, first, position, limit, room)
            if fetched.offsets:
                found.append(fetched)
                limit -= len(fetched)
                room -= size
    finally:
        connection.execute("COMMIT")
    return found


def _partition(
    connection: Any,
    path: Path,
    place: TopicPartition,
    first: int,
    position: int,
    limit: int,
    room: int,
) -> tuple[Fetched, int]:
    """Records of one partition, and how many bytes they were."""
    offsets: list[int] = []
    keys: list[bytes | None] = []
    values: list[bytes | None] = []
    headers: list[Headers] = []
    times: list[int] = []
    size = 0
    bounds = {"first": first, "at": first + position, "last": last_id(first)}
    for segment_id, appended_ms, crc, body in connection.execute(_FROM, bounds):
        start = offset_of(segment_id)
        if start > position and not offsets and not _compacted(place.topic):
            raise BehindRetention(place.topic, place.partition, position, start)
        segment = decoded(f"{path}: {place.topic}/{place.partition}, offset {start}", crc, body)
        n = len(segment.values)
        offsets += (
            [start + i for i in segment.places] if segment.places else range(start, start + n)
        )
        keys += segment.keys or [None] * n
        values += segment.values
        headers += segment.headers or [()] * n
        times += segment.timestamps_ms or [appended_ms] * n
        size += len(body)
        if offsets[-1] < position:
            continue  # compaction left nothing of this segment from the position on
        if len(offsets) >= limit + position - min(start, position) or size >= room:
            break
    whole = Fetched(place.topic, place.partition, offsets, keys, values, headers, times)
    before = sum(offset < position for offset in offsets)
    return whole.cut(before, before + limit), size


def _compacted(topic: str) -> bool:
    row = topic_named(topic)
    return row is not None and row.compacted
