"""Which files of a data folder belong into a copy, and how each is copied while others write it.

A database is copied by one transaction that reads it. What the history has on disk are *parts*,
folders whose files never change: they are linked, all within moments, and copied afterwards; one
that a merge takes away meanwhile has its rows in another that is there. All other files are small
and replaced whole.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from energyguard.durable.connections import our_errors, read_only
from energyguard.settings.backup import COPIES

HISTORY = "history"
READY = ".restoring"
"""The folder's entry in which a copy that is put back is made ready."""
ASIDE = "before-"
"""How the entry begins that has what was there before a copy was put back."""
LEFT_OUT = ("run", COPIES, READY)
"""Folders that are of the running processes, or copies themselves."""
_ENDINGS = ("-wal", "-shm", "-bell", ".lock", ".new", ".partial")
_SQLITE = b"SQLite format 3\0"


def plain_files(data_dir: Path) -> Iterator[Path]:
    """The files outside the history, relative to the data folder, in order of their names."""
    for folder, folders, names in os.walk(data_dir):
        here = Path(folder)
        if here == data_dir:
            left_out = (*LEFT_OUT, HISTORY)
            folders[:] = sorted(
                name for name in folders if name not in left_out and not name.startswith(ASIDE)
            )
        for name in sorted(names):
            path = here / name
            if not name.endswith(_ENDINGS) and path.is_file() and not path.is_symlink():
                yield path.relative_to(data_dir)


def is_database(path: Path) -> bool:
    """Whether a file is one of SQLite's."""
    try:
        with path.open("rb") as file:
            return file.read(len(_SQLITE)) == _SQLITE
    except OSError:
        return False


def copy_database(source: Path, to: Path) -> None:
    """Copy a database as it is at one moment; writers go on.

    Raises:
        Corrupt: it is damaged.
        DiskFull: there is no room for the copy.
    """
    with our_errors(to), closing(read_only(source)) as connection:
        connection.execute("VACUUM INTO ?", (str(to),))
    with to.open("rb") as file:
        os.fsync(file.fileno())


def link_history(data_dir: Path, stage: Path) -> int:
    """Link the history's files into a folder on the same disk; returns how many there are.

    What goes away meanwhile was merged into what is there.
    """
    source, linked = data_dir / HISTORY, 0
    for folder, folders, names in os.walk(source):
        folders[:] = [name for name in folders if not name.startswith(("tmp", "delete_tmp"))]
        here = stage / Path(folder).relative_to(source)
        here.mkdir(parents=True, exist_ok=True)
        for name in [*names, *(n for n in folders if (Path(folder) / n).is_symlink())]:
            if name == "status" and folder == str(source):  # who has it open now
                continue
            with suppress(FileNotFoundError):
                os.link(Path(folder) / name, here / name, follow_symlinks=False)
                linked += 1
    drop_torn_parts(data_dir / HISTORY, stage)
    return linked


def drop_torn_parts(source: Path, stage: Path) -> None:
    """Take out the parts that went away while they were linked."""
    for mark in [*stage.rglob("checksums.txt"), *stage.rglob("count.txt")]:
        part = mark.parent
        if part.is_dir() and not (source / part.relative_to(stage)).is_dir():
            shutil.rmtree(part)
