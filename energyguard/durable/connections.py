"""Connections to the log's file: durable, patient in small steps, and with our errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from threading import Lock
from typing import Any, Final

import apsw

from energyguard.clock import SYSTEM
from energyguard.errors import Corrupt, DiskFull, EnergyGuardError, Overloaded, Unavailable

PAGE_BYTES: Final = 4096
STEP_S: Final = 0.0005  # SQLite's own handler waits up to a tenth of a second between two tries
STEPS: Final = 20_000
VERSION: Final = 2  # of the tables

_OURS: Final[tuple[tuple[type[Exception], type[EnergyGuardError], str], ...]] = (
    (apsw.FullError, DiskFull, "no room for the log; nothing was taken"),
    (apsw.IOError, DiskFull, "the log's disk takes nothing; nothing was taken"),
    (apsw.BusyError, Overloaded, "the log is busy; nothing was taken"),
    (apsw.CorruptError, Corrupt, "the log's file is damaged"),
    (apsw.NotADBError, Corrupt, "this is not a log"),
    (apsw.CantOpenError, Unavailable, "the log's file cannot be opened"),
    (apsw.ReadOnlyError, Unavailable, "the log's file cannot be written"),
    (apsw.ConnectionClosedError, Unavailable, "the log is closed"),
)


@contextmanager
def our_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into those of our tree; they name the file."""
    try:
        yield
    except apsw.Error as error:
        for theirs, ours, text in _OURS:
            if isinstance(error, theirs):
                raise ours(f"{path}: {text} ({error})") from error
        raise


def patient(tries: int) -> bool:
    """The busy handler: a short sleep, and on; false gives up."""
    SYSTEM.sleep(STEP_S)
    return tries < STEPS


def connect(path: Path) -> Any:
    """A connection with the log's settings; checkpoints are made by the upkeep alone."""
    connection = apsw.Connection(str(path))
    connection.set_busy_handler(patient)
    connection.transaction_mode = "IMMEDIATE"
    connection.pragma("synchronous", "FULL")
    connection.pragma("wal_autocheckpoint", 0)
    connection.pragma("cache_size", -16_000)
    return connection


def create(path: Path) -> None:
    """Make the file and its tables where they are not there yet.

    Raises:
        Unavailable: another version made the file, or it cannot be opened.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = apsw.Connection(str(path))
    try:
        connection.set_busy_handler(patient)
        connection.pragma("page_size", PAGE_BYTES)
        _use_wal(connection)
        version = connection.pragma("user_version")
        if version not in (0, VERSION):
            raise Unavailable(f"{path}: made by another version of EnergyGuard")
        if version == 0:
            connection.transaction_mode = "IMMEDIATE"
            with connection:
                connection.execute((files(__package__) / "schema.sql").read_text())
                connection.pragma("user_version", VERSION)
    finally:
        connection.close()


def _use_wal(connection: Any) -> None:
    """Switch to WAL; SQLite asks no busy handler here, so several may collide when all start."""
    for tries in range(STEPS):
        try:
            connection.pragma("journal_mode", "wal")
        except apsw.BusyError:
            patient(tries)
        else:
            return
    raise apsw.BusyError("another process holds the file")


class Pool:
    """Connections to read with, each in one thread's hands at a time."""

    def __init__(self, path: Path) -> None:
        self._path, self._lock = path, Lock()
        self._free: list[Any] = []
        self._all: list[Any] = []
        self._closed = False

    @contextmanager
    def lent(self) -> Iterator[Any]:
        """A connection, given back when the block ends."""
        with our_errors(self._path):
            with self._lock:
                if self._closed:
                    raise Unavailable(f"{self._path}: the log is closed")
                if self._free:
                    connection = self._free.pop()
                else:
                    connection = connect(self._path)
                    self._all.append(connection)
            try:
                yield connection
            finally:
                self._give_back(connection)

    def _give_back(self, connection: Any) -> None:
        with self._lock:
            if self._closed:
                connection.close()
            else:
                self._free.append(connection)

    def close(self) -> None:
        """Close those that are free now; the others when they come back."""
        with self._lock:
            self._closed = True
            for connection in self._free:
                connection.close()
            self._free.clear()
