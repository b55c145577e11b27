"""What stations take, in words: each amount in its currency."""

from __future__ import annotations

from decimal import Decimal

from energyguard.domains.charging.currencies import Sums
from energyguard.page.words.formatting import money_in


def amount_words(amount: float, currency: str) -> str:
    """An amount to the cent as the reader writes it: ``€9.70``."""
    return money_in(Decimal(str(round(amount, 2) + 0.0)), currency)


def sums_words(sums: Sums) -> str:
    """Amounts of several currencies, the largest number first: ``€9.70 + CHF 3.00``."""
    order = sorted(sums, key=lambda code: (-sums[code], code))
    return " + ".join(amount_words(sums[code], code) for code in order)
