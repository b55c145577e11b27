"""Records of ``energyguard.read-marks``: how far people have read the notifications."""

from __future__ import annotations

from typing import Annotated

import msgspec

from energyguard.model import topics
from energyguard.records.contract import TopicRecord, doc


class ReadMark(msgspec.Struct, frozen=True, kw_only=True):
    """All notifications before this place in the log have been read by a person."""

    until: Annotated[str, doc("As the id of an event: `energyguard.alerts=0:12,1:5`.")]
    at_ms: Annotated[int, doc("Wall time.", "ms")]


READ_MARK = TopicRecord(topics.READ_MARKS, ReadMark, "person")
