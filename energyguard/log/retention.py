"""Retention by age and by size: whole segments go, oldest first, the newest one never."""

from __future__ import annotations

from typing import Any

from energyguard.log.segments import last_id
from energyguard.model.topics import Topic

_ROWS = 64  # of a transaction: appenders wait for no longer than one takes

_CUT = """
SELECT id, appended_ms, total FROM segment WHERE id BETWEEN :first AND :last
AND id < (SELECT max(id) FROM segment WHERE id BETWEEN :first AND :last)
ORDER BY id LIMIT :rows
"""
_TOTAL = "SELECT total FROM segment WHERE id BETWEEN ? AND ? ORDER BY id DESC LIMIT 1"


def retain(connection: Any, first: int, topic: Topic, now_ms: int) -> None:
    """Delete a partition's segments that its topic keeps no longer."""
    span = {"first": first, "last": last_id(first)}
    newest = connection.execute(_TOTAL, tuple(span.values())).fetchone()
    if newest is None:
        return
    oldest_ms = 0 if topic.retention_ms is None else now_ms - topic.retention_ms
    share = topic.retention_bytes and topic.retention_bytes // topic.partitions
    most = 0 if share is None else newest[0] - share
    while True:
        rows = connection.execute(_CUT, {**span, "rows": _ROWS}).fetchall()
        gone = [
            segment_id
            for segment_id, appended_ms, total in rows
            if appended_ms < oldest_ms or total <= most
        ]
        if gone:
            connection.execute("DELETE FROM segment WHERE id BETWEEN ? AND ?", (first, gone[-1]))
        if len(gone) < _ROWS:
            return
