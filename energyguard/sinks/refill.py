"""What the history has lost is filled again from the log, as far as the log reaches back.

Rows replace by identity, so reading a topic again from its beginning doubles nothing. A loss is
written down until it is filled, so a crash in between begins again; what the log has no longer
stays written down, and health and doctor tell it.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import msgspec

from energyguard.clock import SYSTEM, Clock
from energyguard.durable.atomic import write_atomically
from energyguard.history.corrections.corrected_tables import IMPORT_RECORDS, SENT_READINGS
from energyguard.history.losses import FILE, KINDS_OF_ROWS, Loss, losses
from energyguard.history.parts import Parts, TablePart
from energyguard.log import EARLIEST, Log, TopicPartition
from energyguard.log.records import matches
from energyguard.model.topics import ALERTS, DAY_MS, ENERGY_ALERTS, LATE
from energyguard.pipeline import ARCHIVE, READINGS
from energyguard.records.readings import READINGS_TABLE
from energyguard.sinks.archive import Archive
from energyguard.telemetry import logger

NOTE_S = 10.0
_READINGS = tuple(topic.name for topic in READINGS)
_OF_READINGS = (READINGS_TABLE.name, SENT_READINGS.name)
_FEED = {"late": LATE.name, "alerts": ALERTS.name, "window_alerts": ENERGY_ALERTS.name}

_log = logger("history")


class Refill:
    """Notices what is lost, and has it read again."""

    def __init__(
        self, data_dir: Path, parts: Parts, archive: Archive, log: Log, clock: Clock = SYSTEM
    ) -> None:
        """Look for losses, old and new, before anything is inserted."""
        self._path, self._parts, self._archive = data_dir / FILE, parts, archive
        self._log, self._clock = log, clock
        self._losses = losses(data_dir)
        self._noted_s = float("-inf")
        parts.detach_damaged()
        lost = parts.lost()
        if lost:
            self._add({part.table for part in lost}, lost)
        elif parts.is_new and not parts.there() and self._were_read(_READINGS):
            self._add(KINDS_OF_ROWS, ())
        for loss in self._open():
            self._read_again(loss)

    def step(self) -> None:
        """Note what is there; close what is filled. To be called after each step of the archive."""
        for loss in self._open():
            until = _positions(loss.until)
            here = self._archive.consumer.positions
            if all(here.get(at, position) >= position for at, position in until.items()):
                self._archive.settle()
                loss.filled, loss.since_ms = True, self._reach(until)
                self._save()
                _log.warning(str(loss))
        if self._clock.monotonic() - self._noted_s >= NOTE_S:
            self._noted_s = self._clock.monotonic()
            self._parts.note()

    def close(self) -> None:
        """Note what is there at last."""
        self._parts.note()

    def _open(self) -> list[Loss]:
        return [loss for loss in self._losses if not loss.filled]

    def _add(self, tables: Collection[str], lost: Collection[TablePart]) -> None:
        times = [ms for part in lost for ms in (part.lo_ms, part.hi_ms) if ms]
        topics = _fed(tables)
        read = {at: to for at, to in self._archive.consumer.positions.items() if _is_of(at, topics)}
        loss = Loss(
            found_ms=self._clock.now_ms(),
            tables=tuple(sorted(tables)),
            rows=sum(part.rows for part in lost),
            lo_ms=min(times, default=0),
            hi_ms=max(times, default=0),
            until={f"{at.topic}/{at.partition}": position for at, position in read.items()},
        )
        self._losses.append(loss)
        self._save()
        self._parts.note()  # what is lost is written down: it need not be found again
        _log.error(str(loss))

    def _were_read(self, topics: Collection[str]) -> bool:
        """Whether the log says that records of these topics are in the history."""
        here = self._archive.consumer.positions.items()
        return any(to > self._first(at) for at, to in here if _is_of(at, topics))

    def _first(self, at: TopicPartition) -> int:
        return self._log.positions(at.topic, EARLIEST)[at]

    def _read_again(self, loss: Loss) -> None:
        self._archive.consumer.rewind({at: self._first(at) for at in _positions(loss.until)})
        if loss.lo_ms and any("rollup_" in table or "_1" in table for table in loss.tables):
            self._archive.roll_up_again(loss.lo_ms - DAY_MS, loss.hi_ms + DAY_MS)

    def _save(self) -> None:
        write_atomically(self._path, msgspec.json.encode(self._losses))

    def _reach(self, until: Collection[TopicPartition]) -> int | None:
        """Since when the log has all; None: since its beginning."""
        cut = {at: first for at in until if (first := self._first(at))}
        found = [self._log.read({at: first}, 1, 0.0) for at, first in cut.items()]
        oldest = [part.timestamps_ms[0] for parts in found for part in parts if len(part)]
        return max(oldest, default=self._clock.now_ms()) if cut else None


def _fed(tables: Collection[str]) -> tuple[str, ...]:
    """The topics whose records become rows of these tables."""
    found: set[str] = set()
    for table in tables:
        if table == IMPORT_RECORDS.name:
            found.update(set(ARCHIVE.topics) - {*_FEED.values()})
        elif table in _OF_READINGS or table.startswith("rollup_"):
            found.update(_READINGS)
        elif table in _FEED:
            found.add(_FEED[table])
        else:
            found.update(set(ARCHIVE.topics) - {*_READINGS, *_FEED.values()})
    return tuple(topic for topic in ARCHIVE.topics if topic in found)


def _is_of(at: TopicPartition, topics: Collection[str]) -> bool:
    return any(matches(topic, at.topic) for topic in topics)


def _positions(given: dict[str, int]) -> dict[TopicPartition, int]:
    found = {}
    for name, position in given.items():
        topic, _, partition = name.rpartition("/")
        found[TopicPartition(topic, int(partition))] = position
    return found
