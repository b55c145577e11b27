"""``simulate chargers``: into the log, a file or standard output."""

from __future__ import annotations

import math
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from energyguard.cli.call import Call
from energyguard.cli.output import at, progress, until_signal, writable
from energyguard.cli.times import parse_time
from energyguard.clock import SYSTEM

if TYPE_CHECKING:
    from threading import Event

    from energyguard.domains.charging.feed import ChargerRun

FILE_S = 3_600  # of event time, into a file


class Timing(StrEnum):
    """How long cars take."""

    LISTED = "listed"
    SHORT = "short"
    LATER = "later"


class Pace(StrEnum):
    """How long a minute takes."""

    SCALED = "scaled"
    REAL = "real"


def chargers(
    call: Call,
    number: Annotated[
        int | None, typer.Option("--chargers", min=1, help="How many.", show_default="100")
    ] = None,
    first: Annotated[int, typer.Option(min=0, help="The number of the first one.")] = 0,
    seconds: Annotated[
        int | None,
        typer.Option(min=1, help="Of event time; without: for ever (a file: 3,600)."),
    ] = None,
    start: Annotated[str | None, typer.Option(help="The first second.", show_default="now")] = None,
    timings: Annotated[
        Timing, typer.Option(help="`short`: charges of 8-10 s; `later`: long waits, too.")
    ] = Timing.LISTED,
    pace: Annotated[
        Pace | None, typer.Option(help="`scaled`: a second for a minute; `real`: real time.")
    ] = None,
    speedup: Annotated[
        float, typer.Option(help="Into the log: event time by wall time; inf: at once.")
    ] = 1.0,
    seed: Annotated[int | None, typer.Option(help="The same seed, the same signals.")] = None,
    region: Annotated[
        str | None, typer.Option(help="Send to the topic charger-station-signals.REGION.")
    ] = None,
    faults: Annotated[
        str,
        typer.Option(help="Shares of lost, doubled, delayed, reordered, malformed: lost=0.01,…"),
    ] = "",
    truth: Annotated[Path | None, typer.Option(help="A file for the labels of the faults.")] = None,
    output: Annotated[
        str, typer.Option("--output", "-o", help="`log`, `-` (JSON lines on stdout) or a file.")
    ] = "log",
) -> None:
    """Simulate chargers: system D's three signals, into the log as they happen, or as JSON lines as
    fast as it can.
    """
    call = call.having(
        simulate__seed=seed,
        simulate__chargers=number,
        simulate__region=region,
        simulate__pace=None if pace is None else pace.value,
    )
    run = _run(call, first, start, timings, speedup, faults)
    run = replace(run, truth=truth, seconds=seconds or (None if output == "log" else FILE_S))
    with until_signal() as stop:
        _send_signals(call, run, output, stop)


def _run(
    call: Call, first: int, start: str | None, timings: Timing, speedup: float, faults: str
) -> ChargerRun:
    from energyguard.domains.charging.chargers import TIMINGS
    from energyguard.domains.charging.faults import FAULTS, Spoiler
    from energyguard.domains.charging.role import charger_run
    from energyguard.domains.household.faults import parse_rates
    from energyguard.errors import ConfigError

    if not speedup >= 1:
        raise ConfigError(f"--speedup {speedup}: 1 or more, or inf")
    rates, plain = parse_rates(faults, FAULTS), charger_run(call.settings)
    return replace(
        plain,
        chargers=range(first, first + len(plain.chargers)),
        start_s=parse_time(start, SYSTEM.now_ms()) // 1000 if start else None,
        timings=TIMINGS[timings.value],
        speedup=speedup,
        spoiler=Spoiler(rates, plain.seed) if rates else None,
    )


def _send_signals(call: Call, run: ChargerRun, output: str, stop: Event) -> None:
    from energyguard.domains.charging.feed import ChargerFeed, write_json
    from energyguard.node import open_log

    with progress("simulate", "seconds") as report:
        if output == "log":
            with open_log(call.settings) as log:
                feed = ChargerFeed(run, log, stop)
                feed.publish()
                feed.play(report)
        else:
            with writable(output) as out:
                write_json(run, out, stop, report)


def replay_signals(
    call: Call, files: list[Path], name: str, speedup: float | None, prefix: str
) -> None:
    """Replay files of chargers' signals; with a name as they were, into a topic of its own."""
    from energyguard.errors import Malformed
    from energyguard.intake.replay import end_input
    from energyguard.intake.signals import SignalPlayer, SignalReplay
    from energyguard.node import open_log
    from energyguard.stream.sessions.operator import LATENESS_S
    from energyguard.stream.sessions.stage import limits_of

    pace = speedup or (math.inf if name else 1.0)
    replay = SignalReplay(paths=files, keep_time=name, speedup=pace, prefix=prefix)
    with open_log(call.settings) as log, until_signal() as stop:
        player = SignalPlayer(replay, log, stop)
        seconds = player.play()
        if not seconds:
            raise Malformed(f"no signal could be taken of {', '.join(map(str, files))}")
        if name and not stop.is_set():
            limits = limits_of(call.settings.charging)
            over = max(limits.before_s, limits.after_s) + LATENESS_S + 1
            end_input(log, replay.topic, (seconds[-1] + over) * 1000)
    call.out.done(
        f"{len(seconds):,} signals into {replay.topic}, {player.refused:,} rows refused",
        topic=replay.topic,
        signals=len(seconds),
        refused=player.refused,
        first=at(seconds[0] * 1000),
        last=at(seconds[-1] * 1000),
    )
