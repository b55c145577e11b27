"""Connections to a file: durable, patient in small steps, and with our errors."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, Final

import apsw

from energyguard.clock import SYSTEM
from energyguard.errors import Corrupt, DiskFull, EnergyGuardError, Overloaded, Unavailable

PAGE_BYTES: Final = 4096
STEP_S: Final = 0.0005  # SQLite's own handler waits up to a tenth of a second between two tries
STEPS: Final = 20_000
_TABLE: Final = re.compile(r"CREATE TABLE (?:IF NOT EXISTS )?(\w+)")

_OURS: Final[tuple[tuple[type[Exception], type[EnergyGuardError], str], ...]] = (
    (apsw.FullError, DiskFull, "no room; nothing was taken"),
    (apsw.IOError, DiskFull, "the disk takes nothing; nothing was taken"),
    (apsw.BusyError, Overloaded, "others are writing; nothing was taken"),
    (apsw.CorruptError, Corrupt, "the file is damaged; `energyguard doctor` says what to do"),
    (apsw.NotADBError, Corrupt, "this is none of our files"),
    (apsw.CantOpenError, Unavailable, "the file cannot be opened; may this user write its folder?"),
    (apsw.ReadOnlyError, Unavailable, "the file cannot be written"),
    (apsw.ConnectionClosedError, Unavailable, "it is closed"),
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


def connect(path: Path, checkpoint_pages: int = 0) -> Any:
    """A connection that syncs each commit.

    Args:
        path: the file; ``create`` has made it.
        checkpoint_pages: a commit that leaves so many pages in the WAL moves them into the file;
            0: somebody else does.
    """
    connection = apsw.Connection(str(path))
    connection.set_busy_handler(patient)
    connection.transaction_mode = "IMMEDIATE"
    connection.pragma("synchronous", "FULL")
    connection.pragma("wal_autocheckpoint", checkpoint_pages)
    connection.pragma("cache_size", -16_000)
    return connection


def read_only(path: Path) -> Any:
    """A connection that changes nothing; patient, for whoever closes the file last holds it."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    connection.set_busy_handler(patient)
    return connection


def create(path: Path, schema: str, version: int, older: Collection[int] = ()) -> None:
    """Make the file and its tables where they are not there yet.

    Args:
        path: the file.
        schema: statements that make the tables.
        version: of the tables.
        older: versions whose tables are the same, and mean less.

    Raises:
        Unavailable: another version made the file, or it cannot be opened.
        Corrupt: it is another program's, or a part of it is not there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = apsw.Connection(str(path))
    try:
        connection.set_busy_handler(patient)
        if _tables(connection):
            _check_tables(connection, path, schema)  # before anything in it is changed
        connection.pragma("page_size", PAGE_BYTES)
        _use_wal(connection)
        connection.transaction_mode = "IMMEDIATE"
        found = connection.pragma("user_version")
        if found == 0 or found in older:
            with connection:  # others may have begun too: the first one's tables are there then
                found = connection.pragma("user_version")
                if found == 0:
                    connection.execute(schema)
                if found in (0, *older):
                    connection.pragma("user_version", version)
        elif found != version:
            raise Unavailable(f"{path}: made by another version of EnergyGuard")
    finally:
        connection.close()


def _tables(connection: Any) -> set[str]:
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}


def _check_tables(connection: Any, path: Path, schema: str) -> None:
    if missing := set(_TABLE.findall(schema)) - _tables(connection):
        raise Corrupt(
            f"{path}: not this file of EnergyGuard (no table {', '.join(sorted(missing))})"
        )


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
    def connection(self) -> Iterator[Any]:
        """A connection, given back when the block ends."""
        with our_errors(self._path):
            with self._lock:
                if self._closed:
                    raise Unavailable(f"{self._path}: it is closed")
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
