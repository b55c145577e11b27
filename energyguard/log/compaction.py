"""Compaction: of each key the newest record stays; offsets keep their places."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from energyguard.log.segments import Segment, decoded, last_id, offset_of
from energyguard.model.topics import DAY_MS

TOMBSTONE_MS = DAY_MS
"""A deleted key is told for this long, so that who follows the topic hears of it."""

_ALL = "SELECT id, crc, body FROM segment WHERE id BETWEEN ? AND ? ORDER BY id"
_TOTAL = "SELECT total FROM segment WHERE id BETWEEN ? AND ? ORDER BY id DESC LIMIT 1"
_ONE = "SELECT appended_ms, crc, body FROM segment WHERE id = ?"


class Size(NamedTuple):
    """A partition when it was last compacted: bytes ever written, and bytes that were left."""

    total: int
    left: int


def compact(connection: Any, first: int, place: str, now_ms: int, before: Size) -> Size:
    """Rewrite the segments that hold superseded records, once as much was added as was left.

    The newest segment stays as it is: its end is the partition's end.
    """
    bounds = (first, last_id(first))
    total = connection.execute(_TOTAL, bounds).fetchone()
    if total is None or total[0] - before.total <= before.left:
        return before
    newest: dict[bytes | None, int] = {}
    ids = []
    for segment_id, crc, body in connection.execute(_ALL, bounds):
        segment = decoded(place, crc, body)
        keys = segment.keys or [None] * len(segment.values)
        newest.update(zip(keys, _offsets(segment, offset_of(segment_id)), strict=True))
        ids.append(segment_id)
    left = 0
    for segment_id in ids[:-1]:
        with connection:  # a transaction each: appenders wait for one at most
            left += _rewrite(connection, segment_id, place, newest, now_ms - TOMBSTONE_MS)
    return Size(total[0], left)


def _offsets(segment: Segment, start: int) -> list[int]:
    return [start + i for i in segment.places or range(len(segment.values))]


def _rewrite(
    connection: Any, segment_id: int, place: str, newest: dict[bytes | None, int], told_ms: int
) -> int:
    """Keep of a segment what is newest, nothing at all perhaps; return the bytes left."""
    row = connection.execute(_ONE, (segment_id,)).fetchone()
    if row is None:
        return 0
    appended_ms, crc, body = row
    segment = decoded(place, crc, body)
    keys = segment.keys or [None] * len(segment.values)
    offsets = _offsets(segment, offset_of(segment_id))
    kept = [
        i
        for i, value in enumerate(segment.values)
        if newest.get(keys[i]) == offsets[i] and not (value is None and appended_ms < told_ms)
    ]
    if len(kept) == len(offsets):
        return len(body)
    if not kept:
        connection.execute("DELETE FROM segment WHERE id = ?", (segment_id,))
        return 0
    less = msgspec.structs.replace(
        segment,
        values=[segment.values[i] for i in kept],
        keys=[keys[i] for i in kept],
        headers=[segment.headers[i] for i in kept] if segment.headers else (),
        timestamps_ms=[segment.timestamps_ms[i] for i in kept] if segment.timestamps_ms else (),
        places=[offsets[i] - offset_of(segment_id) for i in kept],
    )
    crc, body = less.encoded()
    connection.execute("UPDATE segment SET crc = ?, body = ? WHERE id = ?", (crc, body, segment_id))
    return len(body)
