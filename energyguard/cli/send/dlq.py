"""``dlq list|show|replay``: what was refused at the border, with its bytes."""

from __future__ import annotations

from typing import Annotated

import typer

from energyguard.cli.terminal.call import Call
from energyguard.cli.terminal.output import plain


def list_(
    call: Call,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 100,
) -> None:
    """List the newest dead letters, newest first."""
    with call.service() as service:
        letters = [plain(dead_letter) for dead_letter in service.dead_letters(limit)]
    hidden = () if call.json else ("topic", "shape", "size", "original")
    rows = [{k: v for k, v in row.items() if k not in hidden} for row in letters]
    call.out.rows(rows, empty="no dead letters")


def show(
    call: Call, offset: Annotated[int, typer.Argument(help="As `dlq list` shows it.")]
) -> None:
    """Show a dead letter with its bytes."""
    with call.service() as service:
        call.out.record(plain(service.dead_letter(offset)))


def replay(
    call: Call,
    offsets: Annotated[
        list[int] | None, typer.Argument(help="Which; none: all.", show_default=False)
    ] = None,
    reason: Annotated[
        str | None, typer.Option(help="Only those whose reason contains this.")
    ] = None,
) -> None:
    """Decode dead letters again and take them in; what is still bad becomes a new letter."""
    with call.service() as service:
        receipt = service.replay_dead_letters(offsets or None, reason)
    parts = [
        f"{receipt.accepted} accepted",
        f"{receipt.malformed} malformed",
        f"{receipt.out_of_range} out of range",
    ]
    if receipt.late:
        parts.append(f"{receipt.late} late or ahead again")
    if receipt.unjudged:
        parts.append(f"of the accepted, {receipt.unjudged} not judged by a worker yet")
    if receipt.left:
        parts.append(f"{receipt.left} rows of exports left: import the corrected file")
    call.out.done(", ".join(parts), **plain(receipt))
