"""What drivers paid, at sites, at chargers, and at all: for views of any device."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from energyguard.catalogue import Catalogue
from energyguard.domains.charging.currencies import sums_of
from energyguard.domains.charging.live.stations import stations_of
from energyguard.domains.charging.places import charger_of, site_id, station_of
from energyguard.model.calendar import CalendarSpan
from energyguard.model.catalogue import SITE, parts_of
from energyguard.service.bills.revenue import Revenue
from energyguard.service.consumption.keys import weights_of
from energyguard.service.contract import Service

MAX_RANKED = 10_000
"""Of each currency so many stations, or chargers, are added up."""


def revenue(service: Service, keys: Sequence[str], span: CalendarSpan) -> Mapping[str, Revenue]:
    """What was paid for the charges that began in a span, of those keys where any did.

    Args:
        service: as far as somebody may see it.
        keys: of ``service.consumption``; empty for everything.
        span: days of a zone.

    Raises:
        Unavailable: the history is not there now.
    """
    entries = service.catalogue.entries
    if not any(map(station_of, list(entries.sites))) and not stations_of(service).stations():
        return {}
    found: dict[str, Revenue] = {}
    chargers = {key: names for key in keys if (names := _chargers(key, entries))}
    if places := [key for key in keys if not key or parts_of(key)[0] == SITE]:
        rows = paid_at(service, span, "station")
        for key in places:
            found[key] = _taken(row for row in rows if _is_at(key, row["station"], entries))
    if chargers:
        rows = paid_at(service, span, "charger")
        for key, names in chargers.items():
            found[key] = _taken(row for row in rows if row["charger"] in names)
    return {key: taken for key, taken in found.items() if taken.sums}


def paid_at(service: Service, span: CalendarSpan, by: str) -> list[dict[str, Any]]:
    """A row of ``station_top`` for each station, or charger, at which a charge began in a span.

    Raises:
        Unavailable: the history is not there now.
    """
    rows = service.query(
        "station_top", start_ms=span.start_ms, end_ms=span.end_ms, n=MAX_RANKED, by=by
    )
    return [row for row in rows.to_pylist() if row["side"] == "top" and row["charges"]]


def _taken(rows: Iterable[Mapping[str, Any]]) -> Revenue:
    paid = [*rows]
    sums = sums_of((row["currency"], row["eur"]) for row in paid)
    return Revenue(sums, sum(row["kwh"] for row in paid))


def _is_at(key: str, station: str, entries: Catalogue) -> bool:
    """Whether a station is in a site; everything has all of them."""
    site = site_id(station)
    return not key or parts_of(key)[1] in (site, *entries.path(site))


def _chargers(key: str, entries: Catalogue) -> Collection[str]:
    """The names of the chargers that are in the sum of a key, but for those of sites."""
    if not key or parts_of(key)[0] == SITE:
        return ()
    ids = [device for device, weight in weights_of(key, entries).items() if weight > 0]
    return {name for device in ids if (name := charger_of(device)) is not None}
