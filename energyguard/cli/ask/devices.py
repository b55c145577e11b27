"""``devices``: every device, or one of them: what it measures, its gaps, how its readings ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from energyguard.cli.ask.queries import Since, Until
from energyguard.cli.terminal.call import Call
from energyguard.cli.terminal.output import at, plain
from energyguard.cli.terminal.times import parse_range
from energyguard.errors import ConfigError

if TYPE_CHECKING:
    from energyguard.service.devices import DeviceDetail, DeviceSummary

Sort = Literal["name", "last", "kwh", "alerts"]


def devices(
    call: Call,
    device: Annotated[str, typer.Argument(help="Only this one, closely.", show_default="all")] = "",
    search: Annotated[str, typer.Option(help="Only names with this in them.")] = "",
    sort: Annotated[Sort, typer.Option(help="What to sort by.")] = "name",
    since: Since = "1d",
    until: Until = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 1_000,
    profile: Annotated[
        bool, typer.Option("--profile", help="What is usual for it, by the half-hour of the week.")
    ] = False,
    channel: Annotated[
        str, typer.Option(help="Of the profile.", show_default="the first that has one")
    ] = "",
    rule: Annotated[
        str, typer.Option(help="By which the profile is.", show_default="the first that has one")
    ] = "",
) -> None:
    """List the devices, or show what one measures; energy, alerts and gaps are of a time range."""
    from energyguard.service.devices import chosen

    if profile:
        _show_profile(call, device, channel, rule)
        return

    with call.service() as service:
        last_ms = service.devices.detail(device).last_ms if device else service.archived_ms() or 0
        span = parse_range(since, until, last_ms + 1, call.settings.serve.zone)
        if device:
            detail = service.devices.detail(device, **span)
            if call.json:
                call.out.record(plain(detail))
            else:
                call.out.rows(measured(detail))
            return
        found = service.devices.summaries(**span)
    rows = [listed(row) for row in chosen(found, search, sort)[:limit]]
    call.out.rows(rows, empty="no such device has sent anything yet")


def _show_profile(call: Call, device: str, channel: str, rule: str) -> None:
    """What the detector has learned of a device, by a rule.

    Raises:
        ConfigError: no device was named.
        NotFound: nobody has learned it.
    """
    if not device:
        raise ConfigError("--profile is of one device: energyguard devices NAME --profile")
    with call.service() as service:
        found = service.profiles.get(device, channel, rule)
    if call.json:
        call.out.record(plain(found))
    else:
        call.out.rows(
            {"half_hour": row.half_hour, f"usual_{found.unit}": row.usual, "sigma": row.sigma,
             "low": row.low, "high": row.high, "known_from": row.known_from}
            for row in found.half_hours
        )  # fmt: skip


def listed(row: DeviceSummary) -> dict[str, Any]:
    """A device as a row."""
    return {
        "device": row.device,
        "channels": ", ".join(row.channels),
        "last": at(row.last_ms),
        "kwh": row.kwh,
        "alerts": row.alerts,
        "open": row.open_alerts,
    }


def measured(found: DeviceDetail) -> list[dict[str, Any]]:
    """What a device measures, a row per channel; gaps and the time that is missing in them."""
    gaps = {channel.channel: [0, 0] for channel in found.channels}
    for gap in found.gaps:
        gaps[gap.channel][0] += 1
        gaps[gap.channel][1] += gap.end_ms - gap.start_ms
    return [
        {
            "channel": channel.channel,
            "unit": channel.unit,
            "topic": channel.topic,
            "first": at(channel.first_ms),
            "last": at(channel.last_ms),
            "readings": channel.readings,
            "gaps": gaps[channel.channel][0],
            "missing_s": gaps[channel.channel][1] // 1000,
        }
        for channel in found.channels
    ]
