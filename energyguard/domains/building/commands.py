"""``simulate building``: into the log, a file or standard output."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from energyguard.cli.send.feeds import (
    JsonOutput,
    Speedup,
    Ticks,
    Truth,
    simulated,
    start_ms,
    write_file,
)
from energyguard.cli.terminal.call import Call
from energyguard.cli.terminal.output import progress, until_signal

if TYPE_CHECKING:
    from energyguard.domains.building.floors import BuildingRun
    from energyguard.settings.tree import Settings

LoadShape = Literal["day", "plain"]
FloorShape = Annotated[
    LoadShape | None,
    typer.Option(
        help="`plain`: system A's random walk, the same at all hours.", show_default="day"
    ),
]
TickSeconds = Annotated[
    int | None, typer.Option(min=1, help="Between two ticks.", show_default="30")
]
Delta = Annotated[
    bool | None,
    typer.Option("--delta/--no-delta", help="Send `delta_kwh` too.", show_default="no"),
]
FaultsPerWeek = Annotated[float | None, typer.Option(help="Of each floor.", show_default="0.5")]


def building(
    call: Call,
    floors: Annotated[int | None, typer.Option(min=1, help="How many floors.")] = None,
    shape: FloorShape = None,
    start: Annotated[
        str | None, typer.Option(help="The first tick.", show_default="now, and in step with it")
    ] = None,
    ticks: Ticks = None,
    tick_seconds: TickSeconds = None,
    speedup: Speedup = 1.0,
    seed: Annotated[int | None, typer.Option(help="The same seed, the same readings.")] = None,
    delta: Delta = None,
    faults: Annotated[
        str | None, typer.Option(help="Labelled faults: `all`, or some, as `surge,gap`.")
    ] = None,
    faults_per_week: FaultsPerWeek = None,
    truth: Truth = None,
    output: JsonOutput = "log",
) -> None:
    """Simulate a building: into the log in real time, or as JSON lines as fast as it can.

    Into the log, its counters go on where they stood; they are kept in the data folder. The labels
    of faults are CSV (device, kind, from, to): in `simulate-building-truth.csv` of the data folder,
    or beside the file, with `.truth.csv` behind its name.
    """
    from energyguard.domains.building.feed import write_json

    simulated(call, seed, speedup)
    call = call.with_settings(
        simulate__floors=floors,
        simulate__floor_shape=shape,
        simulate__floor_seconds=tick_seconds,
        simulate__seed=seed,
        simulate__floor_delta=delta,
        simulate__floor_faults=faults,
        simulate__floor_faults_per_week=faults_per_week,
    )
    if truth is None and output not in ("log", "-"):
        truth = Path(f"{output}.truth.csv")
    run = _building_run(call.settings, start_ms(start), ticks, speedup, truth)
    if output == "log":
        _send_building(call, run)
    else:
        write_file(output, "ticks", partial(write_json, run))


def _building_run(
    settings: Settings, start_ms: int | None, ticks: int | None, speedup: float, truth: Path | None
) -> BuildingRun:
    from energyguard.domains.building.floors import BuildingRun
    from energyguard.domains.building.role import building_of

    return BuildingRun(
        building=building_of(settings),
        start_ms=start_ms,
        ticks=ticks,
        speedup=speedup,
        truth=truth,
    )


def _send_building(call: Call, run: BuildingRun) -> None:
    from energyguard.domains.building.feed import BuildingFeed
    from energyguard.domains.building.role import ROLE
    from energyguard.processes.registry import present

    folder = call.settings.data_dir
    with until_signal() as stop, present(folder, ROLE, max_processes=1), call.log() as log:
        feed = BuildingFeed(run, log, folder, stop)
        before = ", and have before: nothing was sent" if feed.nothing_left else ""
        with progress("simulate", "ticks") as report:
            feed.play(report)
    counters = [wh / 1000 for wh in feed.wh]
    call.out.done(
        f"{feed.done:,} ticks; the counters show {', '.join(f'{c:,.3f}' for c in counters)} kWh"
        f"{before}",
        ticks=feed.done,
        counters_kwh=counters,
    )
