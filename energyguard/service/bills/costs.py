"""Sums of what energy cost; of two currencies there is none."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from energyguard.service.bills.contract import EnergyCost, StepCosts


def added(costs: Sequence[EnergyCost | None]) -> EnergyCost | None:
    """The sum of those that are known; None: they are of several currencies, or none is."""
    known = [cost for cost in costs if cost is not None]
    currencies = {cost.currency for cost in known}
    if len(currencies) != 1:
        return None
    amount = sum((cost.amount for cost in known), Decimal(0))
    return EnergyCost(amount, currencies.pop(), sum(cost.nano for cost in known))


def added_steps(parts: Sequence[StepCosts]) -> StepCosts:
    """The sums of the same steps of several; none where their currencies differ."""
    return tuple(added(same) for same in zip(*parts, strict=True))
