"""Segments by their ids, around what cannot be read.

Where a page of the file is damaged SQLite refuses all that lies on it. Ids are dense, so the next
id behind the page is found by steps that double and by halving, and the walk goes on there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import apsw

from energyguard.log.sqlite.segments import Head, first_id, last_id, offsets_of

_HEADS = """
SELECT id, ends, total, appended_ms, crc FROM segment WHERE id BETWEEN ? AND ? ORDER BY id DESC
"""
_WHOLE = """
SELECT id, ends, total, appended_ms, crc, body FROM segment WHERE id BETWEEN ? AND ? ORDER BY id
"""
_EARLIEST = "SELECT earliest FROM topic WHERE id = ?"
_NEWEST = "SELECT max(id) FROM segment WHERE id BETWEEN ? AND ?"
_COMMITTED = """
SELECT partition, max(next) FROM position WHERE topic = (SELECT name FROM topic WHERE id = ?)
GROUP BY partition
"""
MAX_COMPOUND = 500  # as SQLite is built
_BAD_SECTOR = frozenset({apsw.SQLITE_IOERR_READ, apsw.SQLITE_IOERR_CORRUPTFS})


class Gap(NamedTuple):
    """Ids of a topic, from one to another, that lie on pages which cannot be read."""

    first: int
    last: int


class End(NamedTuple):
    """Where a topic ends: id of its newest segment, ends of its partitions, bytes ever written."""

    segment_id: int
    ends: tuple[int, ...]
    total: int


def is_damage(error: apsw.Error) -> bool:
    """Whether an error is of a page that cannot be read."""
    return isinstance(error, apsw.CorruptError) or (
        isinstance(error, apsw.IOError) and getattr(error, "extendedresult", 0) in _BAD_SECTOR
    )


def segments(connection: Any, first: int, last: int) -> Iterator[tuple[Head, bytes] | Gap]:
    """The segments with these ids in order, and the gaps among them that cannot be read."""
    while first <= last:
        try:
            for row in connection.execute(_WHOLE, (first, last)):
                first = row[0] + 1
                yield Head(*row[:-1]), row[-1]
            return
        except apsw.Error as error:
            if not is_damage(error):
                raise
        behind = _behind(connection, _WHOLE, first, last, 1)
        yield Gap(first, behind - 1)
        first = behind


def newest_ids(connection: Any, topics: Sequence[int]) -> tuple[int | None, ...] | None:
    """The newest segment of each topic; None: nobody knows, so whoever waits has to look.

    In one statement: an append wakes all who wait, whatever they wait for.
    """
    if len(topics) > MAX_COMPOUND:
        return None
    bounds = [bound(topic) for topic in topics for bound in (first_id, last_id)]
    sql = " UNION ALL ".join([_NEWEST] * len(topics))
    try:
        return tuple(row[0] for row in connection.execute(sql, bounds))
    except apsw.Error as error:
        if not is_damage(error):
            raise
        return None


def newest_head(connection: Any, first: int, last: int) -> Head | None:
    """The newest segment with such an id whose head can be read and holds."""
    while first <= last:
        try:
            for row in connection.execute(_HEADS, (first, last)):
                last = row[0] - 1
                if (head := Head(*row)).holds():
                    return head
            return None
        except apsw.Error as error:
            if not is_damage(error):
                raise
        last = _behind(connection, _HEADS, last, first, -1)
    return None


def _behind(connection: Any, sql: str, at: int, limit: int, way: int) -> int:
    """The first id on the way from one that cannot be read to a limit from which reading goes on.

    Beyond the limit when there is none.
    """

    def goes_on(edge: int) -> bool:
        bounds = (edge, limit) if way > 0 else (limit, edge)
        try:
            connection.execute(sql + " LIMIT 1", bounds).fetchone()
        except apsw.Error as error:
            if not is_damage(error):
                raise
            return False
        return True

    bad, step, room = 0, 1, abs(limit - at)
    while step <= room and not goes_on(at + way * step):
        bad, step = step, 2 * step
    good = min(step, room + 1)
    while good - bad > 1:
        middle = (good + bad) // 2
        bad, good = (bad, middle) if goes_on(at + way * middle) else (middle, good)
    return at + way * good


def end_of(connection: Any, topic: int) -> End:
    """Where a topic ends.

    Where its newest segment cannot be read, no offset is given twice that a group has read.
    """
    bounds = first_id(topic), last_id(topic)
    (earliest,) = connection.execute(_EARLIEST, (topic,)).fetchone()
    newest = None
    try:
        for row in connection.execute(_HEADS + " LIMIT 1", bounds):
            if (head := Head(*row)).holds():
                return End(head.segment_id, head.ends, head.total)
            newest = head.segment_id
        if newest is None:
            return End(first_id(topic) - 1, offsets_of(earliest), 0)
    except apsw.Error as error:
        if not is_damage(error) or newest_head(connection, *bounds) is None:
            raise  # nothing of it can be read: that is not an empty topic
    found = newest_head(connection, *bounds) or Head(first_id(topic) - 1, earliest, 0, 0, 0)
    committed = dict(connection.execute(_COMMITTED, (topic,)))
    ends = tuple(max(end, committed.get(p, 0)) for p, end in enumerate(found.ends))
    return End(newest or found.segment_id, ends, found.total)
