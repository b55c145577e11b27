"""What the energy of a span costs, to stand beside its kWh."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import urlencode

from energyguard.model.calendar import CalendarSpan
from energyguard.model.quantities import NANO
from energyguard.page.frame.page_cache import PageCache
from energyguard.page.measures.amounts import sums_words
from energyguard.page.words.formatting import SPACE, money_in, number
from energyguard.page.words.language import _
from energyguard.service.bills.contract import EnergyCost
from energyguard.service.bills.costs import added
from energyguard.service.bills.revenue import Revenue, revenue_of

Costs = Mapping[str, EnergyCost]
_WHOLE = 0.995
"""From this part of the energy on, what has a price is told as all of it."""


async def costs_of(
    cache: PageCache, keys: tuple[str, ...], span: CalendarSpan, keep_s: float
) -> Costs:
    """What the energy of each key costs, of those that have a tariff; shared by all pages."""
    if not cache.service.catalogue.entries.tariffs:
        return {}
    key = ("costs", keys, span)
    return await cache.shared(key, keep_s, lambda: cache.service.bills.costs(keys, span))


async def revenues_of(
    cache: PageCache, keys: tuple[str, ...], span: CalendarSpan, keep_s: float
) -> Mapping[str, Revenue]:
    """What was taken from people at each key, of those where anything was; shared by all pages."""
    key = ("revenue", keys, span)
    return await cache.shared(key, keep_s, lambda: revenue_of(cache.service, keys, span))


def cost_words(cost: EnergyCost | None, kwh: float | None, brief: bool = False) -> str:
    """An amount of money; of what energy, where not all of it has a price. Empty: not known.

    Args:
        cost: of the energy.
        kwh: all of the energy.
        brief: without cents from a thousand on.
    """
    if cost is None or kwh is None:
        return ""
    words = money_in(cost.amount, cost.currency, brief)
    priced = cost.nano / NANO
    if abs(priced) < abs(kwh) * _WHOLE:
        return _("{money} for {kwh}").format(money=words, kwh=f"{number(priced)}{SPACE}kWh")
    return words


def revenue_words(taken: Revenue | None) -> str:
    """``sold 24 kWh for €9.70 + CHF 3.00``; empty: nothing was taken."""
    if taken is None:
        return ""
    kwh = f"{number(taken.kwh)}{SPACE}kWh"
    return _("sold {kwh} for {money}").format(kwh=kwh, money=sums_words(taken.sums))


def cost_alone(cost: EnergyCost | None) -> str:
    """An amount of money by itself; empty: not known."""
    return money_in(cost.amount, cost.currency) if cost else ""


def together(costs: Iterable[EnergyCost | None]) -> EnergyCost | None:
    """The sum of costs; None: one of them is not known, or they are in several currencies."""
    found = list(costs)
    return None if None in found else added(found)


def bill_href(key: str, span: str = "this-month") -> str:
    """The address of a bill."""
    return f"/bills?{urlencode({'of': key, 'span': span})}"
