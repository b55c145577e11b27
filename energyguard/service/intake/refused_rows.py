"""Refused rows, by what was wrong with them; and what would become of them if they were tried."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from energyguard.codecs.formats import decode
from energyguard.codecs.refusals import ANY_SHAPE
from energyguard.errors import EnergyGuardError
from energyguard.intake.messages import of_shape
from energyguard.service.views import DeadLetter
from energyguard.settings.tree import WireSettings


class RefusedGroup(NamedTuple):
    """Rows of one source that were refused for one reason.

    Attributes:
        field: the part at fault.
        source: who sent them: ``api``, ``file:NAME``.
        reason: of the newest of them, a sentence.
        newest: the newest of them, with its bytes.
        offsets: where all of them are.
    """

    field: str
    source: str
    reason: str
    newest: DeadLetter
    offsets: tuple[int, ...]


def refused_groups(letters: Iterable[DeadLetter]) -> list[RefusedGroup]:
    """Dead letters, newest first, by verdict, part and source; the newest group first."""
    found: dict[tuple[str, str, str], list[DeadLetter]] = {}
    for letter in letters:
        found.setdefault((letter.verdict, letter.field, letter.source), []).append(letter)
    return [
        RefusedGroup(
            field, source, rows[0].reason, rows[0], tuple(letter.offset for letter in rows)
        )
        for (_verdict, field, source), rows in found.items()
    ]


def would_be_taken(letters: Sequence[DeadLetter], wire: WireSettings) -> int | None:
    """How many of these rows could be read now; None: that shows only when it is tried."""
    taken = 0
    for letter in letters:
        if of_shape(letter.shape) is not None:
            return None
        shape = None if letter.shape == ANY_SHAPE else letter.shape
        try:
            _name, decoded = decode(
                letter.original.encode(), shape, wire, headed=letter.shape == ANY_SHAPE
            )
        except EnergyGuardError:
            continue
        taken += decoded.batch.num_rows > 0
    return taken
