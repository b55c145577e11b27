"""``evaluate``: files in, rows out, no services."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from energyguard.cli.call import Call, command
from energyguard.cli.output import progress

MOST_REFUSED = 10
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
) -> None:
    """Hold readings against a rule: one JSON object per window over its threshold, on stdout.

    Needs no running system and leaves nothing behind. The end of the input closes every window.
    """
    from energyguard.detect.book import open_book
    from energyguard.detect.evaluate import evaluate as hold

    settings, paths = call.settings, files or [Path("-")]
    chosen = open_book(settings.rules.files, settings.rules.use).get(rule)
    total = sum(path.stat().st_size for path in paths if path.is_file()) or None
    with progress("evaluate", "bytes") as report:
        result = hold(
            chosen,
            ["-" if path == Path("-") else path for path in paths],
            sys.stdout.buffer,
            episodes=episodes,
            settings=settings,
            on_bytes=lambda done: report(done, total),
        )
    sys.stdout.buffer.flush()
    verdicts = ", ".join(f"{count:,} {verdict.value}" for verdict, count in result.counts.items())
    print(
        f"{result.readings:,} readings ({verdicts or 'none'}), {result.written:,} rows written",
        file=sys.stderr,
    )
    for source, row in result.refused[:MOST_REFUSED]:
        print(f"energyguard: {source}:{row.row}: {row.reason}", file=sys.stderr)
    if (more := len(result.refused) - MOST_REFUSED) > 0:
        print(f"energyguard: and {more:,} more rows refused", file=sys.stderr)


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "evaluate")(evaluate)
