"""Segments from positions on, as records.

A topic's segments lie in the order of their appends, and each says where every partition ends after
it. Ends only grow, so the segment that holds a position is found by halving: no index is written.
What is damaged is gone around, as if compaction had left nothing there, and noted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from energyguard.errors import BehindRetention, Corrupt
from energyguard.log.records import Fetched, Headers, TopicPartition
from energyguard.log.sqlite.catalog import Catalog, edges
from energyguard.log.sqlite.segments import Head, SegmentPart, decoded, first_id, last_id
from energyguard.log.sqlite.set_aside import Damage
from energyguard.log.sqlite.walk import Gap, newest_head, segments

K = TypeVar("K")
V = TypeVar("V")


def read_once(
    connection: Any,
    catalog: Catalog,
    path: Path,
    at: Mapping[TopicPartition, int],
    limit: int,
    room: int,
    turn: int,
    damage: list[Damage],
) -> list[Fetched]:
    """What is there now. Another partition of another topic leads at each turn: none is starved.

    Topics that have something share records and bytes: what one does not need is for the next.
    ``damage`` gets what could not be read on the way.

    Raises:
        BehindRetention: a position is older than what is left.
    """
    wanted: dict[str, dict[int, int]] = {}
    for place, position in at.items():
        wanted.setdefault(place.topic, {})[place.partition] = position
    within, first = divmod(turn, len(wanted) or 1)
    found: list[Fetched] = []
    connection.execute("BEGIN")
    try:
        readings = [
            _Reading(path, connection, name, number, dict(_turned(positions.items(), within)))
            for name, positions in _turned(wanted.items(), first)
            if (number := catalog.number(connection, name)) is not None
        ]
        waiting = [reading for reading in readings if reading.behind]
        for left in range(len(waiting), 0, -1):
            if limit <= 0 or room <= 0:
                break
            reading = waiting[-left]
            shares = -(-limit // left), -(-room // left)
            reading.read(connection, *shares)
            found += reading.fetched()
            damage += [Damage(reading.name, gap, row) for gap, row in reading.damaged]
            limit, room = limit - shares[0] + reading.limit, room - shares[1] + reading.room
    finally:
        connection.execute("ROLLBACK")  # nothing was written; COMMIT fails behind a damaged page
    return found


def _turned(items: Iterable[tuple[K, V]], turn: int) -> list[tuple[K, V]]:
    """The same, another one first."""
    found = list(items)
    turn %= len(found) or 1
    return found[turn:] + found[:turn]


class _Columns:
    """Records of one partition so far."""

    def __init__(self) -> None:
        self.offsets: list[int] = []
        self.keys: list[bytes | None] = []
        self.values: list[bytes | None] = []
        self.headers: list[Headers] = []
        self.times: list[int] = []

    def add(self, part: SegmentPart, offsets: Sequence[int], appended_ms: int, rows: slice) -> None:
        n = len(offsets)
        self.offsets += offsets[rows]
        self.keys += (part.keys or [None] * n)[rows]
        self.values += part.values[rows]
        self.headers += (part.headers or [()] * n)[rows]
        self.times += (part.timestamps_ms or [appended_ms] * n)[rows]


class _Reading:
    """One read of one topic, with the records and bytes that may still come.

    Attributes:
        behind: the positions from which there is something, by partition.

    Raises:
        BehindRetention: a position is older than what is left.
    """

    def __init__(
        self, path: Path, connection: Any, name: str, topic: int, positions: Mapping[int, int]
    ) -> None:
        self.name, self._topic, self._place = name, topic, f"{path}: {name}"
        self.limit = self.room = 0
        self._found: dict[int, _Columns] = {}
        self._passed: dict[int, int] = {}  # partitions that have nothing more, and their ends
        self.damaged: list[tuple[Gap, tuple[Head, bytes] | None]] = []
        self._earliest, self._ends = edges(connection, topic)
        for partition, position in positions.items():
            if position < self._earliest[partition]:
                raise BehindRetention(name, partition, position, self._earliest[partition])
        self.behind = {p: to for p, to in positions.items() if to < self._ends[p]}

    def read(self, connection: Any, limit: int, room: int) -> None:
        """Gather records: from the segment that the first position leads to, of all that begin
        there or later; then of those that are further behind.
        """
        self.limit, self.room = limit, room
        seen: set[int] = set()
        for lead, position in self.behind.items():
            if lead in seen:
                continue
            start, before = _segment_of(connection, self._topic, lead, position, self._earliest)
            ready = {p: to for p, to in self.behind.items() if p not in seen and before[p] <= to}
            seen |= ready.keys()
            if self._scan(connection, start, ready) and lead not in self._found:
                self._passed[lead] = self._ends[lead]  # nothing can be read from this position on
            if self.limit <= 0 or self.room <= 0:
                return

    def _scan(self, connection: Any, start: int, ready: Mapping[int, int]) -> bool:
        """Gather records of partitions from a segment on; true when it came to the topic's end."""
        for found in segments(connection, start, last_id(self._topic)):
            if isinstance(found, Gap):
                self.damaged.append((found, None))
                continue
            try:
                self._take(ready, *found)
            except Corrupt:
                self.damaged.append((Gap(found[0].segment_id, found[0].segment_id), found))
            if self._found and (self.limit <= 0 or self.room <= 0):
                return False
        return True

    def _take(self, ready: Mapping[int, int], head: Head, body: bytes) -> None:
        """Gather what a segment has for partitions.

        Raises:
            Corrupt: a checksum does not hold; nothing of it was taken.
        """
        if not head.holds():
            raise Corrupt(f"{self._place}: offsets of append {head.segment_id} are damaged")
        ends, appended_ms = head.ends, head.appended_ms
        self.room -= len(body)
        for part in decoded(self._place, head.segment_id, head.crc, body):
            position = ready.get(part.partition, ends[part.partition])
            if position >= ends[part.partition] or self.limit <= 0:
                continue
            offsets = part.offsets(ends[part.partition])
            before = sum(offset < position for offset in offsets) if offsets[0] < position else 0
            if before == len(offsets):
                continue  # compaction left nothing here from the position on
            rows = slice(before, before + self.limit)
            columns = self._found.setdefault(part.partition, _Columns())
            columns.add(part, offsets, appended_ms, rows)
            self.limit -= len(offsets[rows])

    def fetched(self) -> list[Fetched]:
        """What was gathered, by partition; of some only that there is nothing up to the end."""
        passed = [
            Fetched(self.name, partition, (), (), (), (), (), after=end)
            for partition, end in self._passed.items()
            if partition not in self._found
        ]
        return passed + [
            Fetched(self.name, partition, c.offsets, c.keys, c.values, c.headers, c.times)
            for partition, c in self._found.items()
            if c.offsets
        ]


def _segment_of(
    connection: Any, topic: int, partition: int, position: int, earliest: tuple[int, ...]
) -> tuple[int, tuple[int, ...]]:
    """The first segment after which a partition ends behind a position; the ends before it.

    What cannot be read just before it is part of the answer, so that it is noticed.
    Most readers are near the end, so the steps back from there double until one is too far.
    """
    high, before = last_id(topic), earliest
    low = step = 0
    floor = first_id(topic) - 1
    start = floor + 1
    while low == 0 or high - low > 1:
        probe = max(floor, high - step) if low == 0 else (low + high) // 2
        found = newest_head(connection, max(low, floor) + 1, probe)
        if found is None:
            low = probe
        elif found.ends[partition] > position:
            high, step = found.segment_id, 2 * step or 1
        else:
            low, start, before = probe, found.segment_id + 1, found.ends
    return start, before
