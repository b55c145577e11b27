"""The currency of a station's prices: a station's own, else that of what it stands in.

Sums are of one currency; of several each has its own.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable

from babel.core import get_global
from babel.numbers import get_currency_precision

from energyguard.domains.charging.places import site_id, station_of
from energyguard.service.bills.revenue import Sums
from energyguard.service.contract import Service


def currency_of(service: Service, station: str) -> str:
    """The currency of a station's prices: as the catalogue says, else `charging.currency`."""
    return _of_site(service, site_id(station)) or usual_currency(service)


def usual_currency(service: Service) -> str:
    """The currency of stations of which the catalogue says none, ISO 4217."""
    return service.settings.charging.currency


def other_currencies(service: Service) -> str:
    """The stations with another one, for the history: JSON of names and codes; empty: none has."""
    usual = usual_currency(service)
    found = {
        station: code
        for site in list(service.catalogue.entries.sites)
        if (station := station_of(site)) is not None
        and (code := _of_site(service, site)) not in ("", usual)
    }
    return json.dumps(found, sort_keys=True) if found else ""


def minor_units(_service: Service | None = None) -> str:
    """How many decimals bills have, for the history: JSON of the currencies that have not two."""
    digits = {code: get_currency_precision(code) for code in get_global("currency_fractions")}
    return json.dumps({code: n for code, n in sorted(digits.items()) if n != 2})


def sums_of(paid: Iterable[tuple[str, float]]) -> Sums:
    """What was paid, each currency by itself.

    Args:
        paid: currencies, and amounts in them.
    """
    found: dict[str, float] = defaultdict(float)
    for code, amount in paid:
        found[code] += amount
    return found


def _of_site(service: Service, site: str) -> str:
    """The currency of a site, or of what it stands in; empty: the catalogue says none."""
    entries = service.catalogue.entries
    found = (entries.sites[around].currency for around in entries.path(site))
    return next(filter(None, found), "")
