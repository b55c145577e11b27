"""Compaction: of each key the newest record stays; offsets keep their places."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from energyguard.errors import Corrupt
from energyguard.log.sqlite.segments import (
    Head,
    SegmentPart,
    decoded,
    encoded,
    first_id,
    last_id,
    offsets_of,
)
from energyguard.model.topics import DAY_MS

TOMBSTONE_MS = DAY_MS
"""A deleted key is told for this long, so that who follows the topic hears of it."""

_ALL = "SELECT id, ends, crc, body FROM segment WHERE id BETWEEN ? AND ? ORDER BY id"
_TOTAL = "SELECT total FROM segment WHERE id BETWEEN ? AND ? ORDER BY id DESC LIMIT 1"
_ONE = "SELECT id, ends, total, appended_ms, crc, body FROM segment WHERE id = ?"

_Keep = Callable[[int, bytes | None, int], bool]


class Size(NamedTuple):
    """A topic when it was last compacted: bytes ever written, and bytes that were left."""

    total: int
    left: int


def compact(connection: Any, topic: int, place: str, now_ms: int, before: Size) -> Size:
    """Rewrite the segments that hold superseded records, once as much was added as was left.

    The newest segment stays as it is: its ends are the topic's.
    """
    bounds = first_id(topic), last_id(topic)
    total = connection.execute(_TOTAL, bounds).fetchone()
    if total is None or total[0] - before.total <= before.left:
        return before
    newest: dict[tuple[int, bytes | None], int] = {}
    ids = []
    for segment_id, packed, crc, body in connection.execute(_ALL, bounds):
        ends = offsets_of(packed)
        try:
            parts = decoded(place, segment_id, crc, body)
        except Corrupt:
            continue  # it stays as it is; readers go around it, and say so
        for part in parts:
            for key, offset in zip(_keys(part), part.offsets(ends[part.partition]), strict=True):
                newest[part.partition, key] = offset
        ids.append(segment_id)

    def is_newest(partition: int, key: bytes | None, offset: int) -> bool:
        return newest.get((partition, key)) == offset

    left = 0
    for segment_id in ids[:-1]:
        with connection:  # a transaction each: appenders wait for one at most
            left += _rewrite(connection, segment_id, place, is_newest, now_ms - TOMBSTONE_MS)
    return Size(total[0], left)


def _keys(part: SegmentPart) -> list[bytes | None]:
    return list(part.keys) or [None] * len(part.values)


def _rewrite(
    connection: Any, segment_id: int, place: str, is_newest: _Keep, tombstones_before_ms: int
) -> int:
    """Keep of a segment what is newest, nothing at all perhaps; return the bytes left."""
    row = connection.execute(_ONE, (segment_id,)).fetchone()
    if row is None:
        return 0
    head, body = Head(*row[:-1]), row[-1]
    ends, appended_ms = head.ends, head.appended_ms
    parts = decoded(place, segment_id, head.crc, body)
    left = []
    for part in parts:
        is_old = appended_ms < tombstones_before_ms
        offsets = part.offsets(ends[part.partition])
        rows = [
            i
            for i, (key, value) in enumerate(zip(_keys(part), part.values, strict=True))
            if is_newest(part.partition, key, offsets[i]) and not (is_old and value is None)
        ]
        if len(rows) == len(part.values):
            left.append(part)
        elif rows:
            left.append(part.kept(rows))
    if left == parts:
        return len(body)
    if not left:
        connection.execute("DELETE FROM segment WHERE id = ?", (segment_id,))
        return 0
    crc, body = encoded(left)
    crc = head._replace(crc=crc).sealed().crc
    connection.execute("UPDATE segment SET crc = ?, body = ? WHERE id = ?", (crc, body, segment_id))
    return len(body)
