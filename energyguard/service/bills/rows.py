"""A bill as a table: a row for each line, and for time whose energy has no price."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa

from energyguard.model.quantities import NANO
from energyguard.service.bills.contract import EnergyBill
from energyguard.tariffs.bill import major

NO_PRICE_ITEM = "no-price"
"""The item of rows that tell of time without a price; they have no amount."""


def plain(value: Decimal) -> str:
    """A decimal without an exponent and without needless zeros: ``12.5``."""
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def bill_table(bill: EnergyBill) -> pa.Table:
    """A row a line, in the order of the bill; times are of the bill's zone."""
    rows: list[tuple[object, ...]] = [
        (
            line.kind, line.name, line.start_ms, line.end_ms, float(line.quantity), line.unit,
            None if line.price is None else float(line.price),
            float(major(line.amount, bill.digits)), bill.currency, line.tariff_id, line.at_ms,
        )
        for line in bill.rated.lines
    ]  # fmt: skip
    rows += [
        (NO_PRICE_ITEM, s.reason, s.start_ms, s.end_ms, s.nano / NANO, "kWh",
         None, None, bill.currency, "", None)
        for s in bill.rated.unpriced
    ]  # fmt: skip
    time = pa.timestamp("ms", bill.span.zone)
    kinds = [
        ("item", pa.string()), ("name", pa.string()), ("start", time), ("end", time),
        ("quantity", pa.float64()), ("unit", pa.string()), ("price", pa.float64()),
        ("amount", pa.float64()), ("currency", pa.string()), ("tariff", pa.string()), ("at", time),
    ]  # fmt: skip
    columns = list(zip(*rows, strict=True)) or [()] * len(kinds)
    return pa.table(
        [pa.array(column, kind) for column, (_, kind) in zip(columns, kinds, strict=True)],
        [name for name, _ in kinds],
    )
