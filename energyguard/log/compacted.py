"""A compacted topic as what it stands for: a table of its newest values by key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

import msgspec

from energyguard.errors import BehindRetention
from energyguard.log.contract import EARLIEST, LATEST, Log
from energyguard.log.records import Fetched, TopicPartition
from energyguard.records.contract import TopicRecord
from energyguard.telemetry import logger

T = TypeVar("T")

READ_RECORDS = 4096

_log = logger(__name__)


class CompactedReader:
    """Reads a topic of one partition from its beginning, and later what was written since."""

    def __init__(self, log: Log, topic: str) -> None:
        self._log, self._at = log, TopicPartition(topic, 0)
        self._position: int | None = None

    @property
    def position(self) -> int:
        """The offset that is read next."""
        if self._position is None:
            self._position = self._log.positions(self._at.topic, EARLIEST)[self._at]
        return self._position

    def unread(self) -> Iterator[Fetched]:
        """What was written since; a part counts as read when the next one is asked for."""
        end = self._log.positions(self._at.topic, LATEST)[self._at]
        while self.position < end:
            try:
                fetched = self._log.read({self._at: self.position}, READ_RECORDS, 0)
            except BehindRetention as gone:
                self._position = gone.earliest
                continue
            for part in fetched:
                yield part
                self._position = part.next_offset
            if not fetched:
                return


class CompactedTable(Generic[T]):
    """The newest value of each key of a topic of one partition; a deletion takes a key out."""

    def __init__(self, log: Log, record: TopicRecord[T]) -> None:
        self._record, self._reader = record, CompactedReader(log, record.name)
        self.rows: dict[str, T] = {}

    @property
    def position(self) -> int:
        """The offset behind what is in the table."""
        return self._reader.position

    def refresh(self) -> bool:
        """Take what was written since; true if something was."""
        begin = self.position
        for part in self._reader.unread():
            self.take(part)
        return self.position > begin

    def take(self, part: Fetched) -> None:
        """Fold records in, for who follows the topic; what cannot be read is told."""
        for key, value, offset in zip(part.keys, part.values, part.offsets, strict=True):
            name = (key or b"").decode("utf-8", "replace")
            if value is None:
                self.rows.pop(name, None)
                continue
            try:
                self.rows[name] = self._record.decode(value)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                _log.warning("unreadable record", at=part.topic, offset=offset, reason=str(error))


def newest_value(log: Log, topic: str, key: bytes) -> bytes | None:
    """The newest value of one key of a compacted topic; None: there is none."""
    at = dict(log.positions(topic, EARLIEST))
    found: bytes | None = None
    while parts := log.read(at, READ_RECORDS, 0):
        for part in parts:
            at[part.at] = part.next_offset
            for name, value in zip(part.keys, part.values, strict=True):
                found = value if name == key else found
    return found
