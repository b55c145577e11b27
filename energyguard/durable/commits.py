"""One writer of a file: callers in several threads share one transaction and one sync."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from typing import Any, Generic, Self, TypeVar

from energyguard.durable.connections import connect, our_errors
from energyguard.errors import EnergyGuardError

T = TypeVar("T")


class _Job(Generic[T]):
    """A piece of a transaction, and what became of it."""

    def __init__(self, work: Callable[[Any], T]) -> None:
        self.work = work
        self.done = False
        self.result: T
        self.error: BaseException | None = None


class GroupCommit:
    """Runs pieces of work in transactions, as many in one as are waiting."""

    def __init__(self, path: Path, checkpoint_pages: int = 0) -> None:
        """Open the file; see ``connect``."""
        self._path = path
        self._turn, self._queue_lock = Lock(), Lock()
        self._queue: list[_Job[Any]] = []
        self.connection = connect(path, checkpoint_pages)

    def run(self, work: Callable[[Self], T]) -> T:
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

    def begun(self) -> None:
        """A transaction has begun; what a writer remembers may be out of date."""

    def ended(self, *, well: bool) -> None:
        """A transaction has ended; nothing of it is there if it did not end well."""

    def _commit(self, jobs: Sequence[_Job[Any]]) -> None:
        well = False
        try:
            with our_errors(self._path):
                self._transact(jobs)
            well = True
        except BaseException as error:
            for job in jobs:
                job.error = job.error or error
        finally:
            for job in jobs:
                job.done = True
        self.ended(well=well)

    def _transact(self, jobs: Sequence[_Job[Any]]) -> None:
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            self.begun()
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

    def close(self) -> None:
        """Close the connection, after whoever writes has done so."""
        with self._turn:
            self.connection.close()
