"""A file of readings that a person brings, looked at: what it would become; nothing is stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from energyguard.codecs import RefusedRow
from energyguard.codecs.files import first_block, read_blocks
from energyguard.codecs.formats import HEAD_BYTES, plain, shape_of
from energyguard.codecs.refusals import FILE_SHAPE, counted
from energyguard.files.found import (
    NO_ANSWERS,
    FileAnswers,
    FileDoubt,
    FileFinding,
    FileReadings,
    check_doubts,
)
from energyguard.files.read import read_file
from energyguard.intake.messages import recognised
from energyguard.model.channels import CHANNELS, Kind
from energyguard.model.quantities import NANO
from energyguard.model.readings import SCHEMA, Verdict, times_of
from energyguard.service.contract import Service

SHOWN_LINES: Final = 6
SHOWN_REFUSED: Final = 20
SHOWN_READINGS: Final = 5


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
        findings: what was found out of it, and why.
        doubts: what it leaves open; with one it is not taken.
        first: its first readings.
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
    findings: tuple[FileFinding, ...] = ()
    doubts: tuple[FileDoubt, ...] = ()
    first: pa.RecordBatch | None = None

    def check(self) -> None:
        """Let a file without doubts pass.

        Raises:
            Malformed: it leaves a question open; the sentence has the option that answers it.
        """
        check_doubts(self.name, self.doubts)


class FileBlock(NamedTuple):
    """Some of a file's readings, and the rows refused; ``shape`` is that of these rows."""

    shape: str
    batch: pa.RecordBatch
    refused: list[RefusedRow]


def preview(path: Path, service: Service, answers: FileAnswers = NO_ANSWERS) -> FilePreview:
    """Look at a file: what it would become, and what is in doubt.

    Raises:
        NotFound: it cannot be read.
        Malformed: it is of no format that is known, or damaged.
    """
    if is_messages(path):
        head = _lines(first_block(path))
        return FilePreview(
            path.name, "", 0, (), (), None, None, None, True, (), 0, head, messages=True
        )
    found = read_file(path, answers, service.settings.wire)
    dialect = ""
    readings = refused_rows = 0
    devices, channels = set[str](), set[str]()
    firsts, lasts = list[int](), list[int]()
    kwh: float | None = None
    refused: list[RefusedRow] = []
    first: pa.RecordBatch | None = None
    for shape, batch, rows in _blocks_of(path, service, answers.device, found):
        dialect = shape.partition("@")[0]
        readings += batch.num_rows
        refused_rows += counted(rows)
        refused += rows[: SHOWN_REFUSED - len(refused)]
        if batch.num_rows:
            first = batch.slice(0, SHOWN_READINGS) if first is None else first
            devices.update(pc.unique(batch.column("device")).to_pylist())
            channels.update(pc.unique(batch.column("channel")).to_pylist())
            times = times_of(batch)
            firsts.append(int(times.min()))
            lasts.append(int(times.max()))
            kwh = _more(kwh, batch)
    return FilePreview(
        name=path.name,
        dialect=found.format if found else dialect,
        readings=readings,
        devices=tuple(sorted(devices - {""})),
        channels=tuple(sorted(channels)),
        first_ms=min(firsts, default=None),
        last_ms=max(lasts, default=None),
        kwh=kwh,
        names_device=found.names_device if found else not _needs_device(path),
        refused=tuple(refused),
        refused_rows=refused_rows,
        head=found.head if found else _lines(first_block(path)),
        findings=found.findings if found else (),
        doubts=found.doubts if found else (),
        first=first,
    )


def not_understood(path: Path, why: str) -> FilePreview:
    """A file of which nothing can be taken, and why."""
    bad = RefusedRow(1, Verdict.MALFORMED, "file", why, b"")
    head = _lines(first_block(path))
    return FilePreview(path.name, "", 0, (), (), None, None, None, True, (bad,), 1, head)


def _more(kwh: float | None, batch: pa.RecordBatch) -> float | None:
    """The energy of intervals so far."""
    names = [name for name, channel in CHANNELS.items() if channel.kind is Kind.INTERVAL]
    found = batch.filter(pc.is_in(batch.column("channel"), pa.array(names)))
    if not found.num_rows:
        return kwh
    return (kwh or 0.0) + (pc.sum(found.column("value")).as_py() or 0) / NANO


def file_blocks(path: Path, service: Service, answers: FileAnswers) -> Iterator[FileBlock]:
    """A file's readings, block by block.

    Raises:
        NotFound: it cannot be read.
        Malformed: it is of no format that is known, damaged, or leaves a question open.
    """
    found = read_file(path, answers, service.settings.wire)
    if found is not None:
        check_doubts(path.name, found.doubts)
    yield from _blocks_of(path, service, answers.device, found)


def _blocks_of(
    path: Path, service: Service, device: str, found: FileReadings | None
) -> Iterator[FileBlock]:
    if found is not None:
        yield FileBlock(FILE_SHAPE, found.decoded.batch, list(found.decoded.refused))
        return
    for shape, decoded in read_blocks(path, limits=service.settings.wire):
        batch = decoded.batch
        if device and batch.num_rows:
            names = pa.array([device] * batch.num_rows, batch.column("device").type)
            batch = batch.set_column(0, SCHEMA.field("device"), names)
        yield FileBlock(shape, batch, list(decoded.refused))


def is_messages(path: Path) -> bool:
    """Whether a file is a domain's export, and holds no readings."""
    with path.open("rb") as file:
        return recognised(file.read(HEAD_BYTES)) is not None


def _needs_device(path: Path) -> bool:
    return shape_of(first_block(path), None).needs_device


def _lines(head: bytes) -> tuple[str, ...]:
    """The first lines, as they came; of what is no text none."""
    if b"\0" in head:
        return ()
    found: Iterable[bytes] = plain(head).split(b"\n")[:SHOWN_LINES]
    return tuple(line.decode("utf-8", "backslashreplace").rstrip("\r") for line in found)
