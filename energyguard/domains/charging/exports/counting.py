"""Which imported sessions count: an import is undone as a whole, and counts again.

A session counts as long as an import that counts brought it, as the best of these tells it. What
counts no more is withdrawn, and what counts again or otherwise is told anew: the next revision of
its record in each case. All follows from the log and the imports that are undone.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Sequence
from typing import Final

from energyguard.audit import AuditTrail
from energyguard.clock import SYSTEM
from energyguard.domains.charging.exports.known import Known
from energyguard.domains.charging.records.stations import IMPORTED_SESSION, Imported
from energyguard.domains.charging.topics import IMPORTED
from energyguard.history.corrections.correction_book import CorrectionBook
from energyguard.log import EARLIEST, Log, Records
from energyguard.model.topics import CORRECTIONS
from energyguard.records.corrections import CORRECTION, Correction
from energyguard.service.intake.table_files import TableImport

_AT_ONCE: Final = 5_000
_AGAIN: Final = "the same file was imported again"


def settle(log: Log, import_id: str, undone: Collection[str]) -> None:
    """Let of the sessions of an import those count that an import brought that is not undone.

    Args:
        log: has the sessions; doing it again appends nothing.
        import_id: which import was undone, or counts again.
        undone: the ids of all imports that do not count.

    Raises:
        Unavailable: the log takes nothing now; doing it again goes on.
    """
    append_sessions(log, Known(log).settled(import_id, undone))


def append_sessions(
    log: Log, sessions: Sequence[Imported], on_done: Callable[[int], None] = lambda _done: None
) -> None:
    """Append records of sessions; durable on return.

    Raises:
        Unavailable: the log takes nothing now.
    """
    for start in range(0, len(sessions), _AT_ONCE):
        some = sessions[start : start + _AT_ONCE]
        keys = [session.charger.encode() for session in some]
        values = [IMPORTED_SESSION.encode(session) for session in some]
        log.append(IMPORTED.name, Records(keys, values))
        on_done(start + len(some))


def count_again(log: Log, of: TableImport) -> None:
    """Take back that an import is undone: its file was brought again, and its sessions are there.

    Raises:
        Unavailable: the log takes nothing now; importing it again goes on.
    """
    while (undone := _book(log).of_import(of.id)) is not None:
        again = Correction(
            id=secrets.token_hex(4), at_ms=of.at_ms, by=of.by, why=_AGAIN, undoes=undone.id
        )
        log.append(CORRECTIONS.name, Records([undone.id.encode()], [CORRECTION.encode(again)]))
        AuditTrail(log, SYSTEM).note(
            "undo of a correction", of.by, undone.id, f"{again.id} {_AGAIN}"
        )


def _book(log: Log) -> CorrectionBook:
    book, at = CorrectionBook(), dict(log.positions(CORRECTIONS.name, EARLIEST))
    while fetched := log.read(at, 20_000, 0):
        for part in fetched:
            book.take(part.values)
            at[part.at] = part.next_offset
    return book
