"""``backup``, ``restore``, ``verify``: copies of the data folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from energyguard.cli.terminal.call import Call
from energyguard.cli.terminal.noting import note
from energyguard.cli.terminal.output import at, progress

Copy = Annotated[Path, typer.Argument(help="The folder of a copy: `…/energyguard-20261130T…Z`.")]


def backup(
    call: Call,
    to: Annotated[
        Path | None,
        typer.Argument(help="A folder for copies.", show_default="backup.to, else its `backups`"),
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the copies there instead.")] = False,
) -> None:
    """Copy the data folder, while everything runs."""
    from energyguard.backup.make import make_copy
    from energyguard.backup.manifest import copies, read_manifest

    settings = call.settings
    folder = to or settings.backup_dir
    if list_:
        found = [(copy, read_manifest(copy)) for copy in copies(folder)]
        rows = [
            {"copy": str(copy), "made": at(one.made_ms), "bytes": one.size, "version": one.version}
            for copy, one in found
        ]
        call.out.rows(rows, empty=f"no copies in {folder}")
        return
    with progress("backup", "bytes") as report:
        copy = make_copy(settings.data_dir, settings.log_url, folder, progress=report)
    note(call, "copy made", copy.name)
    size = read_manifest(copy).size
    call.out.done(f"{copy}: {size:,} bytes", copy=str(copy), bytes=size)


def restore(
    call: Call,
    copy: Copy,
    replace: Annotated[
        bool, typer.Option("--replace", help="Keep the folder that is there under another name.")
    ] = False,
) -> None:
    """Put a copy back as the data folder; nothing may run there."""
    from energyguard.backup import restore as restoring
    from energyguard.backup.manifest import read_manifest
    from energyguard.pipeline import ARCHIVE

    settings = call.settings
    read_to: dict[str, int] = {}
    if not read_manifest(copy).has_log:
        with call.log() as log:
            found = (log.positions(topic, ARCHIVE.group) for topic in ARCHIVE.topics)
            read_to = {f"{at.topic}/{at.partition}": n for some in found for at, n in some.items()}
    with progress("restore", "bytes") as report:
        aside = restoring.restore(
            copy, settings.data_dir, replace=replace, read_to=read_to, progress=report
        )
    note(call, "copy put back", copy.name, f"before: {aside}" if aside else "")
    kept = f"; what was there is {aside} now" if aside else ""
    call.out.done(
        f"{settings.data_dir} is as it was in {copy.name}{kept}",
        data_dir=str(settings.data_dir),
        aside=str(aside) if aside else None,
    )


def verify(call: Call, copy: Copy) -> None:
    """Read every byte of a copy, and see that it is as it was."""
    from energyguard.backup.manifest import faults_of, read_manifest
    from energyguard.errors import Corrupt

    found = read_manifest(copy)
    if faults := list(faults_of(copy)):
        raise Corrupt(f"{copy}: " + "; ".join(faults[:5]) + (" …" if len(faults) > 5 else ""))
    call.out.done(
        f"{copy} is whole: {len(found.files):,} files, {found.size:,} bytes, of {found.made}",
        files=len(found.files),
        bytes=found.size,
        made=at(found.made_ms),
    )
