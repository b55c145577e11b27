"""What the verbs of ``simulate`` share: into the log as it happens, or into a file at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from energyguard.cli.terminal.call import Call
from energyguard.cli.terminal.files import writable
from energyguard.cli.terminal.output import progress, until_signal
from energyguard.cli.terminal.times import parse_time
from energyguard.clock import SYSTEM
from energyguard.errors import ConfigError

if TYPE_CHECKING:
    from energyguard.log import Log
    from energyguard.simulators.ticker import Progress, Ticker

FILE_S = 3_600  # of event time, into a file

Ticks = Annotated[int | None, typer.Option(min=1, help="How many; without: for ever.")]
Speedup = Annotated[
    float, typer.Option(help="Into the log: event time by wall time; inf: at once.")
]
JsonOutput = Annotated[
    str, typer.Option("--output", "-o", help="`log`, `-` (JSON lines on stdout) or a file.")
]
StartSecond = Annotated[str | None, typer.Option(help="The first second.", show_default="now")]
Truth = Annotated[Path | None, typer.Option(help="A file for the labels of the faults.")]


def simulated(call: Call, seed: int | None, speedup: float) -> int:
    """The seed of a simulation, after a look at its pace.

    Raises:
        ConfigError: time would stand still.
    """
    if not speedup > 0:
        raise ConfigError(f"--speedup {speedup}: above 0, or inf")
    return call.with_settings(simulate__seed=seed).settings.simulate.seed


def start_ms(text: str | None) -> int | None:
    """The time at which to begin; None: none is given."""
    return parse_time(text, SYSTEM.now_ms()) if text else None


def play(
    call: Call,
    output: str,
    unit: str,
    feed: Callable[[Log, Event], Ticker],
    write: Callable[[BinaryIO, Event, Progress], None],
) -> None:
    """Simulate until the end or Ctrl-C, with a bar on a terminal.

    Args:
        call: whose log.
        output: ``log``, ``-`` or a file.
        unit: what the bar counts.
        feed: makes the feed of a log that an event stops.
        write: writes to a file, as fast as it can.
    """
    if output != "log":
        write_file(output, unit, write)
        return
    with until_signal() as stop, progress("simulate", unit) as report, call.log() as log:
        feed(log, stop).play(report)


def write_file(output: str, unit: str, write: Callable[[BinaryIO, Event, Progress], None]) -> None:
    """Write what is simulated to a file or standard output, until the end or Ctrl-C."""
    with until_signal() as stop, progress("simulate", unit) as report, writable(output) as out:
        write(out, stop, report)
