"""The one writer of a process: appends of several threads share one transaction and one sync."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Condition, Lock
from typing import Any, Generic, NamedTuple, TypeVar

from energyguard.clock import Clock
from energyguard.errors import EnergyGuardError
from energyguard.log.connections import connect, our_errors
from energyguard.log.segments import last_id, offset_of

T = TypeVar("T")

_END = "SELECT id, span, total FROM segment WHERE id BETWEEN ? AND ? ORDER BY id DESC LIMIT 1"
_PUT = "INSERT INTO segment VALUES (?, ?, ?, ?, ?, ?)"


class Row(NamedTuple):
    """A segment ready to be stored: the partition's first id, records, checksum, bytes."""

    partition_id: int
    span: int
    crc: int
    body: bytes


class _Job(Generic[T]):
    """A piece of a transaction, and what became of it."""

    def __init__(self, work: Callable[[Writer], T]) -> None:
        self.work = work
        self.done = False
        self.result: T
        self.error: BaseException | None = None


class Writer:
    """Runs pieces of work in transactions, as many in one as are waiting."""

    def __init__(self, path: Path, clock: Clock, wake: Condition) -> None:
        self._path, self._clock, self._wake = path, clock, wake
        self._turn, self._queue_lock = Lock(), Lock()
        self._queue: list[_Job[Any]] = []
        self._ends: dict[int, tuple[int, int]] = {}  # next offset and total bytes, by partition
        self._version = -1
        self.commits = 0
        self.connection = connect(path)

    def run(self, work: Callable[[Writer], T]) -> T:
        """Do a piece of work and commit; durable on return.

        Work that raises an error of ours must not have written before: what waits beside it is
        committed all the same.
        """
        job = _Job(work)
        with self._queue_lock:
            self._queue.append(job)
        with self._turn:
            if not job.done:
                with self._queue_lock:
                    jobs, self._queue = self._queue, []
                self._commit(jobs)
        if job.error is not None:
            raise job.error
        return job.result

    def _commit(self, jobs: Sequence[_Job[Any]]) -> None:
        try:
            with our_errors(self._path):
                self._transact(jobs)
        except BaseException as error:
            self._ends.clear()
            for job in jobs:
                job.error = job.error or error
        finally:
            for job in jobs:
                job.done = True
        with self._wake:
            self.commits += 1
            self._wake.notify_all()

    def _transact(self, jobs: Sequence[_Job[Any]]) -> None:
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            self._forget_ends_if_others_wrote()
            for job in jobs:
                try:
                    job.result = job.work(self)
                except EnergyGuardError as error:
                    job.error = error
            self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise

    def _forget_ends_if_others_wrote(self) -> None:
        version = self.connection.pragma("data_version")
        if version != self._version:
            self._version = version
            self._ends.clear()

    def put(self, rows: Sequence[Row]) -> list[int]:
        """Store segments at the ends of their partitions; return the next offset of each."""
        now_ms = self._clock.now_ms()
        ends = []
        for first, span, crc, body in rows:
            end, total = self._ends.get(first) or self._end(first)
            total += len(body)
            self.connection.execute(_PUT, (first + end, span, total, now_ms, crc, body))
            self._ends[first] = (end + span, total)
            ends.append(end + span)
        return ends

    def _end(self, first: int) -> tuple[int, int]:
        for segment_id, span, total in self.connection.execute(_END, (first, last_id(first))):
            return offset_of(segment_id) + span, total
        return 0, 0

    def close(self) -> None:
        """Close the connection, after whoever writes has done so."""
        with self._turn:
            self.connection.close()
