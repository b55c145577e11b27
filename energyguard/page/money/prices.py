"""A tariff as the form has it: flat, by time, in steps, by a list; and a tariff in a few words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

from energyguard.model.tariffs import PriceBlock, Tariff, TaxRate, TimedPrice
from energyguard.page.words.faults import fault_words
from energyguard.page.words.formatting import price_in
from energyguard.page.words.language import _
from energyguard.tariffs.periods import HOLIDAY

FLAT, TIMED, STEPS, LISTED = "flat", "timed", "steps", "list"
PEAK_TIMES: Final = "mon-fri 06:00-22:00"
_DECIMALS: Final = (
    *("price", "peak", "up_to", "price_2", "up_to_2", "price_3", "surcharge"),
    *("demand_price", "export_price", "per_month", "tax"),
)
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
    up_to: str = ""
    price_2: str = ""
    up_to_2: str = ""
    price_3: str = ""
    source: str = ""
    surcharge: str = ""
    demand_price: str = ""
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
    for name in _DECIMALS:
        try:
            value = decimal_of(getattr(fields, name))
            found[name] = None if value is None else str(value)
        except ValueError as error:
            faults[name] = fault_words(error)
    timed, steps = fields.kind == TIMED, fields.kind == STEPS
    is_listed = fields.kind == LISTED
    needed = {"price": _("say what a kWh costs")} if not is_listed else {}
    if timed:
        needed["peak"] = _("say what a kWh costs then")
    if steps:
        needed["up_to"] = _("say up to how many kWh of a month it holds")
        needed["price_2"] = _("say what a kWh costs then")
    if is_listed and not fields.source:
        faults["source"] = _("say by which list of prices it goes")
    if steps and found.get("price_3") and not found.get("up_to_2"):
        needed["up_to_2"] = _("say up to how many kWh of a month it holds")
    if steps and found.get("up_to_2") and not found.get("price_3"):
        needed["price_3"] = _("say what a kWh costs then")
    faults |= {
        name: why for name, why in needed.items() if not found.get(name) and name not in faults
    }
    tax = [{"name": _("Tax"), "percent": found["tax"]}] if found.get("tax") else None
    made: dict[str, Any] = {
        "name": fields.name,
        "currency": fields.currency or None,
        "price": None if timed or steps or is_listed else found.get("price"),
        "prices": _timed(fields, found) if timed else None,
        "blocks": list(_steps(found)) if steps else None,
        "source": fields.source if is_listed else None,
        "surcharge": found.get("surcharge") if is_listed else None,
        "demand_price": found.get("demand_price"),
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


def _steps(found: Mapping[str, str | None]) -> Iterator[dict[str, str | None]]:
    """The steps of a month, the last one without an end."""
    yield {"price": found["price"], "up_to_kwh": found["up_to"]}
    if found.get("up_to_2"):
        yield {"price": found["price_2"], "up_to_kwh": found["up_to_2"]}
        yield {"price": found["price_3"]}
    else:
        yield {"price": found["price_2"]}


def fields_of(tariff: Tariff) -> TariffFields | None:
    """A tariff as the form has it; None: it has more than the form can say."""
    if tariff.per_day or len(tariff.taxes) > 1:
        return None
    common = TariffFields(
        name=tariff.name,
        currency=tariff.currency,
        demand_price=_text(tariff.demand_price),
        export_price=_text(tariff.export_price),
        per_month=_text(tariff.per_month),
        tax=_text(tariff.taxes[0].percent if tariff.taxes else None),
    )
    if tariff.source:
        surcharge = _text(tariff.surcharge)
        return common._replace(kind=LISTED, source=tariff.source, surcharge=surcharge)
    if tariff.blocks:
        return _in_steps(common, tariff.blocks)
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


def _in_steps(common: TariffFields, blocks: tuple[PriceBlock, ...]) -> TariffFields | None:
    """Two or three steps without names, the last one without an end; None: it is something else."""
    *ended, last = blocks
    is_plain = not any(block.name for block in blocks) and last.up_to_kwh is None
    if not is_plain or len(ended) not in (1, 2):
        return None
    fields = common._replace(
        kind=STEPS, price=_text(ended[0].price), up_to=_text(ended[0].up_to_kwh)
    )
    if len(ended) == 1:
        return fields._replace(price_2=_text(last.price))
    second = ended[1]
    return fields._replace(
        price_2=_text(second.price), up_to_2=_text(second.up_to_kwh), price_3=_text(last.price)
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
