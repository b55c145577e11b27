"""Files of exports into the log: every row becomes a session, repeats one, or is refused.

Sessions go to ``energyguard.sessions`` and their chargers to ``energyguard.chargers``; refused rows
are dead letters with their bytes. The same file again gives the same records, each kept once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TypeVar

from energyguard.codecs import RefusedRow
from energyguard.domains.charging.charger_list import list_chargers
from energyguard.domains.charging.exports.checks import check, check_currencies, check_overlaps
from energyguard.domains.charging.exports.columns import SessionKind, check_mapping, mapping_of
from energyguard.domains.charging.exports.counting import append_sessions, count_again
from energyguard.domains.charging.exports.known import Known, KnownNames, is_worse
from energyguard.domains.charging.exports.rows import (
    REFUSED,
    Defect,
    ExportedSession,
    RowDefect,
)
from energyguard.domains.charging.exports.same_session import SameSessions
from energyguard.domains.charging.exports.tables import SessionTable, order_of
from energyguard.domains.charging.records.stations import Charger, Imported
from energyguard.domains.charging.topics import IMPORTED
from energyguard.files.found import NO_ANSWERS, FileAnswers, FileColumn, FileDoubt, FileFinding
from energyguard.files.known_tables import known_tables
from energyguard.files.tables.date_order import DateOrder
from energyguard.log import Log
from energyguard.log.dead_letters import dead_letters
from energyguard.model.readings import Verdict
from energyguard.model.topics import DEAD_LETTERS
from energyguard.service.intake.table_files import NO_IMPORT, TableImport

SHAPE = "charging-session"
T = TypeVar("T")
_AT_ONCE = 5_000
OnRows = Callable[[int], None]


@dataclass
class Export:
    """All rows of some files, each accounted for.

    Attributes:
        sessions: rows that become a session.
        refused: rows of which no session can be made.
        repeated: rows that say again what another one says, or less than it.
        replaced: how many sessions there were already and are told better.
        rows: how many there were.
        findings: of each file, what was found out and why.
        doubts: what they leave open; with one nothing may be taken.
        columns: of the first table, what each was read as.
    """

    sessions: list[ExportedSession] = field(default_factory=list)
    refused: list[ExportedSession] = field(default_factory=list)
    repeated: list[ExportedSession] = field(default_factory=list)
    replaced: int = 0
    rows: int = 0
    findings: dict[str, tuple[FileFinding, ...]] = field(default_factory=dict)
    doubts: list[FileDoubt] = field(default_factory=list)
    columns: tuple[FileColumn, ...] = ()

    @property
    def every(self) -> list[ExportedSession]:
        """All rows, as they came."""
        rows = (*self.sessions, *self.refused, *self.repeated)
        return sorted(rows, key=lambda session: (session.file, session.row))

    def counted(self) -> Counter[Defect]:
        """How many rows have each defect."""
        return Counter(found.defect for session in self.every for found in session.defects)

    def sort_out(self) -> None:
        """Sessions and refused rows, by what is wrong with them now."""
        both = [*self.sessions, *self.refused]
        self.sessions = [session for session in both if not session.is_refused]
        self.refused = [session for session in both if session.is_refused]

    def useless_files(self) -> dict[str, list[ExportedSession]]:
        """The files of which nothing could be taken, with their rows."""
        useful = {session.file for session in (*self.sessions, *self.repeated)}
        found: dict[str, list[ExportedSession]] = {}
        for session in self.refused:
            if session.file not in useful:
                found.setdefault(session.file, []).append(session)
        return found


def read_exports(
    paths: Sequence[Path],
    answers: FileAnswers = NO_ANSWERS,
    on_rows: OnRows = lambda _rows: None,
    network: str = "",
) -> Export:
    """Read files of any network whose columns can be understood, as one delivery.

    A session that several rows tell is the one that the best of them tells, whatever their order.

    Args:
        paths: CSV, JSON or workbooks, also gzipped or zipped.
        answers: what people say of them.
        on_rows: is told how many rows have been read.
        network: whose they are; empty: as their columns tell.

    Raises:
        NotFound: there is no such file.
        Malformed: its header or its dates cannot be understood; nothing was taken.
        ConfigError: there is no such zone, column or role.
    """
    export = Export()
    found: dict[str, ExportedSession] = {}
    same = SameSessions()
    for session in _sessions(paths, answers, network, export):
        export.rows += 1
        check(session)
        telling = session.telling
        id_ = same.id_of(telling)
        other = found.get(id_)
        if other is None or _is_better(session, other):
            found[id_] = session
            same.put(id_, telling)
            if other is not None:
                _repeat(other, session, export)
        else:
            _repeat(session, other, export)
        if export.rows % 1_000 == 0:
            on_rows(export.rows)
    check_currencies(found.values())
    for session in found.values():
        (export.refused if session.is_refused else export.sessions).append(session)
    check_overlaps(found.values())
    return export


def _is_better(session: ExportedSession, other: ExportedSession) -> bool:
    """Whether a row tells a session better than one before it; of equals the later one."""
    if session.is_refused or other.is_refused:
        return not session.is_refused
    new, old = imported(session), imported(other)
    return new != old and not is_worse(new, old)


def _repeat(session: ExportedSession, other: ExportedSession, export: Export) -> None:
    session.says(Defect.REPEATED, f"{session.id}: {other.file} row {other.row} tells it")
    export.repeated.append(session)


def _sessions(
    paths: Sequence[Path], answers: FileAnswers, network: str, export: Export
) -> Iterator[ExportedSession]:
    kind = SessionKind(mapping_of(answers.columns))
    sources = [source for path in paths for source in known_tables(path, kind)]
    check_mapping(answers.columns, [source.grid.header for source in sources])
    tables = [SessionTable(source, answers) for source in sources]
    orders: dict[tuple[str, ...], DateOrder] = {}
    for table in tables:
        if table.header not in orders:
            alike = [other for other in tables if other.header == table.header]
            orders[table.header] = order_of(alike)
            table.findings += orders[table.header].findings
            table.doubts += orders[table.header].doubts
        reader = table.reader(orders[table.header], network)
        export.columns = export.columns or table.columns_read()
        export.findings[table.source.name] = tuple(table.findings)
        export.doubts += [doubt for doubt in table.doubts if doubt not in export.doubts]
        yield from table.sessions(reader)


def imported(session: ExportedSession, names: KnownNames | None = None) -> Imported:
    """The record of a session; where names are taken, with those of its charger and station."""
    assert session.start is not None and session.end is not None
    charge = session.charge_s if session.charge_s is not None and session.charge_s >= 0 else None
    charged, paid = bool(session.energy), session.paid
    end = session.end if charge is None else min(session.end, session.start + charge)
    charger, station = session.charger or session.station, session.station
    if names is not None:
        charger, station = names.of(session.charger, session.station, session.network)
    return Imported(
        id=session.id,
        source=session.network,
        network=session.network,
        charger=charger,
        station=station,
        start_parking=session.start,
        end_parking=session.end,
        user=session.user,
        start_recharging=session.start if charged else None,
        end_recharging=end if charged else None,
        energy=session.energy or 0,
        cents=None if paid is None else paid.cents,
        to_whole=0 if paid is None else paid.to_whole,
        to_thousandth=0 if paid is None else paid.to_thousandth,
        quality="; ".join(_sentence(found) for found in session.defects) or "complete",
    )


def _sentence(found: RowDefect) -> str:
    return found.detail if found.defect is Defect.RECONCILED else found.defect.value


class Importer:
    """Puts an export into a log."""

    def __init__(
        self, log: Log, on_rows: OnRows = lambda _rows: None, of: TableImport = NO_IMPORT
    ) -> None:
        self._log, self._on_rows, self._of = log, on_rows, of

    def put(self, export: Export) -> None:
        """Append chargers, sessions and dead letters; durable on return.

        A session that is there already is repeated, unless it is told better now: then it replaces.
        One that is withdrawn comes back, and an import that was undone counts again.

        Raises:
            Unavailable: the log takes nothing now; what was taken may be taken again.
        """
        known = Known(self._log)
        records: list[Imported] = []
        sessions: list[ExportedSession] = []
        chargers: dict[str, Charger] = {}
        for session in export.sessions:
            record = imported(session, known.names)
            if known.leaves_out(session, record.station):
                record = imported(session, known.names)
            change = known.change(record)
            records += known.records(record, change, self._of)
            if change.is_new or change.replaces:
                export.replaced += change.replaces
                sessions.append(session)
                chargers[record.charger] = Charger(
                    charger=record.charger,
                    station=record.station,
                    rating_kw=session.rating_kw,
                    network=record.network,
                    currency=session.currency,
                )
            else:
                session.says(Defect.REPEATED, f"{session.id} was imported before")
                export.repeated.append(session)
        export.sessions = sessions
        list_chargers(self._log, list(chargers.values()))
        append_sessions(self._log, records, self._on_rows)
        count_again(self._log, self._of)
        self._refuse(export)

    def _refuse(self, export: Export) -> None:
        """Dead letters of refused rows; a file that is wrong as a whole is one letter."""
        left_out: set[int] = set()
        for rows in export.useless_files().values():
            if len({_why(row).defect for row in rows}) == 1:
                left_out.update(id(session) for session in rows[1:])
        kept = [session for session in export.refused if id(session) not in left_out]
        for some in _lots(kept):
            letters = [letter(session) for session in some]
            sources = [f"file:{session.file}" for session in some]
            shapes = [SHAPE] * len(some)
            self._log.append(
                DEAD_LETTERS.name, dead_letters(letters, sources, IMPORTED.name, shapes)
            )


def why_useless(export: Export) -> str:
    """Why nothing could be taken of files; empty: of each something could."""
    notes = []
    for file, rows in export.useless_files().items():
        first = _why(rows[0])
        notes.append(
            f"{file}: nothing could be taken of {len(rows):,} rows: row {rows[0].row}: "
            f"{first.defect.value}: {first.detail}"
        )
    return "; ".join(notes)


def _why(session: ExportedSession) -> RowDefect:
    return next(found for found in session.defects if found.defect in REFUSED)


def letter(session: ExportedSession) -> RefusedRow:
    """A refused row, as it came, with the reason."""
    found = _why(session)
    original = session.original.rstrip("\r\n").encode("utf-8", "surrogateescape")
    reason = f"{found.defect}: {found.detail}"
    return RefusedRow(session.row, Verdict.MALFORMED, found.defect.value, reason, original)


def _lots(rows: Sequence[T]) -> Iterator[list[T]]:
    every = iter(rows)
    while some := list(islice(every, _AT_ONCE)):
        yield some
