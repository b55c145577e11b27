"""Dead letters: what was refused, with its original bytes and, in the headers, place and reason."""

from __future__ import annotations

from collections.abc import Sequence

from energyguard.codecs import RefusedRow
from energyguard.log.records import Records
from energyguard.records.dead_letters import DeadLetterHeaders


def dead_letters(
    refused: Sequence[RefusedRow], sources: Sequence[str], topic: str, shapes: Sequence[str]
) -> Records:
    """The records of refused rows.

    Args:
        refused: the rows.
        sources: of each, who sent it, or where it lay: ``api``, ``topic/partition/offset``.
        topic: where the readings were to go.
        shapes: of each, the shape that its bytes had, so that they can be decoded again.
    """
    columns = zip(refused, sources, shapes, strict=True)
    headers = [
        DeadLetterHeaders(
            row.verdict.value,
            row.field,
            row.reason,
            str(row.row),
            source,
            topic,
            shape,
            str(row.count) if row.count > 1 else "",
        ).encode()
        for row, source, shape in columns
    ]
    return Records([None] * len(refused), [row.original for row in refused], headers)
