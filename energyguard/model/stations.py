"""Stations and their chargers: what there is, what each bay is now, what was imported."""

from __future__ import annotations

import msgspec


class Charger(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A record of ``energyguard.chargers``; its key is the charger."""

    charger: str
    station: str  # several chargers may stand at one
    latitude: float | None = None  # degrees, WGS 84
    longitude: float | None = None
    rating_kw: float | None = None
    topic: str = ""  # where its signals come; empty: it sends none


class BayNow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A record of ``energyguard.bays``: what a charger's bay looks like; seconds since 1970 UTC."""

    charger: str
    topic: str
    state: str  # of ``stream/bays.py``: free, parked, connected, charging, charged, unplugged
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
    source: str  # of which export: ``dundee``, say
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
