"""The one writer of a process: appends of several threads share one transaction and one sync."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from energyguard.clock import Clock
from energyguard.durable.commits import GroupCommit
from energyguard.log.bell import Bell
from energyguard.log.segments import Head, packed_offsets
from energyguard.log.walk import End, end_of

_PUT = "INSERT INTO segment VALUES (?, ?, ?, ?, ?, ?)"


class Row(NamedTuple):
    """A segment ready to be stored: records by partition, checksum, bytes."""

    topic: int
    spans: Mapping[int, int]
    crc: int
    body: bytes


class Writer(GroupCommit):
    """Appends of several threads, as many in a transaction as are waiting."""

    def __init__(self, path: Path, clock: Clock, bell: Bell) -> None:
        super().__init__(path)
        self._clock, self._bell = clock, bell
        self._ends: dict[int, End] = {}  # by topic
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
        last = self._ends.get(row.topic) or end_of(self.connection, row.topic)
        ends = list(last.ends)
        for partition, span in row.spans.items():
            ends[partition] += span
        end = End(last.segment_id + 1, tuple(ends), last.total + len(row.body))
        now_ms = self._clock.now_ms()
        head = Head(end.segment_id, packed_offsets(ends), end.total, now_ms, row.crc)
        self.connection.execute(_PUT, (*head.sealed(), row.body))
        self._ends[row.topic] = end
        return {partition: ends[partition] for partition in row.spans}
