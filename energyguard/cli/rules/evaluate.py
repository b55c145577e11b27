"""``evaluate``: files in, rows out, no services."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from energyguard.cli.terminal.call import Call
from energyguard.cli.terminal.output import counted, progress
from energyguard.domain import installed, load
from energyguard.errors import ConfigError, Rejected

if TYPE_CHECKING:
    from energyguard.codecs import RefusedRow
    from energyguard.offline.evaluate import Evaluation

SignalOutput = Literal["full-sessions", "violations", "total-occupied", "transaction-profit"]

CatalogueFile = Annotated[
    Path | None,
    typer.Option(
        help="What is said of devices' channels and of sites, and what sums are of: a file of the "
        "catalogue, TOML or CSV.",
        show_default=False,
    ),
]
OTHER_TABLES = "`energyguard import readings FILE` reads other tables, too"
MAX_REFUSED = 10
"""So many refused rows are shown."""


def evaluate(
    call: Call,
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Files of any shape we know; `-` is stdin.", show_default="-"),
    ] = None,
    rule: Annotated[str, typer.Option(help="The id of a rule.")] = "household-prod",
    episodes: Annotated[
        bool, typer.Option("--episodes", help="One alert per episode, not one per window.")
    ] = False,
    catalogue: CatalogueFile = None,
    output: Annotated[
        SignalOutput | None,
        typer.Option(help="Of `--rule charging`: which result.", show_default="full-sessions"),
    ] = None,
) -> None:
    """Hold readings against a rule: one JSON object per window over its threshold, on stdout.

    Needs no running system and leaves nothing behind. The end of the input closes every window.
    A rule about a level, of degrees say, or about a sum of devices always gives one alert per
    episode. With
    `--rule charging` the lines are signals of chargers, and what comes out is one of the four
    results.
    """
    programs = {program.name: program for domain in installed() for program in domain.programs}
    if rule in programs:
        load(programs[rule].evaluate)(call, files or [Path("-")], output)
        return
    if output is not None:
        raise ConfigError(f"--output {output}: only --rule {', '.join(programs)} has it")
    from energyguard.cli.rules.counting import catalogue_of
    from energyguard.offline.evaluate import evaluate as hold
    from energyguard.rules.registry import book_of

    settings, paths = call.settings, files or [Path("-")]
    chosen = book_of(settings).at_site(rule)
    total = sum(path.stat().st_size for path in paths if path.is_file()) or None
    with progress("evaluate", "bytes") as report:
        result = hold(
            chosen,
            ["-" if path == Path("-") else path for path in paths],
            sys.stdout.buffer,
            episodes=episodes or not chosen.makes_energy_alerts,
            settings=settings,
            catalogue=catalogue_of(settings, catalogue) if catalogue else None,
            on_bytes=lambda done: report(done, total),
        )
    sys.stdout.buffer.flush()
    show_result(result)
    show_refused(result.refused, result.has_readings, OTHER_TABLES)


def show_result(result: Evaluation) -> None:
    """Show how many readings there were, and what they look like instead."""
    print(result, file=sys.stderr)
    if result.hint:
        print(f"energyguard: {result.hint}", file=sys.stderr)


def show_refused(
    refused: Sequence[tuple[str, RefusedRow]], anything: bool, advice: str = ""
) -> None:
    """Show the first rows refused.

    Args:
        refused: of which file each is.
        anything: whether something else was there.
        advice: what to do where nothing was, unless the reason says so itself.

    Raises:
        Rejected: nothing else was there: the first reason says why.
    """
    if refused and not anything:
        source, first = refused[0]
        todo = f"; {advice}" if advice and "energyguard import" not in first.reason else ""
        raise Rejected(f"nothing could be taken: {source}:{first.row}: {first.reason}{todo}")
    for source, row in refused[:MAX_REFUSED]:
        print(f"energyguard: {source}:{row.row}: {row.reason}", file=sys.stderr)
    if (more := sum(row.count for _, row in refused[MAX_REFUSED:])) > 0:
        print(f"energyguard: and {counted(more, 'more row')} refused", file=sys.stderr)
