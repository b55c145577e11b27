"""What was used as a table: a row for each step of each key, in the time of its zone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from types import MappingProxyType

import pyarrow as pa

from energyguard.catalogue import Catalogue
from energyguard.model.catalogue import DEVICE, SITE, parts_of
from energyguard.model.days import HOUR_MS, local
from energyguard.service.bills.contract import StepCosts
from energyguard.service.consumption.consumption import ConsumptionSeries

EVERYTHING = "everything"
"""The name of the key that is empty."""
NO_COSTS: Mapping[str, StepCosts] = MappingProxyType({})


def name_of_key(key: str, catalogue: Catalogue) -> str:
    """What people call a device, a site or a group."""
    if not key:
        return EVERYTHING
    kind, name = parts_of(key)
    if kind == DEVICE:
        return catalogue.name(name)
    entry = (catalogue.sites if kind == SITE else catalogue.groups).get(name)
    return entry.name if entry and entry.name else name


def consumption_table(
    found: Sequence[ConsumptionSeries],
    catalogue: Catalogue,
    compare: bool = True,
    costs: Mapping[str, StepCosts] = NO_COSTS,
) -> pa.Table:
    """A row for each step: of the span and, beside it, of the one before.

    Times are of the span's zone; ``utc_offset_h`` tells apart the hours that come twice. Where the
    span before has more steps, their rows have no time of this one. ``cost`` is empty where there
    is no tariff, or no price.

    Args:
        found: of one span.
        catalogue: what things are called.
        compare: with the span before.
        costs: what the steps of each come to, of those that have a tariff.
    """
    zone = found[0].span.zone if found else "UTC"
    rows = []
    for series in found:
        name = name_of_key(series.key, catalogue)
        before = series.before if compare else ()
        prices = costs.get(series.key, ())
        for step, then, cost in zip_longest(series.steps, before, prices):
            start = step.start_ms if step else None
            row = [
                series.key, name, start, step.end_ms if step else None, _offset(start, zone),
                step.kwh if step else None, step.readings if step else None,
            ]  # fmt: skip
            if compare:
                row += [then.start_ms, then.kwh] if then else [None, None]
            is_known = step is not None and step.kwh is not None
            row += [float(cost.amount), cost.currency] if cost and is_known else [None, None]
            rows.append(row)
    time = pa.timestamp("ms", zone)
    kinds = [
        ("of", pa.string()), ("name", pa.string()), ("start", time), ("end", time),
        ("utc_offset_h", pa.float64()), ("kwh", pa.float64()), ("readings", pa.int64()),
    ]  # fmt: skip
    kinds += [("before_start", time), ("before_kwh", pa.float64())] if compare else []
    kinds += [("cost", pa.float64()), ("currency", pa.string())]
    columns = list(zip(*rows, strict=True)) or [()] * len(kinds)
    return pa.table(
        [pa.array(column, kind) for column, (_, kind) in zip(columns, kinds, strict=True)],
        [name for name, _ in kinds],
    )


def _offset(ms: int | None, zone: str) -> float | None:
    """How far a zone's clock is ahead of UTC, in hours."""
    if ms is None or (offset := local(ms, zone).utcoffset()) is None:
        return None
    return offset.total_seconds() * 1000 / HOUR_MS
