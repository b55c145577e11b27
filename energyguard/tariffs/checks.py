"""What a tariff may be: every fault, in words for who entered it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from energyguard.model.tariffs import Tariff
from energyguard.tariffs.periods import parse_period

MAX_ROWS: Final = 100
"""Prices, blocks and taxes of a tariff."""
MAX_NAME: Final = 100
MAX_PRICE: Final = Decimal(1_000_000)
MAX_PERCENT: Final = 100
MAX_PLACES: Final = 9
_LIST = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}", re.ASCII)
Faults = Iterator[tuple[str, str]]


def list_id_fault(name: str) -> str:
    """What is wrong with the id of a list of prices; empty: nothing."""
    return "" if _LIST.fullmatch(name) else f"{name!r} is no id of a list; write spot-de"


def tariff_faults(tariff: Tariff) -> Faults:
    """The field at fault, and what is wrong with it."""
    kinds = {
        "price": tariff.price is not None,
        "prices": bool(tariff.prices),
        "blocks": bool(tariff.blocks),
        "source": bool(tariff.source),
    }
    given = [name for name, is_there in kinds.items() if is_there]
    if len(given) != 1:
        found = f"; this has {' and '.join(given)}" if given else ""
        yield (
            given[-1] if given else "price",
            "say one of price (flat), prices (time of use), blocks (steps) or source (dynamic)"
            f"{found}",
        )
    if tariff.source and (fault := list_id_fault(tariff.source)):
        yield "source", fault
    if tariff.surcharge is not None and not tariff.source:
        yield "surcharge", "is added to the prices of a source, and there is none"
    for field in ("price", "surcharge", "export_price", "per_day", "per_month", "demand_price"):
        yield from _number(field, getattr(tariff, field))
    for name in ("prices", "blocks", "taxes"):
        if len(getattr(tariff, name)) > MAX_ROWS:
            yield name, f"at most {MAX_ROWS}"
            return
    yield from _timed(tariff)
    yield from _blocks(tariff)
    for tax in tariff.taxes:
        yield from _name("taxes", tax.name)
        faults = list(_number("taxes", tax.percent))
        yield from faults
        if not faults and not 0 <= tax.percent <= MAX_PERCENT:
            named = f"{tax.name}: " if tax.name else ""
            yield "taxes", f"{named}{tax.percent} is no tax: it has 0 to {MAX_PERCENT} percent"


def _timed(tariff: Tariff) -> Faults:
    for row in tariff.prices:
        yield from _name("prices", row.name)
        yield from _number("prices", row.price)
        try:
            parse_period(row.when)
        except ValueError as error:
            yield "prices", str(error)
    always = next((n for n, row in enumerate(tariff.prices) if not row.when.strip()), None)
    if always is not None and always + 1 < len(tariff.prices):
        row = tariff.prices[always + 1]
        yield (
            "prices",
            f"{row.name or row.price!s} never holds: the price above it holds always "
            "(the first that fits is taken)",
        )


def _blocks(tariff: Tariff) -> Faults:
    before = Decimal(0)
    for n, block in enumerate(tariff.blocks, 1):
        yield from _name("blocks", block.name)
        yield from _number("blocks", block.price)
        last = n == len(tariff.blocks)
        if block.up_to_kwh is None:
            if not last:
                yield "blocks", "only the last block has no up_to_kwh: it takes all the rest"
            continue
        faults = list(_number("blocks", block.up_to_kwh))
        yield from faults
        if not faults and block.up_to_kwh <= before:
            yield "blocks", f"up_to_kwh {block.up_to_kwh} is not above {before} of the one before"
        elif not faults:
            before = block.up_to_kwh
        if last:
            yield "blocks", "the last block takes all the rest: leave its up_to_kwh out"


def _name(field: str, name: str) -> Faults:
    if len(name) > MAX_NAME or not name.isprintable() or name != name.strip():
        yield field, f"a name has at most {MAX_NAME} characters that can be seen: {name[:20]!r}"


def _number(field: str, value: Decimal | None) -> Faults:
    if value is None:
        return
    if not value.is_finite() or abs(value) > MAX_PRICE:
        yield field, f"{value} is no number up to {MAX_PRICE:,}"
        return
    exponent = value.normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > MAX_PLACES:
        yield field, f"{value} has more than {MAX_PLACES} decimals"
