"""Networks and programs whose exports of sessions are known by their columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class KnownExport:
    """A network or a program whose exports are known.

    Attributes:
        network: whose they are; empty: the columns do not tell.
        zone: of their local times; empty: not known.
        headers: words that only they have together.
        roles: by the words of a header, its role as people would say it.
    """

    network: str
    zone: str
    headers: frozenset[str]
    roles: Mapping[str, str] = field(default_factory=dict)


KNOWN: Final = (
    KnownExport("dundee", "Europe/London",
                frozenset({"charging event", "cp id", "total", "site"})),
    KnownExport("elaad", "Europe/Amsterdam",
                frozenset({"started", "total energy", "connected time"}),
                {"total energy": "energy_wh", "connected time": "connected_h",
                 "charge time": "charging_h", "max power": "power_w"}),
    KnownExport("", "UTC", frozenset({"start date time", "end date time", "total energy"}),
                {"total energy": "energy_kwh", "total time": "connected_h",
                 "total cost": "cost"}),  # OCPI: times are UTC, energies kWh
    KnownExport("", "", frozenset({"meter start", "meter stop", "id tag"}),
                {"meter start": "meter_start_wh", "meter stop": "meter_stop_wh"}),  # OCPP: Wh
    KnownExport("", "", frozenset({"start value", "stop value", "charge box id"}),
                {"start value": "meter_start_wh", "stop value": "meter_stop_wh"}),  # SteVe: Wh
    KnownExport("", "", frozenset({"created", "finished", "loadpoint", "charged energy"}),
                {"charged energy": "energy_kwh", "meter start": "meter_start_kwh",
                 "meter stop": "meter_stop_kwh"}),  # evcc
    KnownExport("", "", frozenset({"charger id", "session energy", "session start"}),
                {"session energy": "energy_kwh"}),  # Easee
    KnownExport("", "", frozenset({"device id", "charger id", "start date time", "energy"}),
                {"energy": "energy_kwh"}),  # Zaptec
    KnownExport("", "UTC", frozenset({"connection time", "disconnect time", "delivered"}),
                {"connection time": "start"}),  # ACN: both are times
)  # fmt: skip
