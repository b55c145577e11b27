"""``simulate household``: into the log, a file or standard output."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from energyguard.cli.send.feeds import Ticks, Truth, play, start_ms
from energyguard.cli.terminal.call import Call

if TYPE_CHECKING:
    from energyguard.domains.household.simulate import Run
    from energyguard.settings.tree import SimulateSettings

Profile = Literal["listed", "realistic"]


def household(
    call: Call,
    households: Annotated[int | None, typer.Option(min=1, help="How many homes.")] = None,
    start: Annotated[
        str | None, typer.Option(help="The first tick.", show_default="this evening")
    ] = None,
    ticks: Ticks = None,
    tick_seconds: Annotated[int | None, typer.Option(min=1, help="Between two ticks.")] = None,
    jitter_pct: Annotated[float | None, typer.Option(help="Random spread, ±%.")] = None,
    speedup: Annotated[
        float | None, typer.Option(help="Into the log: event time by wall time; inf: at once.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed, the same readings.")] = None,
    profile: Annotated[
        Profile, typer.Option(help="`listed`: system C's table of the day for all homes.")
    ] = "listed",
    faults: Annotated[
        str, typer.Option(help="Shares of missing, late, duplicate, malformed, spike: late=0.01,…")
    ] = "",
    truth: Truth = None,
    output: Annotated[
        str, typer.Option("--output", "-o", help="`log`, `-` (CSV on stdout) or a file.")
    ] = "log",
) -> None:
    """Simulate homes: into the log on a running clock, or as CSV as fast as it can."""
    from energyguard.domains.household.feed import HouseholdFeed
    from energyguard.domains.household.simulate import write_csv

    wanted = call.with_settings(
        simulate__households=households,
        simulate__tick_seconds=tick_seconds,
        simulate__jitter_pct=jitter_pct,
        simulate__speedup=speedup,
        simulate__seed=seed,
        simulate__profile=profile,
    ).settings.simulate
    run = _run(wanted, start_ms(start), ticks, faults, truth)
    play(call, output, "ticks", partial(HouseholdFeed, run), partial(write_csv, run))


def _run(
    wanted: SimulateSettings,
    start_ms: int | None,
    ticks: int | None,
    faults: str,
    truth: Path | None,
) -> Run:
    from energyguard.domains.household.faults import Faults, parse_rates
    from energyguard.domains.household.homes import Homes
    from energyguard.domains.household.simulate import Run, this_evening_ms

    names = ("tick_seconds", "jitter_pct", "seed", "profile")
    homes = Homes(count=wanted.households, **{name: getattr(wanted, name) for name in names})
    spoil = None
    if rates := parse_rates(faults):
        start_ms = this_evening_ms() if start_ms is None else start_ms
        spoil = Faults(rates, homes, start_ms, truth)
    return Run(homes=homes, start_ms=start_ms, ticks=ticks, speedup=wanted.speedup, faults=spoil)
