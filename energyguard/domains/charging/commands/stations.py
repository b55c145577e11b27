"""``stations …``: queries about charging stations; ``stations add`` lists chargers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from energyguard.cli.ask.queries import QUERIES, SinceDevices, UntilDevices, ask
from energyguard.cli.terminal.call import Call, Group
from energyguard.cli.terminal.output import rows_of


def now(
    call: Call,
    curve: Annotated[
        str, typer.Option(help="Also before that: mean, least, most in such steps.")
    ] = "",
    since: SinceDevices = "1d",
    until: UntilDevices = None,
) -> None:
    """Show how many cars stand at all chargers together, in the newest second that is certain."""
    from energyguard.history.query import query_named

    if curve:
        given = {"since": since, "until": until, "step": curve}
        found = ask(call, query_named("station_occupied"), given)
        call.out.rows(found, empty="nothing of chargers in this time")
        return
    with call.history() as history:
        found = list(rows_of(history.query("station_now")))
    call.out.rows(found, empty="no second is certain yet")


def add(
    call: Call,
    file: Annotated[
        Path, typer.Argument(help="charger,station,latitude,longitude,rating_kw[,topic][,currency]")
    ],
) -> None:
    """List the chargers of a CSV file: where each is, and how strong. A wrong row stops it all."""
    from energyguard.domains.charging.charger_list import (
        check_listed,
        list_chargers,
        read_chargers,
    )

    found = read_chargers(file)
    with call.log() as log:
        check_listed(log, found)
        list_chargers(log, found)
    stations = len({charger.station for charger in found})
    call.out.done(
        f"{len(found):,} chargers at {stations:,} stations", chargers=len(found), stations=stations
    )


_VERBS = (
    "occupancy", "stays", "charges", "sessions", "revenue", "top", "violations", "now", "bays",
    "day", "signals", "add",
)  # fmt: skip
"""In the order of the help; those that are not here come from the headers of queries."""
_OWN: dict[str, Callable[..., None]] = {"stations now": now, "stations add": add, **QUERIES}
GROUP = Group(
    "Charging stations: the questions about them, and which chargers there are.",
    {verb: _OWN[f"stations {verb}"] for verb in _VERBS},
)
