"""What drivers paid, at sites, at chargers, and at all: for views of any device."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache, partial
from typing import Any, NamedTuple

from babel.numbers import get_currency_precision

from energyguard.catalogue import Catalogue
from energyguard.domains.charging.currencies import currency_of, sums_of
from energyguard.domains.charging.live.stations import stations_of
from energyguard.domains.charging.model import RoundedAmount
from energyguard.domains.charging.places import charger_of, site_id, station_of
from energyguard.model.calendar import CalendarSpan
from energyguard.model.catalogue import SITE, parts_of
from energyguard.service.bills.revenue import Revenue
from energyguard.service.consumption.keys import weights_of
from energyguard.service.contract import Service


class Paid(NamedTuple):
    """What was paid at a station, or a charger, at which a charge began in a span."""

    station: str
    charger: str | None
    charges: int
    kwh: float
    amount: float  # the sum of the bills, each in whole minor units
    currency: str

    @classmethod
    def of(cls, row: Mapping[str, Any], currency: str) -> Paid:
        """What a row of ``station_paid`` says, in the currency of its station."""
        rounded = RoundedAmount(row["cents"], row["to_whole"], row["to_thousandth"])
        amount = float(rounded.text(get_currency_precision(currency)))
        return cls(row["station"], row["charger"], row["charges"], row["kwh"], amount, currency)


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
    if places := [key for key in keys if _has_stations(key, entries)]:
        rows = paid_at(service, span, "station")
        for key in places:
            found[key] = _taken(row for row in rows if _is_at(key, row.station, entries))
    if chargers:
        rows = paid_at(service, span, "charger")
        for key, names in chargers.items():
            found[key] = _taken(row for row in rows if row.charger in names)
    return {key: taken for key, taken in found.items() if taken.sums}


def paid_at(service: Service, span: CalendarSpan, by: str) -> list[Paid]:
    """What was paid at each station, or charger, at which a charge began in a span.

    Raises:
        Unavailable: the history is not there now.
    """
    table = service.query("station_paid", start_ms=span.start_ms, end_ms=span.end_ms, by=by)
    currency = cache(partial(currency_of, service))
    return [Paid.of(row, currency(row["station"])) for row in table.to_pylist()]


def _taken(rows: Iterable[Paid]) -> Revenue:
    paid = [*rows]
    return Revenue(
        sums_of((row.currency, row.amount) for row in paid), sum(row.kwh for row in paid)
    )


def _has_stations(key: str, entries: Catalogue) -> bool:
    """Whether charges can be those of a key: it is everything, a station, or has one in it."""
    if not key:
        return True
    kind, name = parts_of(key)
    if kind != SITE:
        return False
    stations = (site for site in list(entries.sites) if station_of(site) is not None)
    return station_of(name) is not None or any(name in entries.path(site) for site in stations)


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
