"""Which version a data folder is of: ``folder.json``. A newer one is refused, an older one copied.

What a version writes, the one before it may not be able to read. So before ``up`` first opens a
folder of an older version it makes a copy, and notes it: whoever goes back is told where it lies.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from energyguard import __version__
from energyguard.backup.make import make_copy
from energyguard.durable.atomic import free_bytes, write_atomically
from energyguard.errors import ConfigError, EnergyGuardError
from energyguard.settings.tree import Settings

FILE = "folder.json"
FORMAT = 2
"""Grows when an older version cannot read what this one writes. 1: before there was this file."""


class FolderVersion(msgspec.Struct, frozen=True):
    """What opened a data folder last."""

    format: int
    version: str
    copy_before: str = ""
    """The copy that was made before it was opened; empty: there is none."""


def folder_version(data_dir: Path) -> FolderVersion | None:
    """What opened a folder last; None: nothing yet, or a version that did not say."""
    try:
        return msgspec.json.decode((data_dir / FILE).read_bytes(), type=FolderVersion)
    except (OSError, msgspec.DecodeError):
        return None


def refuse_newer(data_dir: Path) -> None:
    """Refuse a folder that a newer version has written.

    Raises:
        ConfigError: it has; the message names the copy of before.
    """
    found = folder_version(data_dir)
    if found is not None and found.format > FORMAT:
        copy = found.copy_before
        way = f"`energyguard restore {copy} --replace`" if copy else "a copy of before it"
        raise ConfigError(
            f"{data_dir} is of EnergyGuard {found.version}, and this is {__version__}, which is "
            f"older: install the newer one, or put back {way}"
        )


def copy_older(settings: Settings, say: Callable[[str], None]) -> None:
    """Make a copy of a folder of an older version, if there is room, and note who opens it now.

    Raises:
        ConfigError: the folder is of a newer version.
    """
    data_dir = settings.data_dir
    refuse_newer(data_dir)
    found = folder_version(data_dir)
    if found is not None and found.format == FORMAT:
        return
    copy = ""
    if (data_dir / "log.db").exists() or (data_dir / "history").exists():
        copy = _copied(settings, say)
    data_dir.mkdir(parents=True, exist_ok=True)
    noted = FolderVersion(FORMAT, __version__, copy)
    write_atomically(data_dir / FILE, msgspec.json.encode(noted))


def _copied(settings: Settings, say: Callable[[str], None]) -> str:
    size = sum(path.stat().st_size for path in settings.data_dir.rglob("*") if path.is_file())
    if free_bytes(settings.data_dir) < 2 * size:
        say(
            f"{settings.data_dir} is of an older version, and there is no room for a copy of it "
            f"({2 * size:,} bytes): it is opened without one"
        )
        return ""
    say(f"{settings.data_dir} is of an older version: a copy is made before it is opened")
    try:
        copy = make_copy(settings.data_dir, settings.log_url, settings.backup_dir)
    except EnergyGuardError as error:
        say(f"no copy could be made ({error}): it is opened without one")
        return ""
    say(f"the copy is {copy}")
    return str(copy.absolute())
