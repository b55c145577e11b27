"""What devices of domains took from people, such as chargers; each currency by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from energyguard.domain import installed, load
from energyguard.model.calendar import CalendarSpan
from energyguard.service.contract import Service

Sums = Mapping[str, float]
"""Amounts by their currency."""
Taken = Callable[[Service, Sequence[str], CalendarSpan], Mapping[str, Sums]]
"""What was taken at each of some keys in a span; of those where anything was."""


def revenue_of(service: Service, keys: Sequence[str], span: CalendarSpan) -> Mapping[str, Sums]:
    """What was taken at each of these, of those where anything was.

    Args:
        service: as far as somebody may see it.
        keys: of ``service.consumption``; empty for everything.
        span: days of a zone.

    Raises:
        Unavailable: the history is not there now.
    """
    found: dict[str, dict[str, float]] = {}
    for domain in installed():
        if not domain.revenue:
            continue
        taken: Taken = load(domain.revenue)
        for key, sums in taken(service, keys, span).items():
            of_key = found.setdefault(key, {})
            for currency, amount in sums.items():
                of_key[currency] = of_key.get(currency, 0.0) + amount
    return found
