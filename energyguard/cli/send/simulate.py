"""``simulate``: a message a second, into the log, a file or standard output."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated

import typer

from energyguard.cli.send.feeds import (
    FILE_S,
    JsonOutput,
    Speedup,
    StartSecond,
    play,
    simulated,
    start_ms,
)
from energyguard.cli.terminal.call import Call
from energyguard.domain import Simulator, installed, load


def _second_by_second(simulator: Simulator) -> Callable[..., None]:
    """The verb of a domain's simulator that sends a message a second."""

    def verb(
        call: Call,
        seconds: Annotated[
            int | None, typer.Option(min=1, help="Without: for ever (a file: 3,600).")
        ] = None,
        start: StartSecond = None,
        speedup: Speedup = 1.0,
        seed: Annotated[int | None, typer.Option(help="The same seed, the same steps.")] = None,
        output: JsonOutput = "log",
    ) -> None:
        from energyguard.simulators.steps import StepFeed, StepRun, write_lines

        start_time_ms = start_ms(start)
        run = StepRun(
            steps=load(simulator.steps),
            seed=simulated(call, seed, speedup),
            start_s=None if start_time_ms is None else start_time_ms // 1000,
            seconds=seconds or (None if output == "log" else FILE_S),
            speedup=speedup,
        )
        play(call, output, "seconds", partial(StepFeed, run), partial(write_lines, run))

    verb.__doc__ = simulator.about
    return verb


SECOND_BY_SECOND = {
    simulator.name: _second_by_second(simulator)
    for domain in installed()
    for simulator in domain.simulators
    if simulator.steps
}
"""The verbs of simulators that are made of steps."""
