"""Retention by age and by size: whole segments go, oldest first, the newest one never."""

from __future__ import annotations

from typing import Any

from energyguard.log.segments import first_id, last_id
from energyguard.model.topics import Topic

_ROWS = 64  # of a transaction: appenders wait for no longer than one takes

_NEWEST = "SELECT id, total FROM segment WHERE id BETWEEN ? AND ? ORDER BY id DESC LIMIT 1"
_OLDEST = """
SELECT id, ends, appended_ms, total FROM segment WHERE id >= ? AND id < ? ORDER BY id LIMIT ?
"""


def retain(connection: Any, number: int, topic: Topic, now_ms: int) -> None:
    """Delete the segments that a topic keeps no longer, and note where it begins now."""
    first = first_id(number)
    newest = connection.execute(_NEWEST, (first, last_id(number))).fetchone()
    if newest is None:
        return
    oldest_ms = 0 if topic.retention_ms is None else now_ms - topic.retention_ms
    most = 0 if topic.retention_bytes is None else newest[1] - topic.retention_bytes
    while True:
        gone = [
            (segment_id, ends)
            for segment_id, ends, appended_ms, total in connection.execute(
                _OLDEST, (first, newest[0], _ROWS)
            )
            if appended_ms < oldest_ms or total <= most
        ]
        if gone:
            last, ends = gone[-1]
            with connection:
                connection.execute("DELETE FROM segment WHERE id BETWEEN ? AND ?", (first, last))
                connection.execute("UPDATE topic SET earliest = ? WHERE id = ?", (ends, number))
        if len(gone) < _ROWS:
            return
