"""Small files that are replaced whole: after a crash there is the old one or the new one."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from energyguard.errors import DiskFull

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What the system says where a disk, a quota or a limit leaves no room."""


def write_atomically(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Replace a file whole, durably; by default its owner alone can read it.

    A process that is killed in between leaves the file as it was.

    Raises:
        DiskFull: there is no room; the message names the file, which is as it was.
    """
    with _written(path, data, mode) as new:
        new.replace(path)


def write_once(path: Path, data: bytes) -> None:
    """Write a private file, durably, where there is none; the first of several writers counts.

    Raises:
        DiskFull: there is no room; the message names the file.
    """
    with _written(path, data, 0o600) as new, suppress(FileExistsError):
        os.link(new, path)


@contextmanager
def _written(path: Path, data: bytes, mode: int) -> Iterator[Path]:
    """A durable file beside ``path``, to be moved there; which files there are is durable after."""
    new = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.new")
    with room_for(path):
        try:
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            yield new
        finally:
            new.unlink(missing_ok=True)
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make durable which files a folder has."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def room_for(path: Path) -> Iterator[None]:
    """Turn the system's "no room" into our error, which names the file."""
    try:
        yield
    except OSError as error:
        if error.errno in NO_ROOM:
            raise DiskFull(f"{path}: no room on the disk; nothing was written") from error
        raise
