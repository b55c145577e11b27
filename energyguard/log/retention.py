"""Retention by age and by size: whole segments go, oldest first, the newest one never."""

from __future__ import annotations

from typing import Any

from energyguard.log.segments import Head, first_id, last_id
from energyguard.log.walk import newest_head
from energyguard.model.topics import Topic

_ROWS = 64  # of a transaction: appenders wait for no longer than one takes

_OLDEST = """
SELECT id, ends, total, appended_ms, crc FROM segment WHERE id >= ? AND id < ? ORDER BY id LIMIT ?
"""


def retain(connection: Any, number: int, topic: Topic, now_ms: int) -> None:
    """Delete the segments that a topic keeps no longer, and note where it begins now."""
    first = first_id(number)
    newest = newest_head(connection, first, last_id(number))
    if newest is None:
        return
    oldest_ms = 0 if topic.retention_ms is None else now_ms - topic.retention_ms
    surplus = 0 if topic.retention_bytes is None else newest.total - topic.retention_bytes
    while True:
        heads = (
            Head(*row) for row in connection.execute(_OLDEST, (first, newest.segment_id, _ROWS))
        )
        gone = [
            head
            for head in heads
            if head.holds() and (head.appended_ms < oldest_ms or head.total <= surplus)
        ]
        if gone:
            last = gone[-1]
            through, earliest = (first, last.segment_id), (last.packed, number)
            with connection:
                connection.execute("DELETE FROM segment WHERE id BETWEEN ? AND ?", through)
                connection.execute("UPDATE topic SET earliest = ? WHERE id = ?", earliest)
        if len(gone) < _ROWS:
            return
