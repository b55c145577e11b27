"""Currencies as people write them, in headers and beside amounts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Final

from babel.numbers import is_currency

from energyguard.files.values.numbers import Units

_SIGNS: Final[Mapping[str, str]] = {
    "€": "EUR", "euro": "EUR", "euros": "EUR", "£": "GBP", "zł": "PLN", "zl": "PLN", "¥": "JPY",
    "₹": "INR", "₺": "TRY", "fr": "CHF", "sfr": "CHF", "ft": "HUF", "kč": "CZK",
}  # fmt: skip
"""Signs that are of one currency; a dollar and a krone may be several countries'."""
_CODES: Final = (
    "eur gbp usd chf sek nok dkk pln czk huf ron bgn isk try aud nzd cad jpy inr cny zar ils kwd"
)
MONEY: Final[Units] = dict.fromkeys((*_SIGNS, *_CODES.split(), "$", "kr", "kr."), Decimal(1))
"""What may stand beside an amount."""
_BESIDE: Final = re.compile(r"[^\d\s.,'\u2019()+\u2212-]+")


@lru_cache(maxsize=1_024)
def currency_in(text: str) -> str:
    """The one currency that a text names, ISO 4217; empty: none, or it leaves it open."""
    found = set()
    for word in _BESIDE.findall(text[:40]):
        code = _SIGNS.get(word.lower(), word if word.isupper() and len(word) == 3 else "")
        if code and is_currency(code):
            found.add(code)
    return found.pop() if len(found) == 1 else ""


def without_currency(text: str) -> tuple[str, str]:
    """A header without the sign or code of a currency in it: ``Cost £ inc VAT``, ``montant_eur``.

    Returns:
        It, and the currency; as it is, and empty, where it has none.
    """
    for word in re.findall(r"[^\W\d_]+|[€£¥₹₺]", text):
        code = _SIGNS.get(word.lower(), word.upper() if word.lower() in _CODES.split() else "")
        if code:
            return text.replace(word, " ", 1), code
    return text, ""
