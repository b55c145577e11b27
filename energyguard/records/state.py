"""Records of ``energyguard.state``: snapshots of operators, in chunks, the manifest last.

Keys are ``flow/topic/partition/part#number`` for chunks, ``flow/topic/partition/manifest``, and
``flow/topic/partition/applied``: the serial number of the last decision that took effect where the
partition stood, in digits.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from energyguard.model import topics
from energyguard.records.contract import Encoding, TopicRecord, doc


class Manifest(msgspec.Struct, kw_only=True):
    """What a snapshot consists of, and where its partition stood."""

    position: Annotated[int, doc("The next offset to read.")]
    decided: Annotated[int, doc("The serial number of the last decision applied; -1: none.")]
    chunks: Annotated[dict[str, int], doc("By part: in how many chunks it lies.")] = {}
    counts: Annotated[dict[str, int], doc("Readings by verdict since the beginning.")] = {}
    sums: Annotated[dict[str, int], doc("By part: CRC-32; of an old snapshot there are none.")] = {}
    marks: Annotated[
        list[tuple[int, int]],
        doc("Newest time in ms and offset, now and then: where to warm-start from."),
    ] = []


SNAPSHOT = TopicRecord(topics.STATE, Manifest, "flow/topic/partition/part", encoding=Encoding.CHUNK)
