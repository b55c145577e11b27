"""Records of ``energyguard.dead-letters``: what was refused, as it came."""

from __future__ import annotations

from typing import Annotated

from energyguard.model import topics
from energyguard.records.contract import Encoding, RecordHeaders, TopicRecord, doc


class DeadLetterHeaders(RecordHeaders, frozen=True, gc=False):
    """Why a row was refused, and where it lay."""

    verdict: Annotated[str, doc("`malformed` or `out-of-range`; of a signal also `late`.")]
    field: Annotated[str, doc("The field that is wrong.")]
    reason: Annotated[str, doc("What is wrong with it.")]
    row: Annotated[str, doc("Its number in what was sent.")]
    source: Annotated[
        str, doc("`api`, `api:PATH`, `file:NAME`, `simulate`, or a place in a topic.")
    ]
    topic: Annotated[str, doc("Where it was to go.")]
    shape: Annotated[str, doc("The shape of its bytes, so that they can be decoded again.")]
    rows: Annotated[str, doc("Of a letter for several rows: how many.")] = ""


DEAD_LETTER = TopicRecord[object](
    topics.DEAD_LETTERS, None, "", DeadLetterHeaders, Encoding.ORIGINAL
)
