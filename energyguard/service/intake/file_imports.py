"""A file of readings that a person brings: looked at first, then taken in as readings of the past.

It is taken block by block, each under a key of its own: what was taken before, in a run that broke
off, is answered from memory and not taken twice; and readings that are known already count once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from threading import Event
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from energyguard.codecs import RefusedRow
from energyguard.codecs.files import read_blocks
from energyguard.codecs.formats import HEAD_BYTES, encode, plain, shape_of
from energyguard.codecs.refusals import counted
from energyguard.codecs.sources import device_of
from energyguard.codecs.workbooks import is_workbook, workbook_as_csv
from energyguard.errors import Conflict, EnergyGuardError, Overloaded, Unavailable
from energyguard.intake.messages import recognised
from energyguard.model.channels import CHANNELS, Kind
from energyguard.model.quantities import NANO
from energyguard.model.readings import SCHEMA, times_of
from energyguard.service.contract import Service

MAX_FILE_BYTES: Final = 32 * 2**20
ROWS: Final = 16_384
"""Readings that are taken at once."""
SHOWN_LINES: Final = 6
SHOWN_REFUSED: Final = 20
_GZIP = b"\x1f\x8b"


class ImportState(StrEnum):
    """How far an import is."""

    RUNS = "runs"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class FilePreview:
    """What a file would become; nothing of it is stored.

    Attributes:
        name: the file's.
        dialect: how it was read: ``csv:time,power_w``.
        readings: how many.
        devices: their ids, by name.
        channels: what they measure, by name.
        first_ms, last_ms: the oldest and the newest reading, ms since 1970 UTC; None: none.
        kwh: the energy of its intervals; None: it has none.
        names_device: whether the file says whose readings they are.
        refused: the first rows that cannot be taken.
        refused_rows: how many there are.
        head: its first lines.
        messages: it is a domain's export, not readings: it is taken as it is.
    """

    name: str
    dialect: str
    readings: int
    devices: tuple[str, ...]
    channels: tuple[str, ...]
    first_ms: int | None
    last_ms: int | None
    kwh: float | None
    names_device: bool
    refused: tuple[RefusedRow, ...]
    refused_rows: int
    head: tuple[str, ...]
    messages: bool = False


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
    _wait: Event = field(default_factory=Event)

    def run(self, service: Service, path: Path, device: str = "") -> None:
        """Take a file in, all of it; in a thread.

        Args:
            service: takes the readings.
            path: the file.
            device: whose readings they are, where the file does not say so.
        """
        try:
            if _is_messages(path):
                receipt = service.take_readings(
                    path.read_bytes(), None, f"file:{self.name}", _key(path, ""), sender=self.by
                )
                self.done = receipt.accepted
                self.refused = receipt.malformed + receipt.out_of_range
            else:
                self._take(service, path, device)
        except EnergyGuardError as error:
            self.fault, self.state = str(error), ImportState.FAILED
        else:
            self.state = ImportState.DONE
        more = f"{self.done:,} readings, {self.refused:,} rows refused"
        more += f"; stopped: {self.fault}" if self.fault else ""
        service.audit.note("import", self.by, self.name, more)

    def _take(self, service: Service, path: Path, device: str) -> None:
        """Send blocks as Arrow, and refused rows as they came: these become dead letters."""
        part, key = 0, _key(path, device)
        self.id = import_id_of(key)
        if undone_by := service.corrections.import_undone_by(self.id):
            raise Conflict(
                f"this file was imported before, and undone by {undone_by!r}: undo that to have "
                "its readings again"
            )
        for shape, batch, refused in _blocks(path, service, device):
            for start in range(0, batch.num_rows, ROWS):
                rows = batch.slice(start, ROWS)
                self._send(service, encode(rows, "arrow"), "arrow", f"{key}-{part}")
                self.done += rows.num_rows
                part += 1
            self.refused += counted(refused)
            originals = [row.original for row in refused if row.original]
            if originals and self.done:
                body = b"\n".join(originals)
                whose = device or device_of(path)
                self._send(service, body, shape, f"{key}-{part}", whose)
                part += 1

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


def unfold_workbook(path: Path, zone: str) -> None:
    """Make of a workbook (XLSX), where a file is one, the CSV that it would be, in its place.

    Args:
        path: the file; its name stays.
        zone: of a workbook's times, which have none of their own.

    Raises:
        Malformed: it is a workbook that cannot be read, or has no rows.
    """
    if is_workbook(path):
        path.write_bytes(workbook_as_csv(path, zone))


def preview(path: Path, service: Service) -> FilePreview:
    """Look at a file: what it would become, and what is in doubt.

    Raises:
        NotFound: it cannot be read.
    """
    head = _head(path)
    if _is_messages(path):
        return FilePreview(
            path.name, "", 0, (), (), None, None, None, True, (), 0, _lines(head), messages=True
        )
    dialect = ""
    readings = refused_rows = 0
    devices: set[str] = set()
    channels: set[str] = set()
    firsts: list[int] = []
    lasts: list[int] = []
    kwh: float | None = None
    refused: list[RefusedRow] = []
    for shape, batch, rows in _blocks(path, service, ""):
        dialect = shape.partition("@")[0]
        readings += batch.num_rows
        refused_rows += counted(rows)
        refused += rows[: SHOWN_REFUSED - len(refused)]
        if batch.num_rows:
            devices.update(pc.unique(batch.column("device")).to_pylist())
            channels.update(pc.unique(batch.column("channel")).to_pylist())
            times = times_of(batch)
            firsts.append(int(times.min()))
            lasts.append(int(times.max()))
            kwh = _more(kwh, batch)
    return FilePreview(
        name=path.name,
        dialect=dialect,
        readings=readings,
        devices=tuple(sorted(devices)),
        channels=tuple(sorted(channels)),
        first_ms=min(firsts, default=None),
        last_ms=max(lasts, default=None),
        kwh=kwh,
        names_device=not _needs_device(head),
        refused=tuple(refused),
        refused_rows=refused_rows,
        head=_lines(head),
    )


def _more(kwh: float | None, batch: pa.RecordBatch) -> float | None:
    """The energy of intervals so far."""
    names = [name for name, channel in CHANNELS.items() if channel.kind is Kind.INTERVAL]
    found = batch.filter(pc.is_in(batch.column("channel"), pa.array(names)))
    if not found.num_rows:
        return kwh
    return (kwh or 0.0) + (pc.sum(found.column("value")).as_py() or 0) / NANO


def _blocks(
    path: Path, service: Service, device: str
) -> Iterator[tuple[str, pa.RecordBatch, list[RefusedRow]]]:
    """A file's readings, block by block, with the rows that were refused."""
    for shape, decoded in read_blocks(path, limits=service.settings.wire):
        batch = decoded.batch
        if device and batch.num_rows:
            names = pa.array([device] * batch.num_rows, batch.column("device").type)
            batch = batch.set_column(0, SCHEMA.field("device"), names)
        yield shape, batch, list(decoded.refused)


def _key(path: Path, device: str) -> str:
    """What an import is known by: the bytes of the file, and whose they are said to be."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    digest.update(device.encode())
    return f"import-{digest.hexdigest()[:40]}"


def import_id_of(key: str) -> str:
    """By which an import can be undone: the same file again is the same import."""
    return key.removeprefix("import-")[:12]


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)


def _is_messages(path: Path) -> bool:
    return recognised(_head(path)) is not None


def _needs_device(head: bytes) -> bool:
    return not head.startswith(_GZIP) and shape_of(head, None).needs_device


def _lines(head: bytes) -> tuple[str, ...]:
    """The first lines, as they came; of what is no text none."""
    if head.startswith(_GZIP) or b"\0" in head:
        return ()
    found: Iterable[bytes] = plain(head).split(b"\n")[:SHOWN_LINES]
    return tuple(line.decode("utf-8", "backslashreplace").rstrip("\r") for line in found)
