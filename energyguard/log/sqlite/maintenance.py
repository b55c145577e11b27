"""What keeps the file in shape, in the background of whoever writes.

Everything here runs on a connection of its own and in short transactions: appenders never wait for
more than one of them.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

import apsw

from energyguard.clock import Clock
from energyguard.durable.connections import PAGE_BYTES, connect, our_errors, patient
from energyguard.log.compaction import Size, compact
from energyguard.log.keeping import Keeping, KeptTopics
from energyguard.log.records import TopicPartition
from energyguard.log.sqlite.catalog import edges
from energyguard.log.sqlite.groups import positions_of
from energyguard.log.sqlite.retention import drop, retain
from energyguard.model.topics import Topic
from energyguard.telemetry import Condition, logger
from energyguard.topics import topic_named

CHECKPOINT_S = 0.25
TIDY_S = 15.0
WAL_PAGES = 1_000  # checkpoint from here on
MAX_WAL_PAGES = 16_000  # here appenders wait for a moment, so that the WAL begins anew
RESTART_STEPS = 20  # of the busy handler: 10 ms

_CLAIM = """
INSERT INTO upkeep VALUES ('tidy', ?)
ON CONFLICT DO UPDATE SET done_s = excluded.done_s WHERE NOT done_s BETWEEN ? AND ? RETURNING 1
"""

_log = logger(__name__)


class LogMaintenance:
    """A thread that starts with the first write of its process."""

    def __init__(self, path: Path, clock: Clock, kept: KeptTopics) -> None:
        self._path, self._clock, self._kept = path, clock, kept
        self._stop, self._lock = Event(), Lock()
        self._thread: Thread | None = None
        self._work_lock = Lock()
        self._connection: Any = None
        self._sizes: dict[int, Size] = {}

    def start(self) -> None:
        """Start the thread, once."""
        if self._thread is None:
            with self._lock:
                if self._thread is None and not self._stop.is_set():
                    self._thread = Thread(target=self._run, name="log-maintenance", daemon=True)
                    self._thread.start()

    def stop(self) -> None:
        """End the thread and close its connection."""
        self._stop.set()
        with self._lock:
            if self._thread is not None:
                self._thread.join()
        with self._work_lock:
            if self._connection is not None:
                self._connection.close()

    def _run(self) -> None:
        ticks = 0
        failing = Condition(
            _log, "maintenance of the log did not succeed", "maintenance of the log goes on"
        )
        while not self._stop.wait(CHECKPOINT_S):
            ticks += 1
            try:
                self.checkpoint()
                if ticks * CHECKPOINT_S % TIDY_S == 0 and self._claim():
                    self.tidy()
                failing.end()
            except Exception as error:  # a full disk, say: the next round may find room
                failing.begin(error)

    def _claim(self) -> bool:
        """Whether it is this process's turn: one of them is enough."""
        now_s = self._clock.monotonic()
        with self._work_lock, our_errors(self._path):
            claimed = self._open().execute(_CLAIM, (now_s, now_s - TIDY_S / 2, now_s))
            return claimed.fetchone() is not None

    def _open(self) -> Any:
        if self._connection is None:
            self._connection = connect(self._path)
        return self._connection

    def checkpoint(self) -> None:
        """Move the WAL into the file without stopping anyone; begin it anew when it is long."""
        with self._work_lock, our_errors(self._path):
            connection = self._open()
            wal = Path(f"{self._path}-wal")
            pages = wal.stat().st_size // PAGE_BYTES if wal.exists() else 0
            if pages < WAL_PAGES:
                return
            try:
                frames, _ = connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            except apsw.BusyError:
                return  # another process is at it
            if frames >= MAX_WAL_PAGES:
                self._restart(connection)

    def _restart(self, connection: Any) -> None:
        """Begin the WAL anew: appenders wait for the few pages left, and for readers a moment."""
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        connection.set_busy_handler(lambda tries: tries < RESTART_STEPS and patient(tries))
        try:
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_RESTART)
        except apsw.BusyError:
            _log.debug("readers hold the WAL; it begins anew at the next round")
        finally:
            connection.set_busy_handler(patient)

    def drop(self, number: int, partition: int, first: int, following: int) -> None:
        """Delete the appends that lie between two offsets; see ``retention.drop``."""
        with self._work_lock, our_errors(self._path):
            drop(self._open(), number, partition, first, following)

    def tidy(self) -> None:
        """Delete what is older than its topic keeps, and superseded records of compacted topics."""
        with self._work_lock, our_errors(self._path):
            connection = self._open()
            now_ms = self._clock.now_ms()
            for number, name in connection.execute("SELECT id, name FROM topic").fetchall():
                topic = topic_named(name)
                if topic is not None and topic.compacted:
                    before = self._sizes.get(number, Size(0, 0))
                    place = f"{self._path}: {name}"
                    self._sizes[number] = compact(connection, number, place, now_ms, before)
                elif topic is not None:
                    self._retain(connection, number, name, topic, now_ms)

    def _retain(self, connection: Any, number: int, name: str, topic: Topic, now_ms: int) -> None:
        """Delete what a topic keeps no longer, but nothing that its group has not read."""
        keeping = self._kept.of(name) or Keeping()
        if keeping.keep_ms is not None:
            topic = replace(topic, retention_ms=keeping.keep_ms)
        group = keeping.group or topic.kept_for
        read = None
        if group:
            positions = positions_of(connection, group)
            if keeping.group or any(at.topic == name for at in positions):
                earliest, _ = edges(connection, number)
                read = [
                    positions.get(TopicPartition(name, partition), first)
                    for partition, first in enumerate(earliest)
                ]
        retain(connection, number, topic, now_ms, read)
