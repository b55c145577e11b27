"""The contents of a folder exchanged for others, where the folder itself cannot be renamed.

A folder that is a disk of its own keeps its place, and so does one behind a link. What is to be in
it is made ready in ``.restoring``; then what was there moves into ``before-TIME``, entry by entry,
and what is ready moves to its place. ``.exchange.json`` notes how far that is: whoever is killed
in between is followed by whoever opens the folder next, and finishes it.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import msgspec

from energyguard.backup.contents import ASIDE, READY
from energyguard.clock import Clock
from energyguard.durable.atomic import sync_folder, write_atomically
from energyguard.errors import Corrupt
from energyguard.settings.backup import COPIES

JOURNAL = ".exchange.json"
DISK_S_OWN = "lost+found"
"""What a file system has at its root: nobody's data."""


class ExchangeStep(msgspec.Struct, frozen=True):
    """How far an exchange is."""

    copy: str
    """What is put in place, as who wants it names it."""
    aside: str
    """The folder's entry that gets what was there; empty: nothing was."""
    step: Literal["out", "in"] = "out"


def keeps_its_place(folder: Path) -> bool:
    """Whether a folder cannot be renamed: a disk of its own, a link, or in somebody's folder."""
    return folder.is_mount() or folder.is_symlink() or not os.access(folder.parent, os.W_OK)


def has_data(folder: Path) -> bool:
    """Whether there is anything in a folder that an exchange would move away."""
    return folder.exists() and any(_old_entries(folder, with_copies=True))


def exchange_contents(folder: Path, copy: str, clock: Clock) -> Path | None:
    """Let what is ready in ``READY`` take the place of what is in a folder.

    Copies that lie in it stay. Returns where what was there lies now; None: nothing was there.
    """
    with _held(folder):
        old = any(_old_entries(folder))
        aside = f"{ASIDE}{clock.now_ms() // 1000}" if old else ""
        _note(folder, ExchangeStep(copy, aside))
    return finish_exchange(folder)


def unfinished_exchange(folder: Path) -> ExchangeStep | None:
    """The exchange that somebody began and did not finish; None: there is none.

    Raises:
        Corrupt: what is noted of it cannot be read.
    """
    path = folder / JOURNAL
    try:
        return msgspec.json.decode(path.read_bytes(), type=ExchangeStep)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise Corrupt(
            f"{path}: cannot be read ({error}); a copy was being put back: what was there is in "
            f"{folder / ASIDE}…, what takes its place in {folder / READY}"
        ) from error


def finish_exchange(folder: Path) -> Path | None:
    """Finish an exchange, if there is one; returns where what was there lies now.

    Several processes may call it at once.

    Raises:
        Corrupt: what is noted of it cannot be read.
    """
    if not (folder / JOURNAL).exists():
        return None
    with _held(folder):
        exchange = unfinished_exchange(folder)
        if exchange is None:  # another process was faster
            return None
        aside = folder / exchange.aside if exchange.aside else None
        if exchange.step == "out":
            _move_out(folder, aside)
            _note(folder, msgspec.structs.replace(exchange, step="in"))
        _move_in(folder)
        (folder / JOURNAL).unlink()
        sync_folder(folder)
        return aside


def _move_out(folder: Path, aside: Path | None) -> None:
    if aside is None:
        return
    aside.mkdir(mode=0o700, exist_ok=True)
    for path in list(_old_entries(folder)):
        path.rename(aside / path.name)
    sync_folder(aside)
    sync_folder(folder)


def _move_in(folder: Path) -> None:
    ready = folder / READY
    if ready.exists():  # else only the note was left
        for path in list(ready.iterdir()):
            path.rename(folder / path.name)
        sync_folder(folder)
        ready.rmdir()


def _old_entries(folder: Path, with_copies: bool = False) -> Iterator[Path]:
    stays = {READY, JOURNAL, DISK_S_OWN} | (set() if with_copies else {COPIES})
    for path in folder.iterdir():
        if path.name not in stays and not path.name.startswith(ASIDE):
            yield path


def _note(folder: Path, exchange: ExchangeStep) -> None:
    write_atomically(folder / JOURNAL, msgspec.json.encode(exchange))


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Let one process at a time move a folder's entries."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
