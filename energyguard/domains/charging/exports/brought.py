"""Exports that a person brings to the page: looked at, then taken."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Final

from energyguard.domains.charging.exports.counting import settle
from energyguard.domains.charging.exports.importer import (
    SHAPE,
    Export,
    Importer,
    letter,
    read_exports,
    why_useless,
)
from energyguard.domains.charging.exports.role_words import role_words
from energyguard.domains.charging.model import NANO
from energyguard.domains.charging.topics import IMPORTED
from energyguard.errors import Malformed
from energyguard.files.found import FileAnswers, check_doubts
from energyguard.log import Log
from energyguard.service.intake.table_files import TableImport, TableLook
from energyguard.service.views import Receipt


class SessionFiles:
    """Files of sessions."""

    def look(self, path: Path, answers: FileAnswers) -> TableLook:
        """What a file would become.

        Raises:
            Malformed: it cannot be read.
        """
        export = read_exports([path], answers)
        seconds = [s for session in export.sessions for s in (session.start, session.end)
                   if s is not None]  # fmt: skip
        first = next(iter(export.findings.values()), ())
        return TableLook(
            rows=len(export.sessions),
            refused=tuple(letter(session) for session in export.refused),
            devices=tuple(sorted({s.charger or s.station for s in export.sessions})),
            first_ms=min(seconds) * 1_000 if seconds else None,
            last_ms=max(seconds) * 1_000 if seconds else None,
            kwh=sum(session.energy or 0 for session in export.sessions) / NANO,
            head=_head(export),
            findings=tuple(found for found in first if found.what != "column"),
            doubts=tuple(export.doubts),
            columns=export.columns,
        )

    def take(self, log: Log, path: Path, answers: FileAnswers, of: TableImport) -> Receipt:
        """Take a file in.

        Raises:
            Malformed: it leaves a question open, or nothing of it could be taken.
            Unavailable: the log takes nothing now.
        """
        export = read_exports([path], answers)
        check_doubts(path.name, export.doubts)
        Importer(log, of=of).put(export)
        if why := why_useless(export):
            raise Malformed(why, "file")
        return Receipt(len(export.sessions), len(export.refused), 0, IMPORTED.name, SHAPE)

    def settle(self, log: Log, import_id: str, undone: Collection[str]) -> None:
        """Let of the sessions of an import those count that an import brought that counts.

        Raises:
            Unavailable: the log takes nothing now.
        """
        settle(log, import_id, undone)

    def role_words(self) -> Mapping[str, str]:
        """What a column may be, in the reader's language."""
        return role_words()


def _head(export: Export) -> tuple[str, ...]:
    """The first rows, as they stand there."""
    rows: Iterable[str] = (session.original for session in export.every[:6])
    return tuple(rows)


FILES: Final = SessionFiles()
