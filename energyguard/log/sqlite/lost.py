"""A log that is gone is not made anew in silence.

The history remembers records by their offsets, so a new log beside it begins behind all of the old
one: at the milliseconds since 1970 of its making, where a log that counts from nought never comes.
"""

from __future__ import annotations

from contextlib import closing
from importlib.resources import files
from pathlib import Path

import apsw

from energyguard.clock import SYSTEM, Clock
from energyguard.durable.connections import connect, create, our_errors, read_only
from energyguard.errors import ConfigError, Conflict, Corrupt

WHAT_TO_DO = (
    "put a backup of the data folder back, or begin a new log with `energyguard log new` "
    "(the history stays, and what was only in the log is lost)"
)
_FILES = ("", "-wal", "-shm")


def path_of(url: str) -> Path | None:
    """The file of an embedded log; None: it is none."""
    scheme, _, address = url.partition("://")
    return Path(address.removeprefix("/")) if scheme == "sqlite" else None


def check_log(url: str, history: Path) -> None:
    """Refuse to begin where the log is gone and its history is not.

    Args:
        url: the log's address.
        history: the folder of its history.

    Raises:
        ConfigError: it is gone; the message says what to do.
        Corrupt: its file cannot be opened; the message says what to do.
    """
    path = path_of(url)
    if path is None:
        return
    try:
        empty = _is_empty(path)
    except apsw.Error as error:
        raise Corrupt(f"{path}: the log cannot be read ({error}); {WHAT_TO_DO}") from error
    if empty and _is_full(history):
        raise ConfigError(f"{path}: the log is gone, and {history} has its history; {WHAT_TO_DO}")


def begin_anew(url: str, history: Path, clock: Clock = SYSTEM) -> Path | None:
    """Begin a new log; what is left of an old one is kept under another name, which is returned.

    Raises:
        Conflict: there is a log that can be read.
        ConfigError: the log is no file.
    """
    path = path_of(url)
    if path is None:
        raise ConfigError(f"{url}: only a log in a file can be begun anew")
    try:
        if not _is_empty(path):
            raise Conflict(f"{path}: this log can be read; move it away to begin another one")
    except apsw.Error:
        pass
    now_ms = clock.now_ms()
    aside = path.with_name(f"{path.name}.lost-{now_ms // 1000}")
    left = [end for end in _FILES if path.with_name(path.name + end).exists()]
    for end in left:
        path.with_name(path.name + end).rename(aside.with_name(aside.name + end))
    from energyguard.log.sqlite.log import OLDER, TABLES

    with our_errors(path):
        create(path, (files(__package__) / "schema.sql").read_text(), TABLES, OLDER)
        with closing(connect(path)) as connection:
            connection.pragma("application_id", now_ms // 1000 if _is_full(history) else 0)
    return aside if left else None


def _is_empty(path: Path) -> bool:
    """Whether nothing was ever appended to a log."""
    if not path.exists() or not path.stat().st_size:
        return True
    with closing(read_only(path)) as file:
        tables = {name for (name,) in file.execute("SELECT name FROM sqlite_schema")}
        if not tables:
            return True
        if "segment" not in tables:
            raise apsw.NotADBError("it is another program's database")
        return file.execute("SELECT 1 FROM segment LIMIT 1").fetchone() is None


def _is_full(history: Path) -> bool:
    """Whether a history holds rows, which can only have come from a log."""
    return any(history.glob("store/*/*/*/count.txt"))
