"""What devices of domains took from people, such as chargers; each currency by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from energyguard.domain import installed, load
from energyguard.model.calendar import CalendarSpan
from energyguard.service.contract import Service

Sums = Mapping[str, float]
"""Amounts by their currency."""


class Revenue(NamedTuple):
    """What was taken from people.

    Attributes:
        sums: the money.
        kwh: the energy that they had for it, which no meter of ours need have counted.
    """

    sums: Sums
    kwh: float


Taken = Callable[[Service, Sequence[str], CalendarSpan], Mapping[str, Revenue]]
"""What was taken at each of some keys in a span; of those where anything was."""


def revenue_of(service: Service, keys: Sequence[str], span: CalendarSpan) -> Mapping[str, Revenue]:
    """What was taken at each of these, of those where anything was.

    Args:
        service: as far as somebody may see it.
        keys: of ``service.consumption``; empty for everything.
        span: days of a zone.

    Raises:
        Unavailable: the history is not there now.
    """
    found: dict[str, Revenue] = {}
    for domain in installed():
        if not domain.revenue:
            continue
        taken: Taken = load(domain.revenue)
        for key, of_domain in taken(service, keys, span).items():
            found[key] = _added(found[key], of_domain) if key in found else of_domain
    return found


def _added(one: Revenue, other: Revenue) -> Revenue:
    currencies = {**one.sums, **other.sums}
    sums = {code: one.sums.get(code, 0.0) + other.sums.get(code, 0.0) for code in currencies}
    return Revenue(sums, one.kwh + other.kwh)
