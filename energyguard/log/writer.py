"""The one writer of a process: appends of several threads share one transaction and one sync."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Any, Generic, NamedTuple, TypeVar

from energyguard.clock import Clock
from energyguard.errors import EnergyGuardError
from energyguard.log.bell import Bell
from energyguard.log.connections import connect, our_errors
from energyguard.log.segments import first_id, last_id, offsets_of, packed_offsets

T = TypeVar("T")

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


class _Job(Generic[T]):
    """A piece of a transaction, and what became of it."""

    def __init__(self, work: Callable[[Writer], T]) -> None:
        self.work = work
        self.done = False
        self.result: T
        self.error: BaseException | None = None


class Writer:
    """Runs pieces of work in transactions, as many in one as are waiting."""

    def __init__(self, path: Path, clock: Clock, bell: Bell) -> None:
        self._path, self._clock, self._bell = path, clock, bell
        self._turn, self._queue_lock = Lock(), Lock()
        self._queue: list[_Job[Any]] = []
        self._ends: dict[int, _End] = {}  # by topic
        self._version = -1
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
        self._bell.ring()

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

    def close(self) -> None:
        """Close the connection, after whoever writes has done so."""
        with self._turn:
            self.connection.close()
