"""A compacted topic as what it stands for: a table of its newest values by key."""

from __future__ import annotations

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


class CompactedTable(Generic[T]):
    """The newest value of each key of a topic of one partition; a deletion takes a key out."""

    def __init__(self, log: Log, record: TopicRecord[T]) -> None:
        self._log, self._record = log, record
        self._at = TopicPartition(record.name, 0)
        self.position = -1
        self.rows: dict[str, T] = {}

    def refresh(self) -> bool:
        """Take what was written since; true if something was."""
        if self.position < 0:
            self.position = self._log.positions(self._at.topic, EARLIEST)[self._at]
        begin, end = self.position, self._log.positions(self._at.topic, LATEST)[self._at]
        while self.position < end:
            try:
                fetched = self._log.read({self._at: self.position}, READ_RECORDS, 0)
            except BehindRetention as gone:
                self.position = gone.earliest
                continue
            for part in fetched:
                self.take(part)
                self.position = part.next_offset
            if not fetched:
                break
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
