"""Which column of an export means what, found by how its header is spelled."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from energyguard.domains.charging.records.stations import DEFAULT_NETWORK
from energyguard.errors import Malformed

SPELLINGS: Mapping[str, str] = {
    "charging event": "event",
    "transactionid": "event",
    "transaction id": "event",
    "session id": "event",
    "plug in event id": "event",
    "id": "event",
    "cp id": "charger",
    "chargepoint": "charger",
    "charge point": "charger",
    "charger id": "charger",
    "charge point id": "charger",
    "chargepoint id": "charger",
    "station id": "charger",
    "evse id": "charger",
    "connector": "connector",
    "connector id": "connector",
    "port number": "connector",
    "start date": "start_date",
    "start time": "start_time",
    "end date": "end_date",
    "end time": "end_time",
    "started": "start",
    "started at": "start",
    "start datetime": "start",
    "start date time": "start",
    "start": "start",
    "utctransactionstart": "start",
    "ended": "end",
    "ended at": "end",
    "end datetime": "end",
    "end date time": "end",
    "end": "end",
    "stop": "end",
    "utctransactionstop": "end",
    "total kwh": "energy_kwh",
    "energy kwh": "energy_kwh",
    "total energy kwh": "energy_kwh",
    "consumption kwh": "energy_kwh",
    "kwh": "energy_kwh",
    "totalenergy": "energy_wh",
    "energy wh": "energy_wh",
    "connectedtime": "connected_h",
    "chargetime": "charge_h",
    "maxpower": "power_w",
    "cost": "cost",
    "amount": "cost",
    "fee": "cost",
    "site": "site",
    "location": "site",
    "address": "site",
    "station name": "site",
    "model": "model",
}
"""By a header's spelling, in small letters without underscores: what its column means."""

NETWORKS: Mapping[str, tuple[str, frozenset[str]]] = {
    "dundee": ("Europe/London", frozenset({"charging event", "cp id", "total kwh", "site"})),
    "elaad": ("Europe/Amsterdam", frozenset({"started", "totalenergy", "connectedtime"})),
}
"""Networks whose exports are known: their zone, and headers that only they have together."""


@dataclass(frozen=True, slots=True)
class ExportLayout:
    """The columns of a file.

    Attributes:
        network: whose export it is; ``default`` where its columns do not tell.
        zone: of its local times; empty: not known.
        at: by meaning, the column's place.
        width: how many columns the header names.
    """

    network: str
    zone: str
    at: Mapping[str, int]
    width: int


def layout_of(header: Sequence[str], file: str) -> ExportLayout:
    """Find out what the columns mean.

    Raises:
        Malformed: a session cannot be told from these; the message names what is missing.
    """
    names = [_plain(name) for name in header]
    at: dict[str, int] = {}
    for place, name in enumerate(names):
        if name in SPELLINGS:
            at.setdefault(SPELLINGS[name], place)
    for alone in ("start", "end"):  # a day and a time of day stand side by side; else it has both
        halves = {f"{alone}_date", f"{alone}_time"} & at.keys()
        if alone not in at and len(halves) == 1:
            at[alone] = at.pop(halves.pop())
    missing = [
        what
        for what, one_of in (
            ("a start", ({"start"}, {"start_date", "start_time"})),
            ("an end", ({"end"}, {"end_date", "end_time"})),
            ("an energy", ({"energy_kwh"}, {"energy_wh"})),
        )
        if not any(needed <= at.keys() for needed in one_of)
    ]
    if missing:
        raise Malformed(
            f"{file}: row 1: no column for {', '.join(missing)} among {', '.join(header)}; known "
            f"are: {', '.join(sorted(SPELLINGS))}",
            "header",
        )
    for network, (zone, headers) in NETWORKS.items():
        if headers <= set(names):
            return ExportLayout(network, zone, at, len(header))
    zone = "UTC" if any(name.startswith("utc") for name in names) else ""
    return ExportLayout(DEFAULT_NETWORK, zone, at, len(header))


_MARKS = re.compile(r"[-_.:/()\[\]]")


def _plain(name: str) -> str:
    return " ".join(_MARKS.sub(" ", name).lower().split())


_RATED = re.compile(r"(\d+(?:\.\d+)?)\s*kW", re.IGNORECASE)
RAPID_KW = 50.0


def rating_kw(model: str) -> float | None:
    """The power that a model's name tells; a rapid charger without one has 50 kW."""
    if found := _RATED.search(model):
        return float(found[1])
    return RAPID_KW if "rapid" in model.lower() else None
