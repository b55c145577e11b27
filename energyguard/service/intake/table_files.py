"""Files of a domain's tables that are no readings: looked at, then taken by the domain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from energyguard.codecs import RefusedRow
from energyguard.domain import FileTables, load
from energyguard.files.found import FileAnswers, FileColumn, FileDoubt, FileFinding
from energyguard.log import Log
from energyguard.service.views import Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class TableLook:
    """What a file would become; nothing of it is stored.

    Attributes:
        rows: how many of its rows can be taken.
        refused: those that cannot.
        devices: whose they are, by name.
        first_ms, last_ms: the oldest and the newest, ms since 1970 UTC; None: there is none.
        kwh: their energy.
        head: its first lines.
        findings, doubts: what was found out, and what is open.
        columns: what each was read as.
    """

    rows: int
    refused: tuple[RefusedRow, ...]
    devices: tuple[str, ...]
    first_ms: int | None
    last_ms: int | None
    kwh: float
    head: tuple[str, ...]
    findings: tuple[FileFinding, ...]
    doubts: tuple[FileDoubt, ...]
    columns: tuple[FileColumn, ...]


class TableFiles(Protocol):
    """How a domain takes files of its tables."""

    def look(self, path: Path, answers: FileAnswers) -> TableLook:
        """What a file would become.

        Raises:
            Malformed: it cannot be read.
        """
        ...

    def take(self, log: Log, path: Path, answers: FileAnswers) -> Receipt:
        """Take a file in; durable when it returns. The same file again changes nothing.

        Raises:
            Malformed: it cannot be read, or leaves a question open.
            Unavailable: the log takes nothing now.
        """
        ...

    def role_words(self) -> Mapping[str, str]:
        """What a column may be, in the reader's language."""
        ...


def files_of(tables: FileTables) -> TableFiles:
    """How files of such tables are taken."""
    found: TableFiles = load(tables.files)
    return found
