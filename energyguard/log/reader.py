"""Segments from positions on, as records.

A topic's segments lie in the order of their appends, and each says where every partition ends after
it. Ends only grow, so the segment that holds a position is found by halving: no index is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from energyguard.errors import BehindRetention
from energyguard.log.catalog import Catalog, edges
from energyguard.log.records import Fetched, Headers, TopicPartition
from energyguard.log.segments import Part, decoded, first_id, last_id, offsets_of

MOST_BYTES = 8 * 2**20
"""A read stops here: one record may hold thousands of readings."""

_UP_TO = "SELECT id, ends FROM segment WHERE id BETWEEN ? AND ? ORDER BY id DESC LIMIT 1"
_FROM = "SELECT id, ends, appended_ms, crc, body FROM segment WHERE id BETWEEN ? AND ? ORDER BY id"


def read_once(
    connection: Any,
    catalog: Catalog,
    path: Path,
    at: Mapping[TopicPartition, int],
    limit: int,
    turn: int,
) -> list[Fetched]:
    """What is there now. Another partition leads at each turn, so that none is starved.

    Raises:
        BehindRetention: a position is older than what is left.
    """
    places = list(at)
    turn %= len(places) or 1
    wanted: dict[str, dict[int, int]] = {}
    for place in places[turn:] + places[:turn]:
        wanted.setdefault(place.topic, {})[place.partition] = at[place]
    found: list[Fetched] = []
    room = MOST_BYTES
    connection.execute("BEGIN")
    try:
        for name, positions in wanted.items():
            number = catalog.number(connection, name)
            if number is None or limit <= 0 or room <= 0:
                continue
            reading = _Reading(f"{path}: {name}", limit, room)
            reading.read(connection, name, number, positions)
            found += reading.fetched(name)
            limit, room = reading.limit, reading.room
    finally:
        connection.execute("COMMIT")
    return found


class _Columns:
    """Records of one partition so far."""

    def __init__(self) -> None:
        self.offsets: list[int] = []
        self.keys: list[bytes | None] = []
        self.values: list[bytes | None] = []
        self.headers: list[Headers] = []
        self.times: list[int] = []

    def add(self, part: Part, offsets: Sequence[int], appended_ms: int, rows: slice) -> None:
        n = len(offsets)
        self.offsets += offsets[rows]
        self.keys += (part.keys or [None] * n)[rows]
        self.values += part.values[rows]
        self.headers += (part.headers or [()] * n)[rows]
        self.times += (part.timestamps_ms or [appended_ms] * n)[rows]


class _Reading:
    """One read of one topic, with the records and bytes that may still come."""

    def __init__(self, place: str, limit: int, room: int) -> None:
        self._place, self.limit, self.room = place, limit, room
        self._found: dict[int, _Columns] = {}

    def read(self, connection: Any, name: str, topic: int, positions: Mapping[int, int]) -> None:
        """Gather records; the first of the positions that leads to some says where to begin."""
        earliest, ends = edges(connection, topic)
        for partition, position in positions.items():
            if position < earliest[partition]:
                raise BehindRetention(name, partition, position, earliest[partition])
        behind = {p: position for p, position in positions.items() if position < ends[p]}
        for lead, position in behind.items():
            start, before = _segment_of(connection, topic, lead, position, earliest)
            ready = {p: to for p, to in behind.items() if before[p] <= to}
            self._scan(connection, topic, start, ready)
            if self._found:
                return  # or compaction has left nothing from this position on: lead with another

    def _scan(self, connection: Any, topic: int, start: int, ready: Mapping[int, int]) -> None:
        """Gather records of partitions from a segment on."""
        for row in connection.execute(_FROM, (start, last_id(topic))):
            self._take(ready, *row)
            if self._found and (self.limit <= 0 or self.room <= 0):
                return

    def _take(
        self,
        ready: Mapping[int, int],
        segment_id: int,
        packed: bytes,
        appended_ms: int,
        crc: int,
        body: bytes,
    ) -> None:
        ends = offsets_of(packed)
        self.room -= len(body)
        for part in decoded(self._place, segment_id, crc, body):
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

    def fetched(self, topic: str) -> list[Fetched]:
        """What was gathered, by partition."""
        return [
            Fetched(topic, partition, c.offsets, c.keys, c.values, c.headers, c.times)
            for partition, c in self._found.items()
            if c.offsets
        ]


def _segment_of(
    connection: Any, topic: int, partition: int, position: int, earliest: tuple[int, ...]
) -> tuple[int, tuple[int, ...]]:
    """The first segment after which a partition ends behind a position; the ends before it.

    Most readers are near the end, so the steps back from there double until one is too far.
    """
    high, before = last_id(topic), earliest
    low = step = 0
    floor = first_id(topic) - 1
    while low == 0 or high - low > 1:
        probe = max(floor, high - step) if low == 0 else (low + high) // 2
        found = connection.execute(_UP_TO, (max(low, floor) + 1, probe)).fetchone()
        if found is None:
            low = probe
        elif offsets_of(found[1])[partition] > position:
            high, step = found[0], 2 * step or 1
        else:
            low, before = probe, offsets_of(found[1])
    return high, before
