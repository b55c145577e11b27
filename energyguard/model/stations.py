"""Stations and their chargers: what there is, what each bay is now, what was imported."""

from __future__ import annotations

import re

import msgspec

DEFAULT_NETWORK = "default"
"""Whose sessions are of which nobody has said it."""
_FIRST_NETWORKS = ("dundee", "elaad")  # that imports knew before sessions had a network
_DIGEST = re.compile(r"[0-9a-f]{18}")  # their id of a row that told none


class Charger(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A record of ``energyguard.chargers``; its key is the charger."""

    charger: str
    station: str  # several chargers may stand at one
    latitude: float | None = None  # degrees, WGS 84
    longitude: float | None = None
    rating_kw: float | None = None
    topic: str = ""  # where its signals come; empty: it sends none
    network: str = ""  # whose export told of it; empty: none, or one before networks were noted


class BayNow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A record of ``energyguard.bays``: what a charger's bay looks like; seconds since 1970 UTC."""

    charger: str
    topic: str
    state: str  # free, parked, connected, charging, charged, unplugged: ``stream/sessions/bays.py``
    since: int  # when it became so
    stay: str = ""  # the id of the stay that is under way
    start_parking: int | None = None
    start_recharging: int | None = None
    end_recharging: int | None = None
    power_kw: int | None = None
    price: int | None = None  # 1e-4 EUR/kWh
    violation: str = ""  # the newest one of this stay


class Imported(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A record of ``energyguard.sessions``: a session of an export; seconds since 1970 UTC."""

    id: str  # the same session imported again has the same
    source: str  # the network; before networks were noted: of which export
    charger: str  # with the connector, where a charger has several
    station: str
    start_parking: int
    end_parking: int
    start_recharging: int | None = None
    end_recharging: int | None = None
    user: str = ""
    energy: int = 0  # 1e-9 kWh
    cents: int | None = None  # what was paid; None: not told
    quality: str = "complete"  # or its defects
    network: str = ""  # whose it is; empty: a record of before networks were noted

    @property
    def whose(self) -> str:
        """The network; that of an old record as a new import of the same file has it."""
        return self.network or network_before(self.source)

    @property
    def identity(self) -> str:
        """The id; that of an old record as a new import of the same row has it."""
        event = self.id.removeprefix(f"{self.source}/")
        if self.network or event == self.id:
            return self.id
        charger = "" if self.charger == self.station else self.charger
        times = self.start_parking, self.end_parking
        return session_id(self.whose, charger, event_before(event), *times, self.energy)


def session_id(
    network: str, charger: str, event: str, start: int, end: int | None, energy: int
) -> str:
    """Who a session of an export is: network, charger, the network's id of it, and its start.

    Where the export has no ids, the end stands for it; where it has no chargers either, end and
    energy.
    """
    parts = [network, charger, event, str(start)]
    if not event:
        parts += [str(end)] if charger else [str(end), str(energy)]
    return "/".join(parts)


def network_before(source: str) -> str:
    """Whose an export is that was imported before networks were noted."""
    return source if source in _FIRST_NETWORKS else DEFAULT_NETWORK


def event_before(event: str) -> str:
    """The network's id of a session in an id of before; empty: a digest stood for it."""
    return "" if _DIGEST.fullmatch(event) else event
