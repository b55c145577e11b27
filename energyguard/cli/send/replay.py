"""``replay``: files into the running system, moved onto its clock or as they were."""

from __future__ import annotations

import math
import os
import re
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from energyguard.cli.terminal.call import Call
from energyguard.cli.terminal.noting import MAX_NAMED, note
from energyguard.cli.terminal.output import at, counted, progress, until_signal
from energyguard.domain import Messages, load
from energyguard.errors import ConfigError, Rejected
from energyguard.model.quantities import parse_duration

if TYPE_CHECKING:
    from energyguard.intake.replay import ReplayRun
    from energyguard.settings.tree import Settings

T = TypeVar("T")

NICENESS = 5
"""Of what brings readings of the past: live ones, and alerts of them, go before it."""
SPEEDUP = 60.0

Files = Annotated[list[Path], typer.Argument(help="Files of any shape we know; may be .gz.")]
Speedup = Annotated[
    float | None,
    typer.Option(help="Event time by wall time; inf: at once.", show_default="60"),
]
KeepTime = Annotated[
    bool,
    typer.Option("--keep-time", help="As it was, at once, into a topic of its own: `replay.NAME`."),
]
Name = Annotated[
    str | None, typer.Option(help="That topic's NAME.", show_default="the first file's")
]
Backfill = Annotated[
    bool,
    typer.Option(
        "--backfill", help="As it was, beside what meters send: kept, counted, alerts nobody."
    ),
]
Alerts = Annotated[
    bool,
    typer.Option(
        "--alerts", help="With --keep-time: hold them against the rules, whatever that raises."
    ),
]
Prefix = Annotated[str, typer.Option(help="Put before each device's id.")]


def replay(
    call: Call,
    files: Files,
    speedup: Speedup = None,
    keep_time: KeepTime = False,
    name: Name = None,
    backfill: Backfill = False,
    alerts: Alerts = False,
    prefix: Prefix = "",
) -> None:
    """Replay files into the running system, their times moved onto the running clock.

    So their devices measure now, and alert. What keeps its time is of the past: it is kept and
    counted, and alerts nobody. With `--keep-time` it goes into a topic of its own, with
    `--backfill` to what meters send.

    Signals of chargers go to `charger-station-signals`, in real time; with `--keep-time` as they
    were, at once, to `charger-station-signals.NAME`.
    """
    from energyguard.intake.messages import held_by
    from energyguard.intake.replay import ReplayRun

    topic = (name or _topic_name(files[0])) if keep_time else ""
    messages = held_by(files)
    _fit(keep_time=keep_time, backfill=backfill, alerts=alerts, messages=messages)
    if messages is not None:
        load(messages.replay)(call, files, topic, speedup, prefix)
        return
    wanted = ReplayRun(
        paths=files,
        keep_time=topic,
        backfill=backfill,
        alerts=alerts,
        speedup=speedup or (math.inf if keep_time or backfill else SPEEDUP),
        prefix=prefix,
        limits=call.settings.wire,
    )
    _play(call, wanted)


def _fit(*, keep_time: bool, backfill: bool, alerts: bool, messages: Messages | None) -> None:
    """Refuse options that exclude one another.

    Raises:
        ConfigError: they do; the message says which.
    """
    if backfill and keep_time:
        raise ConfigError("--backfill and --keep-time: one of the two")
    if alerts and not keep_time:
        raise ConfigError("--alerts: only --keep-time has it")
    if messages is not None and (backfill or alerts):
        raise ConfigError(f"{messages.name} have neither --backfill nor --alerts")


def _play(call: Call, wanted: ReplayRun) -> None:
    from energyguard.intake.replay import Player, end_input

    with (
        call.log() as log,
        until_signal() as stop,
        progress("replay", "readings") as report,
    ):
        play = partial(Player(wanted, log, stop).play, report)
        played = _giving_way(play) if wanted.keeps_time else play()
        if wanted.alerts and played.last_ms is not None and not stop.is_set():
            end_input(log, played.topic, played.last_ms + _longest_wait_ms(call.settings))
    names = ", ".join(path.name for path in wanted.paths[:MAX_NAMED])
    note(call, "import", names, f"{played.readings:,} readings into {played.topic}")
    call.out.done(
        f"{counted(played.readings, 'reading')} into {played.topic}, "
        f"{counted(played.refused, 'row')} refused",
        topic=played.topic,
        readings=played.readings,
        refused=played.refused,
        first=at(played.first_ms),
        last=at(played.last_ms),
    )
    if not played.readings and played.refused:
        raise Rejected(f"nothing was taken: {played.reason}")


def _giving_way(work: Callable[[], T]) -> T:
    """Work in a thread that gives way to other processes, where a thread can by itself."""
    with ThreadPoolExecutor(1, initializer=_give_way) as thread:
        return thread.submit(work).result()


def _give_way() -> None:
    if sys.platform.startswith("linux"):  # elsewhere the whole process would
        os.setpriority(os.PRIO_PROCESS, 0, os.getpriority(os.PRIO_PROCESS, 0) + NICENESS)


def _topic_name(file: Path) -> str:
    return re.sub(r"[^\w-]+", "-", file.name.partition(".")[0])


def _longest_wait_ms(settings: Settings) -> int:
    """How long after the last reading its last window is decided."""
    from energyguard.rules.registry import book_of

    rules = book_of(settings).all()
    return parse_duration(settings.stream.lateness) + 2 * max(rule.reach_ms for rule in rules)
