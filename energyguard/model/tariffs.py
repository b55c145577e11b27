"""What energy costs, as the catalogue keeps it: prices per kWh, standing and demand charges, taxes.

Prices are decimals in units of the currency (0.29531 EUR), at most nine places, and may be
negative. Of ``price``, ``prices``, ``blocks`` and ``source`` a tariff has at most one; the rest
adds to it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import msgspec

TARIFF = "tariff"
"""The first part of its key: ``tariff/home``."""
MAX_FIGURES = 5
"""Of a price, for people: it is kept, computed with and exported exactly."""


def legible(price: Decimal) -> Decimal:
    """A price as people read it: five figures, and never less than cents (€0.39667 a day)."""
    return round(price, max(2, MAX_FIGURES - 1 - price.adjusted()))


class TimedPrice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A price per kWh at some times of the week."""

    price: Annotated[Decimal, msgspec.Meta(description="Per kWh.")]
    name: Annotated[str, msgspec.Meta(description="On the bill: peak, night, …")] = ""
    when: Annotated[
        str,
        msgspec.Meta(
            description="`mon-fri 07:00-22:00`, `sat,sun,holiday`, `22:00-06:00`; empty: always."
        ),
    ] = ""


class PriceBlock(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A price per kWh of a part of what a month takes."""

    price: Annotated[Decimal, msgspec.Meta(description="Per kWh.")]
    name: str = ""
    up_to_kwh: Annotated[
        Decimal | None,
        msgspec.Meta(description="Of the month, from its first kWh on; none: all the rest."),
    ] = None


class TaxRate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A tax on the sum of all other lines."""

    name: str
    percent: Decimal


class Tariff(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag=TARIFF, tag_field="is"
):
    """What energy costs."""

    name: str
    currency: Annotated[str, msgspec.Meta(description="ISO 4217; empty: the site's.")] = ""
    price: Annotated[
        Decimal | None, msgspec.Meta(description="Flat: per kWh, whenever and however much.")
    ] = None
    prices: Annotated[
        tuple[TimedPrice, ...],
        msgspec.Meta(description="Time of use: the first that fits holds."),
    ] = ()
    blocks: Annotated[
        tuple[PriceBlock, ...], msgspec.Meta(description="Steps within each month.")
    ] = ()
    source: Annotated[str, msgspec.Meta(description="Dynamic: the id of a list of prices.")] = ""
    surcharge: Annotated[
        Decimal | None, msgspec.Meta(description="Per kWh, on top of each dynamic price.")
    ] = None
    export_price: Annotated[
        Decimal | None,
        msgspec.Meta(
            description="Paid per kWh fed in, by the quarter hour; none: it is taken off."
        ),
    ] = None
    per_day: Annotated[Decimal | None, msgspec.Meta(description="Standing charge a day.")] = None
    per_month: Annotated[Decimal | None, msgspec.Meta(description="Standing charge a month.")] = (
        None
    )
    demand_price: Annotated[
        Decimal | None,
        msgspec.Meta(description="Per kW of the highest quarter hour of each month."),
    ] = None
    taxes: tuple[TaxRate, ...] = ()
