"""A data folder from a copy. Whoever is killed in between finds the old folder, or the new one.

A folder that can be renamed is exchanged whole; of another its entries are (``exchange.py``).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from types import MappingProxyType

import msgspec

from energyguard.backup.contents import READY
from energyguard.backup.exchange import (
    exchange_contents,
    finish_exchange,
    has_data,
    keeps_its_place,
    unfinished_exchange,
)
from energyguard.backup.make import Progress
from energyguard.backup.manifest import CopyManifest, HistoryPosition, faults_of, read_manifest
from energyguard.clock import SYSTEM, Clock
from energyguard.durable.atomic import room_for, sync_folder, write_atomically
from energyguard.durable.connections import connect, our_errors
from energyguard.errors import Conflict, Corrupt
from energyguard.history.losses import FILE as LOSSES
from energyguard.history.losses import KINDS_OF_ROWS, Loss, losses
from energyguard.pipeline import ARCHIVE
from energyguard.processes.registry import living
from energyguard.settings.backup import COPIES


def restore(
    copy: Path,
    data_dir: Path,
    *,
    replace: bool = False,
    read_to: Mapping[str, int] = MappingProxyType({}),
    clock: Clock = SYSTEM,
    progress: Progress = lambda done, total: None,
) -> Path | None:
    """Put a copy back as a data folder; returns where the one that was there lies now.

    One that was killed while it exchanged entries is finished first; it was all that was wanted
    if it had the same copy.

    Args:
        copy: the folder of the copy.
        data_dir: where it is to be.
        replace: a folder that is there is kept under another name.
        read_to: of a log that is not in the copy, how far the history has read each
            ``topic/partition``: so far it reads again.
        clock: the wall clock.
        progress: is told bytes done, and of how many.

    Raises:
        NotFound: there is no copy.
        Corrupt: a file of it is damaged: nothing is put back.
        Conflict: there is a data folder already, or processes use it.
        DiskFull: there is no room; nothing was changed.
    """
    _refuse_running(data_dir)
    if (begun := unfinished_exchange(data_dir)) is not None:
        aside = finish_exchange(data_dir)
        if begun.copy == str(copy.absolute()):
            return aside
    if not replace and has_data(data_dir):
        raise Conflict(f"{data_dir} is not empty; `--replace` keeps it under another name")
    manifest = _whole(copy)
    in_place = keeps_its_place(data_dir)
    new = data_dir / READY if in_place else data_dir.with_name(f"{data_dir.name}.restoring")
    shutil.rmtree(new, ignore_errors=True)
    with room_for(new):
        try:
            _copy_back(copy, manifest, new, progress)
            _reread(new, manifest, read_to, clock)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise
    if in_place:
        return exchange_contents(data_dir, str(copy.absolute()), clock)
    return _take_place(new, data_dir, clock)


def _whole(copy: Path) -> CopyManifest:
    """What a copy holds, of which every byte was looked at."""
    manifest = read_manifest(copy)
    if faults := list(faults_of(copy)):
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise Corrupt(f"{copy}: {faults[0]}{more}; nothing was put back")
    return manifest


def _refuse_running(data_dir: Path) -> None:
    if running := living(data_dir):
        names = ", ".join(f"{process.role} ({process.pid})" for process in running)
        raise Conflict(f"{data_dir} is in use by {names}; `energyguard stop` ends them")


def _take_place(new: Path, data_dir: Path, clock: Clock) -> Path | None:
    """Let a folder be the data folder; copies that lie in the old one stay with it."""
    aside = None
    if data_dir.exists():
        if any(data_dir.iterdir()):
            aside = data_dir.with_name(f"{data_dir.name}.before-{clock.now_ms() // 1000}")
            data_dir.rename(aside)
        else:
            data_dir.rmdir()
    new.rename(data_dir)
    if aside is not None and (aside / COPIES).is_dir():
        (aside / COPIES).rename(data_dir / COPIES)
    sync_folder(data_dir.parent)
    return aside


def _copy_back(copy: Path, manifest: CopyManifest, new: Path, progress: Progress) -> None:
    done, total = 0, manifest.size
    new.mkdir(parents=True, mode=0o700)
    for folder, folders, names in os.walk(copy):  # empty folders and links of the engine, too
        here = new / Path(folder).relative_to(copy)
        here.mkdir(exist_ok=True, mode=0o700)
        for name in [*folders, *names]:
            path = Path(folder) / name
            if path.is_symlink():
                (here / name).symlink_to(path.readlink())
    for file in manifest.files:
        shutil.copyfile(copy / file.path, new / file.path)
        (new / file.path).chmod(0o600)
        done += file.size
        progress(done, total)
    for path in new.rglob("*"):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file_:
                os.fsync(file_.fileno())


def _reread(folder: Path, manifest: CopyManifest, read_to: Mapping[str, int], clock: Clock) -> None:
    """Let the history read again what came to the log after it was copied."""
    log = folder / "log.db"
    if manifest.has_log:
        rewind(log, manifest.positions)
    elif read_to:
        loss = Loss(found_ms=clock.now_ms(), tables=KINDS_OF_ROWS, rows=0, until=dict(read_to))
        write_atomically(folder / LOSSES, msgspec.json.encode([*losses(folder), loss]))


def rewind(log: Path, positions: Iterable[HistoryPosition]) -> None:
    """Set the history's positions in a log that nobody uses; members of before are gone."""
    with our_errors(log), closing(connect(log)) as connection, connection:
        for table in ("member", "owner", "upkeep"):
            connection.execute(f"DELETE FROM {table}")
        connection.execute("DELETE FROM position WHERE group_name = ?", (ARCHIVE.group,))
        connection.executemany(
            "INSERT INTO position VALUES (?, ?, ?, ?)",
            [(ARCHIVE.group, at.topic, at.partition, at.next) for at in positions],
        )
