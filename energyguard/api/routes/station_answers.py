"""The bodies of answers about stations. Plates and users are pseudonyms, unless ``serve.names``."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field


class StationOccupancy(BaseModel):
    """How much of the time of its bays cars stood at a station."""

    station: str
    bays: int
    occupied_s: int = Field(description="Of all bays together; a bay counts once at a time.")
    occupancy: float = Field(description="Per cent of the time of all bays.")
    availability: float = Field(description="Per cent of the time of all bays: what was free.")


class StationStays(BaseModel):
    """Stays that began."""

    station: str
    sessions: int
    mean_stay_s: float | None


class StationCharges(BaseModel):
    """Paid charges that began."""

    station: str
    charges: int
    mean_charge_s: float | None = Field(description="Of those whose end is known.")
    mean_kwh: float | None
    kwh: float


class SessionStep(BaseModel):
    """Stays that began in an interval."""

    time: datetime
    sessions: int


class RevenueStep(BaseModel):
    """What the charges that began in a period came to."""

    time: datetime
    charges: int
    eur: float = Field(description="Whole cents.")
    kwh: float


class RankedStation(BaseModel):
    """A station, or a charger, among the best or among the worst."""

    side: Literal["top", "bottom"]
    rank: int
    charger: str | None = None  # null: the whole station
    station: str
    eur: float
    kwh: float
    charges: int


class ViolationRow(BaseModel):
    """A limit that a car broke."""

    time: datetime
    station: str
    charger: str
    kind: str
    start_parking: datetime
    end_parking: datetime | None
    plate: str
    user: str
    stay: str
    id: str


class KindCount(BaseModel):
    """How often a limit was broken at a station."""

    station: str
    kind: str
    violations: int


class OccupiedStep(BaseModel):
    """How many cars stood at all chargers together in a step."""

    time: datetime
    occupied: float = Field(description="The mean of its seconds.")
    least: int
    most: int


class OccupiedNow(BaseModel):
    """How many cars stood there in a second."""

    time: datetime
    occupied: int
    chargers: int = Field(description="How many are listed.")


class Happening(BaseModel):
    """A stay, a charge or a violation."""

    what: Literal["stay", "charge", "violation"]
    charger: str
    start: datetime
    end: datetime | None
    detail: str = Field(description="Of a stay: its quality; of a violation: which.")
    kwh: float | None
    eur: float | None
    plate: str
    user: str
    stay: str
    id: str


class SignalRow(BaseModel):
    """A signal as it came."""

    time: datetime
    charger: str
    kind: str = Field(description="arrive, connect, start, stop, disconnect, leave.")
    who: str
    price: float | None = Field(description="EUR/kWh.")
    power_kw: int | None
    register_kwh: float | None
    topic: str
