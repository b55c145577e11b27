"""Compaction: of each key the newest record stays; offsets keep their places."""

from __future__ import annotations

from typing import Any

import msgspec

from energyguard.log.segments import Segment, decoded, last_id, offset_of
from energyguard.model.topics import DAY_MS

TOMBSTONE_MS = DAY_MS
"""A deleted key is told for this long, so that who follows the topic hears of it."""

DIRTY_SHARE = 4
"""Compact when a quarter of the records is superseded; until then reading them costs less."""

_ALL = "SELECT id, span, appended_ms, crc, body FROM segment WHERE id BETWEEN ? AND ? ORDER BY id"


def compact(connection: Any, first: int, place: str, now_ms: int) -> None:
    """Rewrite the segments of a partition that hold superseded records.

    The newest segment stays as it is: its end is the partition's end.
    """
    newest: dict[bytes | None, int] = {}
    rows: list[tuple[int, int]] = []
    records = 0
    bounds = (first, last_id(first))
    for segment_id, span, _, crc, body in connection.execute(_ALL, bounds):
        segment = decoded(place, crc, body)
        start = offset_of(segment_id)
        for key, offset in zip(segment.keys, _offsets(segment, start), strict=False):
            newest[key] = offset
        rows.append((segment_id, span))
        records += len(segment.values)
    if records - len(newest) <= records // DIRTY_SHARE:
        return
    for segment_id, _ in rows[:-1]:
        _rewrite(connection, segment_id, place, newest, now_ms)


def _offsets(segment: Segment, start: int) -> list[int]:
    return [start + i for i in segment.places or range(len(segment.values))]


def _rewrite(
    connection: Any, segment_id: int, place: str, newest: dict[bytes | None, int], now_ms: int
) -> None:
    """Keep of a segment what is newest; delete it when that is nothing."""
    appended_ms, crc, body = connection.execute(
        "SELECT appended_ms, crc, body FROM segment WHERE id = ?", (segment_id,)
    ).fetchone()
    segment = decoded(place, crc, body)
    start = offset_of(segment_id)
    told = appended_ms < now_ms - TOMBSTONE_MS
    keys = segment.keys or [None] * len(segment.values)
    kept = [
        i
        for i, offset in enumerate(_offsets(segment, start))
        if newest.get(keys[i]) == offset and not (told and segment.values[i] is None)
    ]
    if len(kept) == len(segment.values):
        return
    if not kept:
        connection.execute("DELETE FROM segment WHERE id = ?", (segment_id,))
        return
    less = msgspec.structs.replace(
        segment,
        values=[segment.values[i] for i in kept],
        keys=[keys[i] for i in kept],
        headers=[segment.headers[i] for i in kept] if segment.headers else (),
        timestamps_ms=[segment.timestamps_ms[i] for i in kept] if segment.timestamps_ms else (),
        places=[offset - start for offset in (_offsets(segment, start)[i] for i in kept)],
    )
    connection.execute(
        "UPDATE segment SET crc = ?, body = ? WHERE id = ?", (*less.encoded(), segment_id)
    )
