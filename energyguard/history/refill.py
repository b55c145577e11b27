"""What the history has lost is filled again from the log, as far as the log reaches back.

Rows replace by identity, so reading a topic again from its beginning doubles nothing. A loss is
written down until it is filled, so a crash in between begins again; what the log has no longer
stays written down, and health and doctor tell it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from energyguard.clock import SYSTEM, Clock
from energyguard.durable.atomic import write_atomically
from energyguard.history.archive import TOPICS, Archive
from energyguard.history.parts import Part, Parts
from energyguard.log import EARLIEST, Log, TopicPartition
from energyguard.log.partitioning import matches
from energyguard.model.topics import (
    ALERTS,
    BUILDING_READINGS,
    DAY_MS,
    ENERGY_ALERTS,
    ENERGY_READINGS,
    LATE,
    METER_READINGS,
    REPLAY_READINGS,
    THERMOMETER,
)
from energyguard.telemetry import logger

FILE = "history-losses.json"
NOTE_S = 10.0
_READINGS = tuple(
    topic.name
    for topic in (ENERGY_READINGS, METER_READINGS, BUILDING_READINGS, REPLAY_READINGS, THERMOMETER)
)
_ALL = ("readings", "late", "alerts", "window_alerts", "stays")
_FEED = {"late": LATE.name, "alerts": ALERTS.name, "window_alerts": ENERGY_ALERTS.name}

_log = logger("history")


class Loss(msgspec.Struct, kw_only=True):
    """Rows that were lost together."""

    found_ms: int
    tables: tuple[str, ...]
    rows: int  # 0: not known how many
    lo_ms: int = 0
    hi_ms: int = 0
    until: dict[str, int]  # topic/partition: filled when the log was read up to here
    filled: bool = False
    since_ms: int | None = None  # filled only with what the log took since then; None: with all

    def __str__(self) -> str:
        many = f"{self.rows:,} rows" if self.rows else "rows"
        span = f" from {_day(self.lo_ms)} to {_day(self.hi_ms)}" if self.lo_ms else ""
        lost = f"{many} of {', '.join(self.tables)}{span} were lost"
        if not self.filled:
            return f"{lost}; they are being filled again from the log"
        if self.since_ms is None:
            return f"{lost}, and filled again from the log"
        return (
            f"{lost}, and filled again with what the log took since {_day(self.since_ms)}; "
            "what came before is in a backup, or gone"
        )


def losses(data_dir: Path) -> list[Loss]:
    """What was lost and is not seen to yet."""
    try:
        return msgspec.json.decode((data_dir / FILE).read_bytes(), type=list[Loss])
    except (FileNotFoundError, msgspec.DecodeError):
        return []


def open_losses(data_dir: Path) -> str:
    """What is lost now, in a sentence; empty: nothing."""
    found = [loss for loss in losses(data_dir) if not loss.filled or loss.since_ms is not None]
    return "; ".join(map(str, found))


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
            self._add(_ALL, ())
        for loss in self._open():
            self._read_again(loss)

    def step(self) -> None:
        """Note what is there; close what is filled. To be called after each step of the archive."""
        for loss in self._open():
            until = _positions(loss.until)
            here = self._archive.positions
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

    def _add(self, tables: Collection[str], lost: Collection[Part]) -> None:
        times = [ms for part in lost for ms in (part.lo_ms, part.hi_ms) if ms]
        topics = _fed(tables)
        read = {at: to for at, to in self._archive.positions.items() if _is_of(at, topics)}
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
        here = self._archive.positions.items()
        return any(to > self._first(at) for at, to in here if _is_of(at, topics))

    def _first(self, at: TopicPartition) -> int:
        return self._log.positions(at.topic, EARLIEST)[at]

    def _read_again(self, loss: Loss) -> None:
        self._archive.read_again({at: self._first(at) for at in _positions(loss.until)})
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
        if table == "readings" or table.startswith("rollup_"):
            found.update(_READINGS)
        elif table in _FEED:
            found.add(_FEED[table])
        else:
            found.update(set(TOPICS) - {*_READINGS, *_FEED.values()})
    return tuple(topic for topic in TOPICS if topic in found)


def _is_of(at: TopicPartition, topics: Collection[str]) -> bool:
    return any(matches(topic, at.topic) for topic in topics)


def _positions(told: dict[str, int]) -> dict[TopicPartition, int]:
    found = {}
    for name, position in told.items():
        topic, _, partition = name.rpartition("/")
        found[TopicPartition(topic, int(partition))] = position
    return found


def _day(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="minutes")[:16] + "Z"
