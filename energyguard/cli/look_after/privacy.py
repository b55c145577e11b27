"""``privacy names`` and ``privacy forget``: who stands behind the pseudonyms of the history."""

from __future__ import annotations

from typing import Annotated

import typer

from energyguard.cli.terminal.call import Call


def names(
    call: Call,
    pseudonyms: Annotated[list[str], typer.Argument(help="Pseudonyms, as the history has them.")],
) -> None:
    """Show who stands behind pseudonyms; of people who are forgotten, nobody knows."""
    with call.people() as people:
        known = people.names(pseudonyms)
    call.out.rows(
        [{"pseudonym": pseudonym, "name": known.get(pseudonym)} for pseudonym in pseudonyms]
    )


def forget(
    call: Call,
    people: Annotated[list[str], typer.Argument(help="Plates, user ids or pseudonyms.")],
) -> None:
    """Delete the way back from the history to people; the history keeps its rows, of somebody.

    The log has signals as they came until its retention is over (seven days), and a person of whom
    a new signal tells is kept anew.
    """
    with call.people() as known:
        gone = known.forget(people)
    call.out.done(f"{gone} of {len(people)} were known, and are forgotten", forgotten=gone)
