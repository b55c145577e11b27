"""The one writer of a process: appends of several threads share one transaction and one sync."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from energyguard.clock import Clock
from energyguard.durable.commits import GroupCommit
from energyguard.errors import Unavailable
from energyguard.log.sqlite.notify import AppendNotifier
from energyguard.log.sqlite.segments import Head, packed_offsets
from energyguard.log.sqlite.walk import End, end_of

GONE_S = 5.0
"""A file that is gone may be put back: look again so much later."""

_PUT = "INSERT INTO segment VALUES (?, ?, ?, ?, ?, ?)"


class SegmentRow(NamedTuple):
    """A segment ready to be stored: records by partition, checksum, bytes."""

    topic: int
    spans: Mapping[int, int]
    crc: int
    body: bytes


class SegmentWriter(GroupCommit):
    """Appends of several threads, as many in a transaction as are waiting."""

    def __init__(self, path: Path, clock: Clock, notifier: AppendNotifier) -> None:
        super().__init__(path)
        self._clock, self._notifier = clock, notifier
        self._ends: dict[int, End] = {}  # by topic
        self._version = -1
        self._file = _identity(path)

    def check_file(self) -> None:
        """See that the file is still there: what goes into one that was removed is lost.

        Raises:
            Unavailable: it was removed, or another is in its place.
        """
        if _identity(self._path) != self._file:
            raise Unavailable(
                f"{self._path}: the log's file is gone, or another is in its place; nothing was "
                "taken. Stop everything and put it back",
                GONE_S,
            )

    def begun(self) -> None:
        """Forget the ends if others wrote."""
        self.check_file()
        version = self.connection.pragma("data_version")
        if version != self._version:
            self._version = version
            self._ends.clear()

    def ended(self, *, well: bool) -> None:
        """Wake the readers; what was not committed is not where the topics end."""
        if not well:
            self._ends.clear()
        self._notifier.notify()

    def put(self, row: SegmentRow) -> dict[int, int]:
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


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino
