"""``consumption``: what devices, sites and groups used in a span of the calendar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from energyguard.cli.terminal.call import Call
from energyguard.cli.terminal.files import Output, SheetShape, sheet_format, writable
from energyguard.cli.terminal.spans import Zone
from energyguard.model.catalogue import key_meant

if TYPE_CHECKING:
    import pyarrow as pa

    from energyguard.service.bills.bills import EnergyBills
    from energyguard.service.consumption.consumption import ConsumptionSeries, ConsumptionSums
    from energyguard.service.service import EnergyService

_Step = Literal["quarter", "hour", "day", "week", "month"]


def consumption(
    call: Call,
    of: Annotated[
        list[str] | None,
        typer.Argument(help="site/ID, group/ID, device/ID or a device.", show_default="everything"),
    ] = None,
    span: Annotated[
        str,
        typer.Option(help="today, last-month, last-30-days, 2026-11, 2026-11-01..2026-11-24, …"),
    ] = "today",
    zone: Zone = None,
    step: Annotated[
        _Step | None, typer.Option(help="What it is divided into.", show_default="by its length")
    ] = None,
    total: Annotated[bool, typer.Option("--total", help="The totals alone.")] = False,
    output: Output = "-",
    shape: SheetShape = None,
) -> None:
    """Show what was used, by hour, day or month, beside the span before.

    Sums are net: what was fed in counts against what was drawn. `bounds` says both apart.
    """
    from energyguard.codecs.sheets import write_sheet
    from energyguard.service.consumption.rows import check_rows, consumption_table

    keys = [key_meant(key) for key in of or [""]]
    written = sheet_format(output, shape)
    with call.service() as service:
        sums, entries = archived_sums(service), service.catalogue.entries
        chosen = sums.span(span, keys, zone or "")
        check_rows(keys, chosen, step, is_columnar=written in {"csv", "parquet"})
        found = sums.of(keys, chosen, step=step)
        costs = archived_bills(service, sums).step_costs(keys, chosen, step)
        table = consumption_table(found, entries, costs=costs)
    if written != "table":
        with writable(output) as out:
            write_sheet(table, written, out, span)
        if output != "-":
            rows = table.num_rows
            call.out.done(f"{rows:,} rows in {output}", rows=rows, output=output)
    elif total:
        call.out.rows(_totals(found, table))
    else:
        call.out.rows(map(dict, _steps(table, call.json)), empty="nothing came in this span")


def archived_sums(service: EnergyService) -> ConsumptionSums:
    """What was used up to the newest reading that the history has."""
    from energyguard.service.consumption.consumption import ConsumptionSums

    service.live.wait_for_readings()
    newest_ms = service.live.data_ms() if service.live.apart() else service.archived_ms()
    now_ms = service.clock.now_ms() if newest_ms is None else newest_ms
    entries = service.catalogue.entries
    return ConsumptionSums(service.query, entries, lambda: now_ms, apart=service.live.apart)


def archived_bills(service: EnergyService, sums: ConsumptionSums) -> EnergyBills:
    """What that cost."""
    from energyguard.service.bills.bills import EnergyBills

    return EnergyBills(sums, service.catalogue.entries, service.prices.get, service.live.apart)


def _totals(found: Sequence[ConsumptionSeries], table: pa.Table) -> list[dict[str, Any]]:
    """A row for each: the span up to now, and the one before up to the same time."""
    names = dict(zip(table["of"].to_pylist(), table["name"].to_pylist(), strict=True))
    return [
        {
            "of": series.key,
            "name": names.get(series.key),
            "span": str(series.span),
            "zone": series.span.zone,
            "kwh": series.total_kwh,
            "before": str(series.span.before()),
            "before_kwh": series.before_total_kwh,
        }
        for series in found
    ]


def _steps(table: pa.Table, as_json: bool) -> Sequence[Mapping[str, Any]]:
    """A row for each step; for people, the time on the zone's clock."""
    rows: list[dict[str, Any]] = table.to_pylist()
    for row in rows:
        for name in ("start", "end", "before_start"):
            if row[name] is not None:
                row[name] = row[name].isoformat() if as_json else f"{row[name]:%Y-%m-%d %H:%M}"
        if not as_json:
            del row["of"], row["end"], row["utc_offset_h"]
    if not as_json and not any(row["currency"] for row in rows):
        for row in rows:
            del row["cost"], row["currency"]
    return rows
