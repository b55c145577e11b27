"""Retention by age and by size: whole segments go, oldest first, the newest one never."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import takewhile
from typing import Any

from energyguard.log.sqlite.segments import Head, first_id, last_id, offsets_of
from energyguard.log.sqlite.walk import newest_head
from energyguard.model.topics import Topic

_ROWS = 64  # of a transaction: appenders wait for no longer than one takes

_OLDEST = """
SELECT id, ends, total, appended_ms, crc FROM segment WHERE id >= ? AND id < ? ORDER BY id LIMIT ?
"""

_HEADS = """
SELECT id, ends, total, appended_ms, crc FROM segment WHERE id BETWEEN ? AND ? ORDER BY id
"""
_BYTES = "SELECT sum(length(body)) FROM segment WHERE id BETWEEN ? AND ?"
_EARLIEST = "SELECT earliest FROM topic WHERE id = ?"


def retain(
    connection: Any, number: int, topic: Topic, now_ms: int, read: Sequence[int] | None = None
) -> None:
    """Delete the segments that a topic keeps no longer, and note where it begins now.

    Args:
        connection: to the log's file.
        number: the topic's.
        topic: says how long it keeps what.
        now_ms: the wall clock.
        read: by partition, the position of the group for which it is kept; None: for none.
    """
    first = first_id(number)
    newest = newest_head(connection, first, last_id(number))
    if newest is None:
        return
    oldest_ms = 0 if topic.retention_ms is None else now_ms - topic.retention_ms
    surplus = 0 if topic.retention_bytes is None else newest.total - topic.retention_bytes
    while True:
        heads: Iterable[Head] = (
            Head(*row) for row in connection.execute(_OLDEST, (first, newest.segment_id, _ROWS))
        )
        if read is not None:
            heads = takewhile(partial(is_read, read=read), heads)
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


def is_read(head: Head, read: Sequence[int]) -> bool:
    """Whether a group with these positions has read a segment, and all before it."""
    return head.holds() and all(end <= to for end, to in zip(head.ends, read, strict=True))


def waiting_bytes(connection: Any, number: int, read: Sequence[int]) -> int:
    """How many bytes of a topic a group with these positions has not read."""
    newest = newest_head(connection, first_id(number), last_id(number))
    if newest is None or is_read(newest, read):
        return 0
    first = _first_not(connection, number, newest, partial(is_read, read=read))
    (found,) = connection.execute(_BYTES, (first, newest.segment_id)).fetchone()
    return int(found or 0)


def _first_not(
    connection: Any, number: int, newest: Head, is_before: Callable[[Head], bool]
) -> int:
    """The id of the first segment that is not before something, at the latest the newest's."""
    low, high = first_id(number) - 1, newest.segment_id
    while high - low > 1:
        middle = (low + high) // 2
        head = newest_head(connection, low + 1, middle)
        if head is None or is_before(head):
            low = middle
        else:
            high = head.segment_id
    return high


def drop(connection: Any, number: int, partition: int, first: int, following: int) -> None:
    """Delete the segments of which all records are of a partition and between two offsets.

    Offsets keep their places, as after a compaction; the newest segment stays.
    """
    begin, last = first_id(number), last_id(number)
    newest = newest_head(connection, begin, last)
    if newest is None:
        return
    start = _first_not(connection, number, newest, lambda head: head.ends[partition] <= first)
    (earliest,) = connection.execute(_EARLIEST, (number,)).fetchone()
    head_before = newest_head(connection, begin, start - 1)
    before = offsets_of(earliest) if head_before is None else head_before.ends
    gone = []
    for head in (Head(*row) for row in connection.execute(_HEADS, (start, newest.segment_id - 1))):
        ends = head.ends
        if ends[partition] > following:
            break
        is_alone = ends == (*before[:partition], ends[partition], *before[partition + 1 :])
        if head.holds() and is_alone and first <= before[partition] < ends[partition]:
            gone.append((head.segment_id,))
        before = ends
    with connection:
        connection.executemany("DELETE FROM segment WHERE id = ?", gone)
