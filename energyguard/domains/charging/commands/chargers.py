"""``simulate chargers``: into the log, a file or standard output."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from energyguard.cli.send.feeds import (
    FILE_S,
    JsonOutput,
    Speedup,
    StartSecond,
    Truth,
    play,
    start_ms,
)
from energyguard.cli.terminal.call import Call
from energyguard.cli.terminal.output import at, counted, until_signal

if TYPE_CHECKING:
    from threading import Event

    from energyguard.domains.charging.simulator.feed import ChargerRun
    from energyguard.log import Log

Timing = Literal["listed", "short", "later"]

Pace = Literal["scaled", "real"]


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
    start: StartSecond = None,
    timings: Annotated[
        Timing, typer.Option(help="`short`: charges of 8-10 s; `later`: long waits, too.")
    ] = "listed",
    pace: Annotated[
        Pace | None, typer.Option(help="`scaled`: a second for a minute; `real`: real time.")
    ] = None,
    speedup: Speedup = 1.0,
    seed: Annotated[int | None, typer.Option(help="The same seed, the same signals.")] = None,
    region: Annotated[
        str | None, typer.Option(help="Send to the topic charger-station-signals.REGION.")
    ] = None,
    faults: Annotated[
        str,
        typer.Option(help="Shares of lost, doubled, delayed, reordered, malformed: lost=0.01,…"),
    ] = "",
    truth: Truth = None,
    output: JsonOutput = "log",
) -> None:
    """Simulate chargers: system D's three signals, into the log as they happen, or as JSON lines as
    fast as it can.
    """
    from energyguard.domains.charging.simulator.feed import ChargerFeed, write_json

    call = call.with_settings(
        simulate__seed=seed,
        simulate__chargers=number,
        simulate__region=region,
        simulate__pace=pace,
    )
    run = _run(call, first, start, timings, speedup, faults)
    run = replace(run, truth=truth, seconds=seconds or (None if output == "log" else FILE_S))

    def feed(log: Log, stop: Event) -> ChargerFeed:
        signals = ChargerFeed(run, log, stop)
        signals.publish()
        return signals

    play(call, output, "seconds", feed, partial(write_json, run))


def _run(
    call: Call, first: int, start: str | None, timings: Timing, speedup: float, faults: str
) -> ChargerRun:
    from energyguard.domains.charging.simulator.chargers import TIMINGS
    from energyguard.domains.charging.simulator.faults import FAULTS, Spoiler
    from energyguard.domains.charging.simulator.role import charger_run
    from energyguard.domains.household.faults import parse_rates
    from energyguard.errors import ConfigError

    if not speedup >= 1:
        raise ConfigError(f"--speedup {speedup}: 1 or more, or inf")
    rates, plain = parse_rates(faults, FAULTS), charger_run(call.settings)
    begin_ms = start_ms(start)
    return replace(
        plain,
        chargers=range(first, first + len(plain.chargers)),
        start_s=None if begin_ms is None else begin_ms // 1000,
        timings=TIMINGS[timings],
        speedup=speedup,
        spoiler=Spoiler(rates, plain.seed) if rates else None,
    )


def replay_signals(
    call: Call, files: list[Path], name: str, speedup: float | None, prefix: str
) -> None:
    """Replay files of chargers' signals; with a name as they were, into a topic of its own."""
    from energyguard.domains.charging.replay import SignalPlayer, SignalReplay
    from energyguard.domains.charging.sessions.operator import LATENESS_S
    from energyguard.domains.charging.sessions.stage import limits_of
    from energyguard.errors import Malformed
    from energyguard.intake.replay import end_input

    pace = speedup or (math.inf if name else 1.0)
    replay = SignalReplay(paths=files, keep_time=name, speedup=pace, prefix=prefix)
    with call.log() as log, until_signal() as stop:
        player = SignalPlayer(replay, log, stop)
        seconds = player.play()
        if not seconds:
            raise Malformed(f"no signal could be taken of {', '.join(map(str, files))}")
        if name and not stop.is_set():
            limits = limits_of(call.settings.charging)
            over = max(limits.before_s, limits.after_s) + LATENESS_S + 1
            end_input(log, replay.topic, (seconds[-1] + over) * 1000)
    call.out.done(
        f"{counted(len(seconds), 'signal')} into {replay.topic}, "
        f"{counted(player.refused, 'row')} refused",
        topic=replay.topic,
        signals=len(seconds),
        refused=player.refused,
        first=at(seconds[0] * 1000),
        last=at(seconds[-1] * 1000),
    )
