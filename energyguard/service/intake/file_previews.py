"""A file of readings that a person brings, looked at: what it would become; nothing is stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from energyguard.codecs import RefusedRow
from energyguard.codecs.files import first_block, read_blocks
from energyguard.codecs.formats import HEAD_BYTES, plain, shape_of
from energyguard.codecs.refusals import FILE_SHAPE, counted
from energyguard.codecs.value_kinds import LOOKED_AT, registers_among, registers_hint
from energyguard.domain import FileTables
from energyguard.files.found import (
    NO_ANSWERS,
    FileAnswers,
    FileColumn,
    FileDoubt,
    FileFinding,
    FileReadings,
    check_doubts,
)
from energyguard.files.known_tables import OtherTable
from energyguard.files.read import read_file
from energyguard.intake.messages import recognised
from energyguard.model.channels import CHANNELS, Kind
from energyguard.model.quantities import NANO
from energyguard.model.readings import SCHEMA, Verdict, times_of
from energyguard.service.contract import Service
from energyguard.service.intake.file_courses import CourseSums, FileCourse
from energyguard.service.intake.table_files import files_of

SHOWN_LINES: Final = 6
KEPT_REFUSED: Final = 1_000
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
        columns: of a table: what each was read as.
        course: what its readings come to, by the hour; None: it has none.
        answers: what was said of it when it was looked at.
        read: the file, where all of it was read at once: it need not be read again.
        tables: it has a domain's tables, no readings: ``readings`` are their rows.
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
    columns: tuple[FileColumn, ...] = ()
    course: FileCourse | None = None
    answers: FileAnswers = NO_ANSWERS
    read: FileReadings | None = None
    tables: FileTables | None = None

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
    try:
        found = read_file(path, answers, service.settings.wire)
    except OtherTable as other:
        return _tables_in(path, other.tables, answers)
    sums = _Sums()
    for block in _blocks_of(path, service, answers.device, found):
        sums.add(block)
    return FilePreview(
        name=path.name,
        dialect=found.format if found else sums.dialect,
        readings=sums.readings,
        devices=tuple(sorted(sums.devices - {""})),
        channels=tuple(sorted(sums.channels)),
        first_ms=sums.first_ms,
        last_ms=sums.last_ms,
        kwh=sums.kwh,
        names_device=found.names_device if found else not _needs_device(path),
        refused=tuple(sums.refused),
        refused_rows=sums.refused_rows,
        head=found.head if found else _lines(first_block(path)),
        findings=(*(found.findings if found else ()), *sums.like_registers()),
        doubts=found.doubts if found else (),
        first=sums.first,
        columns=found.columns if found else (),
        course=sums.course.course(),
        answers=answers,
        read=found,
    )


def _tables_in(path: Path, tables: FileTables, answers: FileAnswers) -> FilePreview:
    """A file of a domain's tables, as the domain sees it."""
    look = files_of(tables).look(path, answers)
    return FilePreview(
        name=path.name,
        dialect=tables.command.rpartition(" ")[2],
        readings=look.rows,
        devices=look.devices,
        channels=(),
        first_ms=look.first_ms,
        last_ms=look.last_ms,
        kwh=look.kwh,
        names_device=True,
        refused=look.refused[:KEPT_REFUSED],
        refused_rows=len(look.refused),
        head=look.head,
        findings=look.findings,
        doubts=look.doubts,
        columns=look.columns,
        answers=answers,
        tables=tables,
    )


@dataclass(slots=True)
class _Sums:
    """What the blocks of a file come to so far."""

    dialect: str = ""
    readings: int = 0
    refused_rows: int = 0
    devices: set[str] = field(default_factory=set)
    channels: set[str] = field(default_factory=set)
    first_ms: int | None = None
    last_ms: int | None = None
    kwh: float | None = None
    refused: list[RefusedRow] = field(default_factory=list)
    first: pa.RecordBatch | None = None
    course: CourseSums = field(default_factory=CourseSums)
    beginning: list[pa.RecordBatch] = field(default_factory=list)

    def add(self, block: FileBlock) -> None:
        """Add a block."""
        batch = block.batch
        self.dialect = block.shape.partition("@")[0]
        self.readings += batch.num_rows
        self.refused_rows += counted(block.refused)
        self.refused += block.refused[: KEPT_REFUSED - len(self.refused)]
        if not batch.num_rows:
            return
        self.first = batch.slice(0, SHOWN_READINGS) if self.first is None else self.first
        self.devices.update(pc.unique(batch.column("device")).to_pylist())
        self.channels.update(pc.unique(batch.column("channel")).to_pylist())
        times = times_of(batch)
        first, last = int(times.min()), int(times.max())
        self.first_ms = first if self.first_ms is None else min(first, self.first_ms)
        self.last_ms = last if self.last_ms is None else max(last, self.last_ms)
        self.kwh = _more(self.kwh, batch)
        self.course.add(batch)
        if sum(map(len, self.beginning)) < LOOKED_AT:
            self.beginning.append(batch)

    def like_registers(self) -> list[FileFinding]:
        """Devices whose energies look like a register's."""
        hint = registers_hint(registers_among(self.beginning))
        return [FileFinding("values", "like a register", hint)] if hint else []


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


def file_blocks(
    path: Path, service: Service, answers: FileAnswers, seen: FilePreview | None = None
) -> Iterator[FileBlock]:
    """A file's readings, block by block.

    Args:
        path: the file.
        service: whose limits count.
        answers: what is said of it.
        seen: what was found when it was looked at; with the same answers it is not read again.

    Raises:
        NotFound: it cannot be read.
        Malformed: it is of no format that is known, damaged, or leaves a question open.
    """
    if seen is not None and seen.read is not None and seen.answers == answers:
        found: FileReadings | None = seen.read
    else:
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
