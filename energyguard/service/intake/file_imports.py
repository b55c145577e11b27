"""A file of readings that a person brings: looked at first, then taken in as readings of the past.

It is taken block by block, each under a key of its own: what was taken before, in a run that broke
off, is answered from memory and not taken twice; and readings that are known already count once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from threading import Event
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from energyguard.codecs.formats import encode
from energyguard.codecs.refusals import FILE_SHAPE, counted
from energyguard.errors import Conflict, EnergyGuardError, Overloaded, Unavailable
from energyguard.files.found import NO_ANSWERS, FileAnswers
from energyguard.model.readings import times_of
from energyguard.service.contract import Service
from energyguard.service.intake.file_previews import FilePreview, file_blocks, is_messages
from energyguard.service.intake.table_files import TableImport

MAX_FILE_BYTES: Final = 32 * 2**20
ROWS: Final = 16_384
"""Readings that are taken at once."""


class ImportState(StrEnum):
    """How far an import is."""

    RUNS = "runs"
    DONE = "done"
    FAILED = "failed"


@dataclass(slots=True)
class FileImport:
    """An import that runs, or is over.

    Attributes:
        name: the file's.
        by: whose it is.
        total: readings in the file.
        at_ms: wall time at which it began.
        done: readings taken so far.
        refused: rows that were not taken.
        state: how far it is.
        fault: why it stopped.
        id: by which it can be undone as a whole; of a domain's messages empty.
        devices: of its readings, by id.
        first_ms: the oldest reading, ms since 1970 UTC; None: none was taken yet.
        is_table: it has rows of a domain's table, and no readings.
    """

    name: str
    by: str
    total: int
    at_ms: int
    done: int = 0
    refused: int = 0
    state: ImportState = ImportState.RUNS
    fault: str = ""
    id: str = ""
    devices: tuple[str, ...] = ()
    first_ms: int | None = None
    is_table: bool = False
    _wait: Event = field(default_factory=Event)

    def run(
        self,
        service: Service,
        path: Path,
        answers: FileAnswers = NO_ANSWERS,
        seen: FilePreview | None = None,
    ) -> None:
        """Take a file in, all of it; in a thread.

        Args:
            service: takes the readings.
            path: the file.
            answers: what is said of it; its device is whose readings they are, where the file
                does not say so.
            seen: what was found when it was looked at: what was read then is not read again.
        """
        try:
            if is_messages(path):
                key = import_key([path], "")
                receipt = service.take_readings(
                    path.read_bytes(), None, f"file:{self.name}", key, sender=self.by
                )
                self.done = receipt.accepted
                self.refused = receipt.malformed + receipt.out_of_range
            elif seen is not None and seen.tables is not None:
                self.is_table = True
                self.id = import_id_of(import_key([path], answers.key()))
                of = TableImport(self.id, self.name, self.by, self.at_ms)
                receipt = service.take_table(seen.tables, path, answers, of)
                self.done, self.refused = receipt.accepted, receipt.malformed
            else:
                self._take(service, path, answers, seen)
        except EnergyGuardError as error:
            self.fault, self.state = str(error), ImportState.FAILED
        else:
            self.state = ImportState.DONE
        more = f"{self.done:,} readings, {self.refused:,} rows refused"
        more += f"; stopped: {self.fault}" if self.fault else ""
        service.audit.note("import", self.by, self.name, more)

    def _take(
        self, service: Service, path: Path, answers: FileAnswers, seen: FilePreview | None
    ) -> None:
        """Send blocks as Arrow, and refused rows as they came: these become dead letters."""
        part, key = 0, import_key([path], answers.key())
        self.id = import_id_of(key)
        if undone_by := service.corrections.import_undone_by(self.id):
            raise Conflict(
                f"this file was imported before, and undone by {undone_by!r}: undo that to have "
                "its readings again"
            )
        for shape, batch, refused in file_blocks(path, service, answers, seen):
            self._note(batch)
            for start in range(0, batch.num_rows, ROWS):
                rows = batch.slice(start, ROWS)
                self._send(service, encode(rows, "arrow"), "arrow", f"{key}-{part}")
                self.done += rows.num_rows
                part += 1
            self.refused += counted(refused)
            originals = [row.original for row in refused if row.original]
            if shape == FILE_SHAPE and refused:
                service.refuse_rows(refused, f"file:{self.name}", f"{key}-{part}")
                part += 1
            elif originals and self.done:
                body = b"\n".join(originals)
                self._send(service, body, shape, f"{key}-{part}", answers.device)
                part += 1

    def _note(self, batch: pa.RecordBatch) -> None:
        """Keep whose readings they are, and when the first was."""
        if batch.num_rows:
            first = int(times_of(batch).min())
            self.first_ms = first if self.first_ms is None else min(first, self.first_ms)
            names = pc.unique(batch.column("device")).to_pylist()
            self.devices = tuple(sorted({*self.devices, *names}))

    def _send(self, service: Service, data: bytes, shape: str, key: str, device: str = "") -> None:
        """Take a part; where there is no room for the moment, wait for it."""
        while True:
            try:
                service.take_readings(
                    data,
                    shape,
                    f"file:{self.name}",
                    key,
                    device,
                    self.by,
                    backfill=True,
                    import_id=self.id,
                )
                return
            except (Overloaded, Unavailable) as error:
                if not error.retry_after or error.retry_after > 60:
                    raise
                self._wait.wait(error.retry_after)


def import_key(paths: Sequence[Path], answers: str) -> str:
    """What an import is known by: the bytes of its files, and what was answered of them."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while data := file.read(2**20):
                digest.update(data)
    digest.update(answers.encode())
    return f"import-{digest.hexdigest()[:40]}"


def import_id_of(key: str) -> str:
    """By which an import can be undone: the same file again is the same import."""
    return key.removeprefix("import-")[:12]
