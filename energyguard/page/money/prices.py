"""A tariff as the form has it: flat, or two prices by time; and a tariff in a few words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

from energyguard.model.tariffs import Tariff, TaxRate, TimedPrice
from energyguard.page.words.faults import fault_words
from energyguard.page.words.formatting import price_in
from energyguard.page.words.language import _
from energyguard.tariffs.periods import HOLIDAY

FLAT, TIMED = "flat", "timed"
PEAK_TIMES: Final = "mon-fri 06:00-22:00"
_NUMBER = re.compile(r"[+-]?\d{1,7}(?:[.,]\d{1,9})?", re.ASCII)


class TariffFields(NamedTuple):
    """What the form has of a tariff, as it is typed."""

    name: str = ""
    currency: str = ""
    kind: str = FLAT
    price: str = ""
    peak: str = ""
    when: str = ""
    holidays: str = ""
    export_price: str = ""
    per_month: str = ""
    tax: str = ""


def decimal_of(text: str) -> Decimal | None:
    """A number as people type it, with a comma or a point; empty: none.

    Raises:
        ValueError: it is none, or has more than one of these.
    """
    word = text.strip().replace(" ", "").replace("\u2212", "-")
    if not word:
        return None
    if not _NUMBER.fullmatch(word):
        raise ValueError(_("{text} is no number; write 0.2953").format(text=text))
    return Decimal(word.replace(",", "."))


def entered(fields: TariffFields) -> tuple[dict[str, Any], dict[str, str]]:
    """The fields of the entry that the form means, and what is wrong with it, by field."""
    faults: dict[str, str] = {}
    found: dict[str, str | None] = {}
    for name in ("price", "peak", "export_price", "per_month", "tax"):
        try:
            value = decimal_of(getattr(fields, name))
            found[name] = None if value is None else str(value)
        except ValueError as error:
            faults[name] = fault_words(error)
    if not found.get("price") and "price" not in faults:
        faults["price"] = _("say what a kWh costs")
    timed = fields.kind == TIMED
    if timed and not found.get("peak") and "peak" not in faults:
        faults["peak"] = _("say what a kWh costs then")
    tax = [{"name": _("Tax"), "percent": found["tax"]}] if found.get("tax") else None
    made: dict[str, Any] = {
        "name": fields.name,
        "currency": fields.currency or None,
        "price": None if timed else found.get("price"),
        "prices": _timed(fields, found) if timed else None,
        "export_price": found.get("export_price"),
        "per_month": found.get("per_month"),
        "taxes": tax,
    }
    return made, faults


def _timed(fields: TariffFields, found: Mapping[str, str | None]) -> list[dict[str, str | None]]:
    low, high = found.get("price"), found.get("peak")
    rows: list[dict[str, str | None]] = []
    if fields.holidays:
        rows.append({"price": low, "name": _("Low price"), "when": HOLIDAY})
    rows.append({"price": high, "name": _("High price"), "when": fields.when or PEAK_TIMES})
    return [*rows, {"price": low, "name": _("Low price")}]


def fields_of(tariff: Tariff) -> TariffFields | None:
    """A tariff as the form has it; None: it has more than the form can say."""
    plain = not (tariff.blocks or tariff.source or tariff.per_day or tariff.demand_price)
    if not plain or len(tariff.taxes) > 1:
        return None
    common = TariffFields(
        name=tariff.name,
        currency=tariff.currency,
        export_price=_text(tariff.export_price),
        per_month=_text(tariff.per_month),
        tax=_text(tariff.taxes[0].percent if tariff.taxes else None),
    )
    if not tariff.prices:
        return common._replace(price=_text(tariff.price))
    if len(tariff.prices) == 1:
        return None
    *first, peak, low = tariff.prices
    if low.when or not peak.when or not _is_holiday(first, low):
        return None
    return common._replace(
        kind=TIMED,
        price=_text(low.price),
        peak=_text(peak.price),
        when=peak.when,
        holidays="low" if first else "",
    )


def _is_holiday(first: list[TimedPrice], low: TimedPrice) -> bool:
    """Whether what stands above the high price is nothing, or holidays at the low one."""
    if not first:
        return True
    return len(first) == 1 and (first[0].when, first[0].price) == (HOLIDAY, low.price)


def _text(value: Decimal | None) -> str:
    return "" if value is None else f"{value:f}"


def price_words(tariff: Tariff) -> str:
    """What a kWh costs, in a few words."""
    currency = tariff.currency

    def money(price: Decimal) -> str:
        return price_in(price, currency) if currency else f"{price:f}"

    if tariff.source:
        return _("by the hour, list {list}").format(list=tariff.source)
    if tariff.price is not None:
        return _("{price} per kWh").format(price=money(tariff.price))
    prices = [row.price for row in tariff.prices] or [row.price for row in tariff.blocks]
    low, high = min(prices, default=Decimal(0)), max(prices, default=Decimal(0))
    if tariff.prices:
        words = _("{low} to {high} per kWh, by time")
    else:
        words = _("{low} to {high} per kWh, in steps")
    return words.format(low=money(low), high=money(high))


def tax_words(taxes: tuple[TaxRate, ...]) -> str:
    """Taxes by name and rate."""
    return ", ".join(f"{tax.name} {tax.percent:f} %" for tax in taxes)
