"""What the log knows of imported sessions: which are there, and which names are taken."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from msgspec.structs import replace

from energyguard.domains.charging.exports.rows import ExportedSession
from energyguard.domains.charging.exports.same_session import SameSessions, Telling
from energyguard.domains.charging.records.stations import (
    CHARGER,
    IMPORTED_SESSION,
    Charger,
    Imported,
    network_before,
)
from energyguard.domains.charging.topics import CHARGERS, IMPORTED
from energyguard.log import EARLIEST, Log
from energyguard.log.records import decoded
from energyguard.service.intake.table_files import TableImport

_SIGNALS = ""  # owns the names of chargers that send signals


class KnownNames:
    """Chargers and stations by name: a name that another network has is written with its own's."""

    def __init__(self) -> None:
        self._chargers: dict[str, str] = {}  # whose a name is
        self._stations: dict[str, str] = {}

    def take(self, charger: str, station: str, network: str) -> None:
        """Note whose names these are; who had them first keeps them."""
        self._chargers.setdefault(charger, network)
        self._stations.setdefault(station, network)

    def of(self, charger: str, station: str, network: str) -> tuple[str, str]:
        """The names of a charger and its station of this network, taken from now on."""
        if self._stations.get(station, network) != network:
            station = f"{station} ({network})"
        name = charger or station
        if self._chargers.get(name, network) != network:
            name = f"{network}/{name}"
        self.take(name, station, network)
        return name, station


class SessionMatch(NamedTuple):
    """What a session is beside one that may be there."""

    is_new: bool
    replaces: bool


class KnownSession(NamedTuple):
    """A session of the log.

    Attributes:
        now: its newest record.
        by_import: how each import tells it; of records before imports had ids: by "".
    """

    now: Imported
    by_import: dict[str, Imported]


class Known:
    """The sessions and chargers of a log."""

    def __init__(self, log: Log) -> None:
        self.names = KnownNames()
        self.currencies: dict[str, str] = {}  # of stations, as their chargers are listed
        self._sessions: dict[str, KnownSession] = {}
        self._same = SameSessions()
        self._read(log)

    def _read(self, log: Log) -> None:
        at = {**log.positions(CHARGERS.name, EARLIEST), **log.positions(IMPORTED.name, EARLIEST)}
        listed: list[Charger] = []
        while fetched := log.read(at, 20_000, 0):
            for part in fetched:
                if part.topic == CHARGERS.name:
                    listed += [charger for _, charger in decoded(CHARGER.decoder, part)]
                else:
                    for _, session in decoded(IMPORTED_SESSION.decoder, part):
                        self.put(session)
                at[part.at] = part.next_offset
        for charger in {charger.charger: charger for charger in listed}.values():
            if charger.currency:
                self.currencies.setdefault(charger.station, charger.currency)
        for charger in listed:
            network = _SIGNALS if charger.topic else charger.network or network_before("")
            self.names.take(charger.charger, charger.station, network)

    def leaves_out(self, session: ExportedSession, station: str) -> bool:
        """Leave out what was paid in another currency than the station has; says whether."""
        own = self.currencies.get(station, session.currency)
        if session.paid is None or not session.currency or own == session.currency:
            return False
        session.leave_paid_out(own)
        return True

    def put(self, session: Imported) -> None:
        """Know a session, and its names."""
        before = self._sessions.get(session.identity)
        by_import = before.by_import if before else {}
        if session.import_id or not session.revision:
            by_import.pop(session.import_id, None)  # the newest telling is the last
            by_import[session.import_id] = session
        self._sessions[session.identity] = KnownSession(session, by_import)
        self._same.put(session.identity, _telling(session))
        self.names.take(session.charger, session.station, session.whose)

    def change(self, session: Imported) -> SessionMatch:
        """Whether a session is new, or better than what is there."""
        before = self._known(session)
        if before is None or before.now.withdrawn:
            return SessionMatch(is_new=True, replaces=False)
        return SessionMatch(
            is_new=False,
            replaces=_contents(before.now) != _contents(session)
            and not is_worse(session, before.now),
        )

    def records(self, session: Imported, change: SessionMatch, of: TableImport) -> list[Imported]:
        """What is to be appended of a session that an import tells.

        One that is there as it is told, or better, is noted once to be of this import, too. One
        that began at another time keeps its first id, and what stands under the old time goes.
        """
        before = self._known(session)
        if before is not None and not any(change) and of.id in before.by_import:
            return []
        is_first = before is None or of.id not in before.by_import
        moved = _moved(before.now, session) if before else []
        newest = moved[-1] if moved else before.now if before else None
        record = replace(
            session,
            id=before.now.identity if before else session.id,
            revision=newest.revision + newest.withdrawn if newest else 0,
            import_id=of.id,
            import_sessions=int(bool(of.id) and is_first),
            import_file=of.file,
            import_by=of.by,
            import_ms=of.at_ms,
        )
        if before is None or any(change) or _contents(before.now) == _contents(session):
            return [*moved, record]
        return [*moved, record, *_retold(record, before.now)]

    def _known(self, session: Imported) -> KnownSession | None:
        return self._sessions.get(self._same.id_of(_telling(session)))

    def settled(self, import_id: str, undone: Collection[str]) -> list[Imported]:
        """The next revisions of an import's sessions, where they are not as they are to be.

        Args:
            import_id: of which import.
            undone: the ids of all imports that do not count.
        """
        mine = (known for known in self._sessions.values() if import_id in known.by_import)
        return list(_settled(mine, undone))


def _settled(sessions: Iterable[KnownSession], undone: Collection[str]) -> Iterator[Imported]:
    for now, by_import in sessions:
        best: Imported | None = None
        for import_id, session in by_import.items():
            if import_id not in undone and (best is None or not is_worse(session, best)):
                best = session
        if best is None:
            if not now.withdrawn:
                yield _next(now, now, withdrawn=1)
        elif now.withdrawn or _contents(best) != _contents(now):
            yield from _retold(now, best)


def _telling(session: Imported) -> Telling:
    return Telling(session.identity, session.start_parking, session.end_parking, session.user)


def _moved(now: Imported, to: Imported) -> list[Imported]:
    """Withdraws a record that stands under another time than the one that comes for it."""
    if now.withdrawn or now.start_parking == to.start_parking:
        return []
    return [_next(now, now, withdrawn=1)]


def _retold(now: Imported, telling: Imported) -> list[Imported]:
    """The records after which a session is as this tells it, and stands nowhere else."""
    moved = _moved(now, telling)
    return [*moved, _next(telling, moved[-1] if moved else now)]


def _next(session: Imported, now: Imported, withdrawn: int = 0) -> Imported:
    """The revision behind the newest, which says what was told, and is of no import."""
    return replace(
        session, revision=now.revision + 1, withdrawn=withdrawn, import_id="",
        import_sessions=0, import_file="", import_by="", import_ms=0,
    )  # fmt: skip


def is_worse(session: Imported, other: Imported) -> bool:
    """Whether a session tells less than another telling of it."""
    return _worth(session) < _worth(other)


def _worth(session: Imported) -> tuple[bool, bool, bool]:
    return session.energy > 0, session.cents is not None, session.quality == "complete"


def _contents(session: Imported) -> tuple[object, ...]:
    return (
        session.start_parking, session.end_parking,
        session.start_recharging, session.end_recharging, session.energy,
        session.cents, session.to_whole, session.to_thousandth, session.quality,
    )  # fmt: skip
