"""The currency of a station's prices: a station's own, else that of what it stands in.

Sums are of one currency; of several each has its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from energyguard.domains.charging.places import site_id
from energyguard.service.contract import Service

Sums = Mapping[str, float]
"""Amounts by their currency."""


def currency_of(service: Service, station: str) -> str:
    """The currency of a station's prices: as the catalogue says, else `charging.currency`."""
    entries = service.catalogue.entries
    found = (entries.sites[site].currency for site in entries.path(site_id(station)))
    return next(filter(None, found), service.settings.charging.currency)


def sums_of(service: Service, paid: Iterable[tuple[str, float]]) -> Sums:
    """What stations took, each currency by itself.

    Args:
        service: knows the catalogue.
        paid: stations, and what was paid there.
    """
    found: dict[str, float] = defaultdict(float)
    for station, amount in paid:
        found[currency_of(service, station)] += amount
    return found
