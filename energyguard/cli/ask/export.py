"""``export``: readings or alerts of the history in a file."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from energyguard.cli.ask.queries import Since, Until, between
from energyguard.cli.terminal.call import Call
from energyguard.cli.terminal.files import ExportShape, Output, export_format, writable
from energyguard.cli.terminal.output import progress
from energyguard.cli.terminal.spans import Day, Month, Week, Year, Zone

What = Literal["readings", "alerts", "windows"]


def export(
    call: Call,
    what: Annotated[What, typer.Argument(help="windows: the records of energy_alerts.")],
    output: Output = "-",
    shape: ExportShape = None,
    device: Annotated[str, typer.Option(help="Readings of one device.", show_default="all")] = "",
    since: Since = "366d",
    until: Until = None,
    day: Day = None,
    week: Week = None,
    month: Month = None,
    year: Year = None,
    zone: Zone = None,
) -> None:
    """Write readings or alerts of the history to a file."""
    from energyguard.history.export import export_alerts, export_readings

    written = export_format(output, shape)
    calendar = {"day": day, "week": week, "month": month, "year": year, "zone": zone}
    with call.history() as history, writable(output) as out:
        span = between(call, history, since, until, device, calendar=calendar)
        if what == "readings":
            with progress("export", "readings") as report:
                rows = export_readings(
                    history, out, written, **span, device=device, progress=report
                )
        else:
            rows = export_alerts(
                history,
                out,
                written,
                **span,
                question="alerts" if what == "alerts" else "window_alerts",
            )
    if output != "-":
        call.out.done(f"{rows:,} rows in {output}", rows=rows, output=output)
