"""What there is to see of a bay, and of a station, now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

BayState = Literal["free", "parked", "charging", "overstaying", "faulty"]
BAY_STATES: tuple[BayState, ...] = ("free", "parked", "charging", "overstaying", "faulty")


@dataclass(frozen=True, slots=True)
class BayView:
    """A bay as it is now; times in ms since 1970 UTC."""

    charger: str
    station: str
    state: BayState
    detail: str  # free, parked, connected, charging, charged, unplugged; of a fault, the reason
    since_ms: int
    power_kw: float | None
    cost_cents: int | None  # of the charge that is under way, or over and the car still there
    cost: float | None  # the same before it is rounded, in the currency of the station
    violation: str


@dataclass(frozen=True, slots=True)
class StationView:
    """A station and its bays now."""

    station: str
    latitude: float | None
    longitude: float | None
    bays: int
    free: int
    parked: int
    charging: int
    overstaying: int
    faulty: int
