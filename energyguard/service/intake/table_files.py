"""Files of a domain's tables that are no readings: looked at, then taken by the domain."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from energyguard.codecs import RefusedRow
from energyguard.domain import FileTables, installed, load
from energyguard.files.found import FileAnswers, FileColumn, FileDoubt, FileFinding
from energyguard.log import Log
from energyguard.service.views import Receipt


class TableImport(NamedTuple):
    """An import of files of tables, which can be undone as a whole.

    Attributes:
        id: the same files again are the same import; empty: it cannot be undone.
        file: the names of the files.
        by: who brings them.
        at_ms: wall time.
    """

    id: str = ""
    file: str = ""
    by: str = ""
    at_ms: int = 0


NO_IMPORT: Final = TableImport()


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

    def take(self, log: Log, path: Path, answers: FileAnswers, of: TableImport) -> Receipt:
        """Take a file in; durable when it returns. The same file again changes nothing.

        If its import was undone, the file brings back what it tells, and the import counts again.

        Raises:
            Malformed: it cannot be read, or leaves a question open.
            Unavailable: the log takes nothing now.
        """
        ...

    def settle(self, log: Log, import_id: str, undone: Collection[str]) -> None:
        """Let of the rows of an import those count that an import brought that is not undone.

        Doing it again changes nothing.

        Args:
            log: where rows are withdrawn, or told anew.
            import_id: of which import; one of readings has no rows.
            undone: the ids of all imports that do not count.

        Raises:
            Unavailable: the log takes nothing now.
        """
        ...

    def role_words(self) -> Mapping[str, str]:
        """What a column may be, in the reader's language."""
        ...


def settle_tables(log: Log, import_id: str, undone: Collection[str]) -> None:
    """Let every domain withdraw what only imports brought that are undone."""
    for domain in installed():
        for tables in domain.tables:
            files_of(tables).settle(log, import_id, undone)


def files_of(tables: FileTables) -> TableFiles:
    """How files of such tables are taken."""
    found: TableFiles = load(tables.files)
    return found
