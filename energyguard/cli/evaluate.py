"""``evaluate``: files in, rows out, no services."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from energyguard.cli.call import Call, command


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

    chosen = open_book(call.settings.rules.files, call.settings.rules.use).get(rule)
    hold(chosen, files or [Path("-")], episodes=episodes, out=sys.stdout.buffer)


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "evaluate")(evaluate)
