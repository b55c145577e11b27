"""What the log knows of imported sessions: which are there, and which names are taken."""

from __future__ import annotations

from typing import NamedTuple

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


class Known:
    """The sessions and chargers of a log."""

    def __init__(self, log: Log) -> None:
        self.names = KnownNames()
        self._sessions: dict[str, Imported] = {}
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
        for charger in listed:
            network = _SIGNALS if charger.topic else charger.network or network_before("")
            self.names.take(charger.charger, charger.station, network)

    def put(self, session: Imported) -> None:
        """Know a session, and its names."""
        self._sessions[session.identity] = session
        self.names.take(session.charger, session.station, session.whose)

    def change(self, session: Imported) -> SessionMatch:
        """Whether a session is new, or better than what is there."""
        before = self._sessions.get(session.identity)
        if before is None:
            return SessionMatch(is_new=True, replaces=False)
        return SessionMatch(
            is_new=False,
            replaces=_contents(before) != _contents(session) and not is_worse(session, before),
        )


def is_worse(session: Imported, other: Imported) -> bool:
    """Whether a session tells less than another telling of it."""
    return _worth(session) < _worth(other)


def _worth(session: Imported) -> tuple[bool, bool, bool]:
    return session.energy > 0, session.cents is not None, session.quality == "complete"


def _contents(session: Imported) -> tuple[object, ...]:
    return (
        session.end_parking, session.start_recharging, session.end_recharging,
        session.energy, session.cents, session.to_whole, session.to_thousandth, session.quality,
    )  # fmt: skip
