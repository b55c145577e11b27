"""What was taken, in words: each amount in its currency."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

from babel.numbers import get_currency_precision

from energyguard.page.words.formatting import money_in
from energyguard.page.words.language import _
from energyguard.service.bills.revenue import Sums

MAX_DECIMALS = 6
"""A sum of floats is meant to so many; the smallest minor unit has four."""


def amount_words(amount: float, currency: str) -> str:
    """An amount as the reader writes it, in whole minor units: ``€9.70``, ``JP¥971``.

    Args:
        amount: bills, or sums of them; what is no bill yet is rounded as one, half to even.
        currency: ISO 4217.
    """
    unit = Decimal(1).scaleb(-get_currency_precision(currency))
    exact = Decimal(str(round(amount, MAX_DECIMALS) + 0.0))
    return money_in(exact.quantize(unit, ROUND_HALF_EVEN) + 0, currency)


def sums_words(sums: Sums) -> str:
    """Amounts of several currencies, the largest number first: ``€9.70 + CHF 3.00``."""
    order = sorted(sums, key=lambda code: (-sums[code], code))
    return " + ".join(amount_words(sums[code], code) for code in order)


def mean_price(sums: Sums, kwh: float) -> str:
    """What a kWh cost in the mean; empty: it was none, or of several currencies."""
    if not kwh or len(sums) != 1:
        return ""
    ((code, amount),) = sums.items()
    return _("{price} per kWh on average").format(price=amount_words(amount / kwh, code))
