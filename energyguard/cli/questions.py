"""``readings``, ``trend``, ``windows``, ``top``, ``export``: questions about the past."""

from __future__ import annotations

from difflib import get_close_matches
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from energyguard.cli.call import Call, command
from energyguard.cli.groups import group_lags
from energyguard.cli.output import progress, rows_of, writable
from energyguard.cli.times import parse_range, parse_span
from energyguard.clock import SYSTEM
from energyguard.errors import NotFound
from energyguard.pipeline import ARCHIVE

if TYPE_CHECKING:
    from energyguard.history import History

Since = Annotated[
    str,
    typer.Option(help="From: how long before the newest reading (2h), a day or a time."),
]
Until = Annotated[str | None, typer.Option(help="To: the same.", show_default="the newest reading")]


class By(StrEnum):
    """What to rank by."""

    KWH = "kwh"
    ALERTS = "alerts"


def between(
    call: Call,
    history: History,
    since: str,
    until: str | None,
    device: str = "",
    channel: str = "",
) -> dict[str, int]:
    """The half-open range of two texts; durations count back from the newest reading asked for.

    The data's own clock, not the wall's: a simulation runs ahead of it, a replay behind.

    Raises:
        NotFound: the history has nothing of that device, or not of that channel.
    """
    from energyguard.history.newest import newest_ms

    newest = newest_ms(history.query, SYSTEM.now_ms(), device, channel)
    if newest is None and device:
        raise NotFound(_missing(call, history, device, channel))
    return parse_range(since, until, 0 if newest is None else newest + 1, call.settings.serve.zone)


def _missing(call: Call, history: History, device: str, channel: str) -> str:
    """Why there is nothing of a device: its channels, names that are near, what is not in yet."""
    devices = history.query("devices")
    names = devices["device"].to_pylist()
    if device in names:
        own = devices["channel"].to_pylist()
        own = [name for name, of in zip(own, names, strict=True) if of == device]
        return f"{device} has no {channel}; it has: {', '.join(own)}"
    near = get_close_matches(device, sorted(set(names)), 5, 0.5)
    text = f"no device {device!r} in the history"
    if near:
        text += f"; near: {', '.join(near)}"
    from energyguard.node import open_log

    with open_log(call.settings) as log:
        waiting = sum(row["lag"] for row in group_lags(log, [ARCHIVE]))
    return text + (f"; {waiting:,} records are not in the history yet" if waiting else "")


def readings(
    call: Call,
    device: Annotated[str, typer.Argument(help="A device, such as H001.")],
    channel: Annotated[str, typer.Option(help="What it measures.", show_default="all")] = "",
    since: Since = "1h",
    until: Until = None,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 100,
) -> None:
    """Show a device's readings, oldest first."""
    from energyguard.node import open_history

    with open_history(call.settings) as history:
        found = history.query(
            "readings",
            device=device,
            channel=channel,
            limit=limit,
            **between(call, history, since, until, device, channel),
        )
    call.out.rows(rows_of(found), empty=f"no readings of {device} in this time")


def trend(
    call: Call,
    device: Annotated[str, typer.Argument(help="A device.")] = "thermometer",
    channel: Annotated[str, typer.Option(help="What it measures.")] = "temperature_c",
    since: Since = "1h",
    until: Until = None,
) -> None:
    """Show a channel's mean, and its slope per hour with the standard error of that."""
    from energyguard.node import open_history

    with open_history(call.settings) as history:
        found = history.query(
            "trend",
            device=device,
            channel=channel,
            **between(call, history, since, until, device, channel),
        )
    call.out.rows(rows_of(found))


def windows(
    call: Call,
    device: Annotated[str, typer.Argument(help="A device, such as H001.")],
    window: Annotated[str, typer.Option(help="The window's length.")] = "15m",
    slide: Annotated[str, typer.Option(help="From one window to the next.")] = "1m",
    since: Since = "1h",
    until: Until = None,
) -> None:
    """Show the energy of a device in sliding windows."""
    from energyguard.node import open_history

    with open_history(call.settings) as history:
        found = history.query(
            "window_sums",
            device=device,
            window_ms=parse_span(window),
            slide_ms=parse_span(slide),
            **between(call, history, since, until, device),
        )
    call.out.rows(rows_of(found), empty=f"no whole window of {device} in this time")


def top(
    call: Call,
    by: Annotated[By, typer.Option(help="What to rank by.")] = By.KWH,
    n: Annotated[int, typer.Option("-n", "--number", min=1, help="How many.")] = 10,
    since: Since = "1d",
    until: Until = None,
) -> None:
    """Show the devices with the most energy or the most alerts."""
    from energyguard.node import open_history

    with open_history(call.settings) as history:
        found = history.query("top", by=by.value, n=n, **between(call, history, since, until))
    call.out.rows(rows_of(found), empty="no readings in this time")


class What(StrEnum):
    """What to export."""

    READINGS = "readings"
    ALERTS = "alerts"
    WINDOWS = "windows"


class ExportFormat(StrEnum):
    """Formats."""

    PARQUET = "parquet"
    CSV = "csv"


def export(
    call: Call,
    what: Annotated[What, typer.Argument(help="windows: the records of energy_alerts.")],
    output: Annotated[
        str,
        typer.Option(
            "--output", "-o", help="A file, or an address (`s3://BUCKET/FILE`); `-` is stdout."
        ),
    ] = "-",
    shape: Annotated[
        ExportFormat, typer.Option("--format", help="The file's format.")
    ] = ExportFormat.CSV,
    device: Annotated[str, typer.Option(help="Readings of one device.", show_default="all")] = "",
    since: Since = "366d",
    until: Until = None,
) -> None:
    """Write readings or alerts of the history to a file."""
    from energyguard.history.export import export_alerts, export_readings
    from energyguard.node import open_history

    with open_history(call.settings) as history, writable(output) as out:
        span = between(call, history, since, until, device)
        if what is What.READINGS:
            with progress("export", "readings") as report:
                rows = export_readings(
                    history, out, shape.value, **span, device=device, progress=report
                )
        else:
            rows = export_alerts(
                history,
                out,
                shape.value,
                **span,
                question="alerts" if what is What.ALERTS else "window_alerts",
            )
    if output != "-":
        call.out.done(f"{rows:,} rows in {output}", rows=rows, output=output)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    command(app, "readings")(readings)
    command(app, "trend")(trend)
    command(app, "windows")(windows)
    command(app, "top")(top)
    command(app, "export")(export)
