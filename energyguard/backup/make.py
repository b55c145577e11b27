"""A copy of a data folder, made while its processes run. Killed in between, it leaves no copy."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from energyguard import __version__
from energyguard.backup.contents import (
    HISTORY,
    copy_database,
    is_database,
    link_history,
    plain_files,
)
from energyguard.backup.manifest import (
    FILE,
    PARTIAL,
    CopiedFile,
    CopyManifest,
    HistoryPosition,
    copies,
    digest_of,
    name_of,
    read_manifest,
)
from energyguard.clock import SYSTEM, Clock
from energyguard.durable.atomic import room_for, sync_folder, write_atomically
from energyguard.durable.connections import our_errors, read_only
from energyguard.errors import ConfigError, Conflict
from energyguard.log.sqlite.lost import path_of
from energyguard.pipeline import ARCHIVE

Progress = Callable[[int, int | None], None]
"""Told bytes done, and of how many, if that is known."""


def make_copy(
    data_dir: Path,
    log_url: str,
    to: Path,
    clock: Clock = SYSTEM,
    progress: Progress = lambda done, total: None,
) -> Path:
    """Copy a data folder into a new folder of ``to``; returns that one. Processes may run.

    Files that the newest copy in ``to`` has, too, are shared with it, where the disk can.

    Raises:
        ConfigError: there is nothing to copy, or ``to`` is in the history.
        Conflict: another copy is being made there.
        DiskFull: there is no room; what was there before stays.
        Corrupt: a database is damaged; the message names it.
    """
    if not data_dir.is_dir():
        raise ConfigError(f"{data_dir}: there is no data folder to copy")
    if (data_dir / HISTORY).resolve() in (to.resolve(), *to.resolve().parents):
        raise ConfigError(f"{to}: copies cannot lie in the history")
    to.mkdir(parents=True, exist_ok=True, mode=0o700)
    made_ms = clock.now_ms()
    whole = to / name_of(made_ms)
    new = whole.with_name(whole.name + PARTIAL)
    with room_for(new), _only_one(to):
        if whole.exists():
            raise Conflict(f"{whole} is there already: one copy a second")
        for left in to.glob(f"*{PARTIAL}"):  # of who was killed
            shutil.rmtree(left)
        new.mkdir(mode=0o700)
        try:
            manifest = _copied(data_dir, log_url, new, _earlier(to), made_ms, progress)
            write_atomically(new / FILE, msgspec.json.format(msgspec.json.encode(manifest)))
            sync_folder(new)
            new.rename(whole)
            sync_folder(to)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise
    return whole


def keep_newest(folder: Path, many: int) -> list[Path]:
    """Delete the oldest copies but for so many; returns those that are gone."""
    old = copies(folder)[:-many] if many > 0 else []
    for copy in old:
        shutil.rmtree(copy)
    return old


def _copied(
    data_dir: Path,
    log_url: str,
    new: Path,
    earlier: Mapping[str, tuple[Path, CopiedFile]],
    made_ms: int,
    progress: Progress,
) -> CopyManifest:
    log = path_of(log_url)
    log = log if log is not None and log.exists() else None
    positions = history_positions(log) if log else ()
    copying = _Copying(data_dir, new, earlier, progress)
    copying.run(log)
    return CopyManifest(
        version=__version__,
        made_ms=made_ms,
        source=str(data_dir.absolute()),
        log=log_url,
        has_log=log is not None,
        positions=positions,
        files=tuple(copying.files),
    )


class _Copying:
    """A copy that is being made: what is in it by now.

    Args:
        data_dir: what is copied.
        new: the folder of the copy.
        earlier: the files of the newest copy, by path.
        progress: is told the bytes that are there.
    """

    def __init__(
        self,
        data_dir: Path,
        new: Path,
        earlier: Mapping[str, tuple[Path, CopiedFile]],
        progress: Progress,
    ) -> None:
        self._data_dir, self._new, self._earlier = data_dir, new, earlier
        self._progress, self._done = progress, 0
        self.files: list[CopiedFile] = []

    def run(self, log: Path | None) -> None:
        """Copy everything: the log last, for it must reach further than the history.

        Args:
            log: the file of the log; None: it lies elsewhere.
        """
        databases: list[Path] = []
        for relative in plain_files(self._data_dir):
            if is_database(self._data_dir / relative):
                databases.append(relative)
            else:
                self._copy(self._data_dir / relative, relative)
        self._history()
        for relative in databases:
            self._database(self._data_dir / relative, relative)
        if log is not None and not log.resolve().is_relative_to(self._data_dir.resolve()):
            self._database(log, Path("log.db"))

    def _history(self) -> None:
        with _stage(self._data_dir) as stage:
            link_history(self._data_dir, stage)
            _keep_shape(stage, self._new / HISTORY)
            for path in sorted(p for p in stage.rglob("*") if p.is_file() and not p.is_symlink()):
                relative = Path(HISTORY) / path.relative_to(stage)
                if not self._share(path, relative):
                    self._copy(path, relative)

    def _share(self, path: Path, relative: Path) -> bool:
        """Share a part's file with the copy before: under one name it never changes."""
        before, known = self._earlier.get(str(relative), (None, None))
        if before is None or known is None or not _is_of_a_part(path):
            return False
        if path.stat().st_size != known.size:
            return False
        try:
            os.link(before, self._new / relative)
        except OSError:
            return False
        self._note(known)
        return True

    def _copy(self, path: Path, relative: Path) -> None:
        """Copy a file, durably; one that went away meanwhile is not in the copy."""
        to = self._new / relative
        to.parent.mkdir(parents=True, exist_ok=True)
        try:
            with path.open("rb") as source, to.open("xb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
                target.flush()
                os.fsync(target.fileno())
        except FileNotFoundError:
            return
        self._note(self._described(relative))

    def _database(self, path: Path, relative: Path) -> None:
        (self._new / relative).parent.mkdir(parents=True, exist_ok=True)
        copy_database(path, self._new / relative)
        self._note(self._described(relative))

    def _described(self, relative: Path) -> CopiedFile:
        path = self._new / relative
        path.chmod(0o600)
        return CopiedFile(str(relative), path.stat().st_size, digest_of(path))

    def _note(self, file: CopiedFile) -> None:
        self.files.append(file)
        self._done += file.size
        self._progress(self._done, None)


def history_positions(log: Path) -> tuple[HistoryPosition, ...]:
    """How far the history has committed what it read of an embedded log."""
    with our_errors(log), closing(read_only(log)) as connection:
        rows = connection.execute(
            "SELECT topic, partition, next FROM position WHERE group_name = ? ORDER BY 1, 2",
            (ARCHIVE.group,),
        )
        return tuple(HistoryPosition(*row) for row in rows)


def _earlier(to: Path) -> Mapping[str, tuple[Path, CopiedFile]]:
    """The files of the newest copy, by path."""
    if not (there := copies(to)):
        return {}
    newest = there[-1]
    return {file.path: (newest / file.path, file) for file in read_manifest(newest).files}


def _is_of_a_part(path: Path) -> bool:
    return (path.parent / "checksums.txt").exists() and path.name != "txn_version.txt"


def _keep_shape(stage: Path, to: Path) -> None:
    """The engine's folders, empty ones too, and its symbolic links to folders of its own."""
    to.mkdir(exist_ok=True)
    for path in stage.rglob("*"):
        here = to / path.relative_to(stage)
        if path.is_symlink():
            here.parent.mkdir(parents=True, exist_ok=True)
            here.symlink_to(path.readlink())
        elif path.is_dir():
            here.mkdir(parents=True, exist_ok=True)


@contextmanager
def _stage(data_dir: Path) -> Iterator[Path]:
    """A folder on the history's disk, for links to what is there now."""
    stage = data_dir / "run" / "backup-stage"
    shutil.rmtree(stage, ignore_errors=True)  # of who was killed
    stage.mkdir(parents=True, mode=0o700)
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)


@contextmanager
def _only_one(to: Path) -> Iterator[None]:
    """Let nobody else make a copy in this folder meanwhile."""
    with (to / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(f"{to}: a copy is being made there now") from None
        yield
