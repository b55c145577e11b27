"""What was used as a table: a row for each step of each key, in the time of its zone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from types import MappingProxyType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from energyguard.catalogue import Catalogue
from energyguard.errors import Malformed
from energyguard.model.calendar import CalendarSpan, CalendarStep
from energyguard.model.catalogue import DEVICE, SITE, parts_of
from energyguard.model.days import HOUR_MS
from energyguard.service.bills.contract import EnergyCost, StepCosts
from energyguard.service.consumption.amounts import ConsumptionStep
from energyguard.service.consumption.consumption import ConsumptionSeries

EVERYTHING = "everything"
"""The name of the key that is empty."""
MAX_ROWS = 300_000
"""Of a hundred keys a month of quarter hours."""
MAX_ROWS_BY_CELL = 100_000
"""A cell of JSON or of a workbook takes ten times as long as one of CSV."""
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
    rows: list[tuple[Any, ...]] = []
    for series in found:
        name = name_of_key(series.key, catalogue)
        before = series.before if compare else ()
        prices = costs.get(series.key, ())
        for step, then, cost in zip_longest(series.steps, before, prices):
            of_step = (*step, *shown_cost(step, cost)) if step else (None,) * 6
            beside = (then.start_ms, then.kwh) if then else (None, None)
            start, end, kwh, readings, *price = of_step
            row = (series.key, name, start, end, kwh, readings)
            rows.append((*row, *beside, *price) if compare else (*row, *price))
    time = pa.timestamp("ms", zone)
    kinds = [
        ("of", pa.string()), ("name", pa.string()), ("start", time), ("end", time),
        ("kwh", pa.float64()), ("readings", pa.int64()),
    ]  # fmt: skip
    kinds += [("before_start", time), ("before_kwh", pa.float64())] if compare else []
    kinds += [("cost", pa.float64()), ("currency", pa.string())]
    columns = list(zip(*rows, strict=True)) or [()] * len(kinds)
    table = pa.table(
        [pa.array(column, kind) for column, (_, kind) in zip(columns, kinds, strict=True)],
        [name for name, _ in kinds],
    )
    return table.add_column(
        table.column_names.index("kwh"), "utc_offset_h", _offsets(table["start"])
    )


def shown_cost(step: ConsumptionStep, cost: EnergyCost | None) -> tuple[float | None, str | None]:
    """What a step cost, and the currency: of one of which nothing is known, neither."""
    if cost is None or step.kwh is None:
        return None, None
    return float(cost.amount), cost.currency


def _offsets(times: pa.ChunkedArray) -> pa.ChunkedArray:
    """How far the clock of their zone is ahead of UTC, in hours."""
    ahead_ms = pc.subtract(pc.local_timestamp(times).cast(pa.int64()), times.cast(pa.int64()))
    return pc.divide(ahead_ms.cast(pa.float64()), float(HOUR_MS))


def check_rows(
    keys: Sequence[str], span: CalendarSpan, step: CalendarStep | None, is_columnar: bool
) -> None:
    """Refuse what would be too many rows, before anything is looked at.

    Args:
        keys: whose steps these are.
        span: days of a zone.
        step: None: by the span's length.
        is_columnar: made column by column; what is made cell by cell takes longer.

    Raises:
        Malformed: there are too many.
    """
    step = step or span.step
    steps = len(span.borders(step)) - 1
    rows, room = steps * len(keys), MAX_ROWS if is_columnar else MAX_ROWS_BY_CELL
    if rows > room:
        other = "" if is_columnar else f", or CSV or Parquet, which may have {MAX_ROWS:,}"
        raise Malformed(
            f"{len(keys)} at once in {steps:,} steps of a {step} are {rows:,} rows, and there may "
            f"be {room:,}: ask for fewer at once, for less time or for longer steps{other}",
            "step",
        )
