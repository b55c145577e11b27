"""The one writer of a process: appends of several threads share one transaction and one sync."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from energyguard.clock import Clock
from energyguard.durable.commits import GroupCommit
from energyguard.log.bell import Bell
from energyguard.log.segments import first_id, last_id, offsets_of, packed_offsets

_END = "SELECT id, ends, total FROM segment WHERE id BETWEEN ? AND ? ORDER BY id DESC LIMIT 1"
_EARLIEST = "SELECT earliest FROM topic WHERE id = ?"
_PUT = "INSERT INTO segment VALUES (?, ?, ?, ?, ?, ?)"


class Row(NamedTuple):
    """A segment ready to be stored: records by partition, checksum, bytes."""

    topic: int
    spans: Mapping[int, int]
    crc: int
    body: bytes


class _End(NamedTuple):
    """Where a topic ends: id of its newest segment, ends of its partitions, bytes ever written."""

    segment_id: int
    ends: tuple[int, ...]
    total: int


class Writer(GroupCommit):
    """Appends of several threads, as many in a transaction as are waiting."""

    def __init__(self, path: Path, clock: Clock, bell: Bell) -> None:
        super().__init__(path)
        self._clock, self._bell = clock, bell
        self._ends: dict[int, _End] = {}  # by topic
        self._version = -1

    def begun(self) -> None:
        """Forget the ends if others wrote."""
        version = self.connection.pragma("data_version")
        if version != self._version:
            self._version = version
            self._ends.clear()

    def ended(self, *, well: bool) -> None:
        """Wake the readers; what was not committed is not where the topics end."""
        if not well:
            self._ends.clear()
        self._bell.ring()

    def put(self, row: Row) -> dict[int, int]:
        """Store a segment at its topic's end; return the next offset of each of its partitions."""
        last = self._ends.get(row.topic) or self._end(row.topic)
        ends = list(last.ends)
        for partition, span in row.spans.items():
            ends[partition] += span
        end = _End(last.segment_id + 1, tuple(ends), last.total + len(row.body))
        stored = (packed_offsets(ends), end.total, self._clock.now_ms(), row.crc, row.body)
        self.connection.execute(_PUT, (end.segment_id, *stored))
        self._ends[row.topic] = end
        return {partition: ends[partition] for partition in row.spans}

    def _end(self, topic: int) -> _End:
        bounds = first_id(topic), last_id(topic)
        for segment_id, ends, total in self.connection.execute(_END, bounds):
            return _End(segment_id, offsets_of(ends), total)
        (earliest,) = self.connection.execute(_EARLIEST, (topic,)).fetchone()
        return _End(first_id(topic) - 1, offsets_of(earliest), 0)
