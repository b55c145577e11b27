"""Copies of the data folder, for people who cannot or need not use a shell."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

from energyguard.audit import Audit
from energyguard.backup.make import keep_newest, make_copy
from energyguard.backup.manifest import copies, faults_of, read_manifest
from energyguard.backup.requests import RestoreRequest, leave_request
from energyguard.clock import Clock
from energyguard.errors import Conflict, Corrupt, EnergyGuardError, NotFound, Unavailable
from energyguard.processes.registry import living
from energyguard.service.views import BackupView
from energyguard.settings.tree import Settings


class FolderBackups:
    """The copies in the folder of the settings. Slow: call from a thread.

    Args:
        settings: the data folder, and where its copies lie.
        audit: takes note of who made one, and who has one put back.
        clock: the wall clock.
    """

    def __init__(self, settings: Settings, audit: Audit, clock: Clock) -> None:
        self._settings, self._audit, self._clock = settings, audit, clock
        self._making = Lock()

    def all(self) -> list[BackupView]:
        """The copies, the newest first."""
        found = [self._view(copy) for copy in copies(self._settings.backup_dir)]
        return found[::-1]

    def make(self, by: str) -> BackupView:
        """Copy the data folder, while everything runs.

        Args:
            by: who wants it.

        Raises:
            Conflict: a copy is being made now.
            DiskFull: there is no room; those of before stay.
        """
        if not self._making.acquire(blocking=False):
            raise Conflict("a copy is being made now; wait until it is there")
        try:
            here = self._settings
            copy = make_copy(here.data_dir, here.log_url, here.backup_dir, self._clock)
            keep_newest(here.backup_dir, here.backup.keep)
        finally:
            self._making.release()
        self._audit.note("copy made", by, copy.name)
        return self._view(copy)

    def restore(self, name: str, by: str) -> BackupView:
        """Have a copy put back: everything stops, and starts again with what was then.

        What is there now is kept under another name.

        Raises:
            NotFound: there is no copy of this name.
            Corrupt: it is damaged; nothing is done.
            Unavailable: nobody is there who could stop the processes and start them again.
        """
        copy = self._named(name)
        if faults := list(faults_of(copy)):
            raise Corrupt(f"the copy {name}: {faults[0]}; nothing was put back")
        if not any(process.role == "up" for process in living(self._settings.data_dir)):
            raise Unavailable(
                "only `energyguard up` can stop everything and start it again; where roles run by "
                f"themselves, stop them and use `energyguard restore {copy} --replace`"
            )
        self._audit.note("restore wanted", by, name)
        leave_request(self._settings.data_dir, RestoreRequest(str(copy.absolute()), by))
        return self._view(copy)

    def _named(self, name: str) -> Path:
        for copy in copies(self._settings.backup_dir):
            if copy.name == name:
                return copy
        raise NotFound(f"no copy {name!r}; `GET /api/v1/backups` lists them")

    def _view(self, copy: Path) -> BackupView:
        try:
            manifest = read_manifest(copy)
        except EnergyGuardError as error:
            return BackupView(name=copy.name, fault=str(error))
        return BackupView(
            name=copy.name,
            made_ms=manifest.made_ms,
            bytes=manifest.size,
            files=len(manifest.files),
            version=manifest.version,
        )
