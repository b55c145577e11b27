"""``simulate`` and ``replay``: readings into the log, a file or standard output."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from energyguard.cli.call import Call, command, group
from energyguard.cli.chargers import FILE_S, chargers
from energyguard.cli.output import progress, until_signal, writable
from energyguard.cli.times import parse_time
from energyguard.clock import SYSTEM
from energyguard.domain import Simulator, installed, load
from energyguard.errors import ConfigError

if TYPE_CHECKING:
    from threading import Event

    from energyguard.domains.building.floors import BuildingRun
    from energyguard.domains.household.simulate import Run
    from energyguard.settings.tree import SimulateSettings


class Profile(StrEnum):
    """How homes use energy over the day."""

    LISTED = "listed"
    REALISTIC = "realistic"


def household(
    call: Call,
    households: Annotated[int | None, typer.Option(min=1, help="How many homes.")] = None,
    start: Annotated[
        str | None, typer.Option(help="The first tick.", show_default="this evening")
    ] = None,
    ticks: Annotated[int | None, typer.Option(min=1, help="How many; without: for ever.")] = None,
    tick_seconds: Annotated[int | None, typer.Option(min=1, help="Between two ticks.")] = None,
    jitter_pct: Annotated[float | None, typer.Option(help="Random spread, ±%.")] = None,
    speedup: Annotated[
        float | None, typer.Option(help="Into the log: event time by wall time; inf: at once.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed, the same readings.")] = None,
    profile: Annotated[
        Profile, typer.Option(help="`listed`: system C's table of the day for all homes.")
    ] = Profile.LISTED,
    faults: Annotated[
        str, typer.Option(help="Shares of missing, late, duplicate, malformed, spike: late=0.01,…")
    ] = "",
    truth: Annotated[Path | None, typer.Option(help="A file for the labels of the faults.")] = None,
    output: Annotated[
        str, typer.Option("--output", "-o", help="`log`, `-` (CSV on stdout) or a file.")
    ] = "log",
) -> None:
    """Simulate homes: into the log on a running clock, or as CSV as fast as it can."""
    wanted = call.having(
        simulate__households=households,
        simulate__tick_seconds=tick_seconds,
        simulate__jitter_pct=jitter_pct,
        simulate__speedup=speedup,
        simulate__seed=seed,
        simulate__profile=profile.value,
    ).settings.simulate
    start_ms = parse_time(start, SYSTEM.now_ms()) if start else None
    run = _run(wanted, start_ms, ticks, faults, truth)
    with until_signal() as stop:
        _send(call, run, output, stop)


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

    homes = Homes(
        count=wanted.households,
        tick_seconds=wanted.tick_seconds,
        jitter_pct=wanted.jitter_pct,
        seed=wanted.seed,
        profile=wanted.profile,
    )
    spoil = None
    if rates := parse_rates(faults):
        start_ms = this_evening_ms() if start_ms is None else start_ms
        spoil = Faults(rates, homes, start_ms, truth)
    return Run(homes=homes, start_ms=start_ms, ticks=ticks, speedup=wanted.speedup, faults=spoil)


def _send(call: Call, run: Run, output: str, stop: Event) -> None:
    from energyguard.domains.household.feed import HouseholdFeed
    from energyguard.domains.household.simulate import write_csv
    from energyguard.node import open_log

    with progress("simulate", "ticks") as report:
        if output == "log":
            with open_log(call.settings) as log:
                HouseholdFeed(run, log, stop).play(report)
        else:
            with writable(output) as out:
                write_csv(run, out, stop, report)


class LoadShape(StrEnum):
    """How a building uses energy over the day."""

    PLAIN = "plain"


def building(
    call: Call,
    shape: Annotated[
        LoadShape, typer.Option(help="`plain`: system A's three floors, the same at all hours.")
    ] = LoadShape.PLAIN,
    start: Annotated[
        str | None, typer.Option(help="The first tick.", show_default="now, and in step with it")
    ] = None,
    ticks: Annotated[int | None, typer.Option(min=1, help="How many; without: for ever.")] = None,
    tick_seconds: Annotated[int, typer.Option(min=1, help="Between two ticks.")] = 30,
    speedup: Annotated[
        float, typer.Option(help="Into the log: event time by wall time; inf: at once.")
    ] = 1.0,
    seed: Annotated[int | None, typer.Option(help="The same seed, the same readings.")] = None,
    output: Annotated[
        str, typer.Option("--output", "-o", help="`log`, `-` (JSON lines on stdout) or a file.")
    ] = "log",
) -> None:
    """Simulate a building: into the log in real time, or as JSON lines as fast as it can.

    Into the log, its counters go on where they stood; they are kept in the data folder.
    """
    from energyguard.domains.building.feed import write_json
    from energyguard.domains.building.floors import Building, BuildingRun

    if not speedup > 0:
        raise ConfigError(f"--speedup {speedup}: above 0, or inf")
    run = BuildingRun(
        building=Building(tick_seconds, call.having(simulate__seed=seed).settings.simulate.seed),
        start_ms=parse_time(start, SYSTEM.now_ms()) if start else None,
        ticks=ticks,
        speedup=speedup,
    )
    with until_signal() as stop:
        if output == "log":
            _send_building(call, run, stop)
            return
        with progress("simulate", "ticks") as report, writable(output) as out:
            write_json(run, out, stop, report)


def _send_building(call: Call, run: BuildingRun, stop: Event) -> None:
    from energyguard.domains.building.feed import BuildingFeed
    from energyguard.node import open_log
    from energyguard.processes.registry import present

    folder = call.settings.data_dir
    with present(folder, "simulate-building", max_processes=1), open_log(call.settings) as log:
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


def _second_by_second(simulator: Simulator) -> Callable[..., None]:
    """The verb of a domain's simulator that sends a message a second."""

    def verb(
        call: Call,
        seconds: Annotated[
            int | None, typer.Option(min=1, help="Without: for ever (a file: 3,600).")
        ] = None,
        start: Annotated[
            str | None, typer.Option(help="The first second.", show_default="now")
        ] = None,
        speedup: Annotated[
            float, typer.Option(help="Into the log: event time by wall time; inf: at once.")
        ] = 1.0,
        seed: Annotated[int | None, typer.Option(help="The same seed, the same steps.")] = None,
        output: Annotated[
            str, typer.Option("--output", "-o", help="`log`, `-` (JSON lines on stdout) or a file.")
        ] = "log",
    ) -> None:
        from energyguard.node import open_log
        from energyguard.simulators.steps import StepFeed, StepRun, write_lines

        if not speedup > 0:
            raise ConfigError(f"--speedup {speedup}: above 0, or inf")
        run = StepRun(
            steps=load(simulator.steps),
            seed=call.having(simulate__seed=seed).settings.simulate.seed,
            start_s=parse_time(start, SYSTEM.now_ms()) // 1000 if start else None,
            seconds=seconds or (None if output == "log" else FILE_S),
            speedup=speedup,
        )
        with until_signal() as stop, progress("simulate", "seconds") as report:
            if output == "log":
                with open_log(call.settings) as log:
                    StepFeed(run, log, stop).play(report)
            else:
                with writable(output) as out:
                    write_lines(run, out, stop, report)

    verb.__doc__ = simulator.about
    return verb


def register(app: typer.Typer) -> None:
    """Add the commands."""
    verbs = group("Simulators.")
    command(verbs, "household")(household)
    command(verbs, "building")(building)
    command(verbs, "chargers")(chargers)
    for domain in installed():
        for simulator in domain.simulators:
            if simulator.steps:
                command(verbs, simulator.name)(_second_by_second(simulator))
    app.add_typer(verbs, name="simulate")
